"""Training teacher-forced by PyTorch: each of our steps starts from its weights, running statistics and moments, and
is judged by the same step of PyTorch in f64, beside PyTorch's own error in f32."""

import copy
import gzip
import unittest.mock

import numpy
import torch
import torch.nn.functional as F

# Two threads of PyTorch that share two busy cores spend their time waiting for each other.
torch.set_num_threads(1)

IMAGES = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"
LABELS = "/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz"
MOMENTS = {torch.optim.AdamW: {"m": "exp_avg", "v": "exp_avg_sq"}, torch.optim.SGD: {"m": "momentum_buffer"}}


def images(count):
    """The first images of Fashion-MNIST, [count, 28, 28]."""
    with gzip.open(IMAGES) as file:
        return numpy.frombuffer(file.read(16 + 28 * 28 * count)[16:], numpy.uint8).reshape(count, 28, 28)


def labels(count):
    with gzip.open(LABELS) as file:
        return numpy.frombuffer(file.read(8 + count)[8:], numpy.uint8)


def warmup_cosine(peak, warmup, length):
    """The rate at a step: a straight line, then a cosine."""
    def rate(step):
        if step < warmup:
            return peak * step / warmup
        return peak / 2 * (1 + numpy.cos(numpy.pi * (step - warmup) / (length - warmup)))
    return rate


def norm(value):
    return numpy.sqrt((numpy.asarray(value, numpy.float64)**2).sum())


class Peer:
    """PyTorch's side: `loss` is a function of the net and a batch, `rate` one of the step, and `limit` the largest
    norm of all gradients together."""

    def __init__(self, net, optimizer, loss, rate, limit=numpy.inf):
        self.net, self.optimizer, self.loss, self.rate, self.limit = net, optimizer, loss, rate, limit
        self.dtype = next(net.parameters()).dtype

    def exact(self):
        """The same in f64."""
        net = copy.deepcopy(self.net).double()
        optimizer = type(self.optimizer)(net.parameters(), lr=1.0)
        optimizer.load_state_dict(copy.deepcopy(self.optimizer.state_dict()))
        return type(self)(net, optimizer, self.loss, self.rate, self.limit)

    def tensors(self):
        """Weights, running statistics and moments under our names."""
        result = {key: value.detach().numpy().copy() for key, value in self.net.state_dict().items()}
        for name, parameter in self.net.named_parameters():
            state = self.optimizer.state.get(parameter, {})
            for ours, theirs in MOMENTS[type(self.optimizer)].items():
                value = state.get(theirs, torch.zeros_like(parameter))
                result[f"optimizer.{name}.{ours}"] = value.detach().numpy().copy()
        return {key: value.astype(numpy.int32) if value.dtype == numpy.int64 else value
                for key, value in result.items()}

    def step(self, number, batch):
        """Everything after one step, and its loss and gradients."""
        for group in self.optimizer.param_groups:
            group["lr"] = float(self.rate(number))
        self.optimizer.zero_grad()
        loss = self.loss_and_gradients(batch)
        gradients = {"grad." + name: p.grad.numpy().copy() for name, p in self.net.named_parameters()}
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.limit)
        self.optimizer.step()
        return {**self.tensors(), **gradients, "loss": numpy.array(loss)}

    def loss_and_gradients(self, batch):
        loss = self.loss(self.net, *[torch.tensor(field, dtype=self.dtype) for field in batch])
        loss.backward()
        return loss.item()


def off_the_kinks(net, run, clearance=5e-5):
    """Moves biases of batch norms a little, until no activation of `run(net)` is within rounding of the kink of a ReLU:
    one that is can get the other slope in f32, and that shows in all gradients. What a ReLU gets comes from the norm
    before it, perhaps with something added."""
    probe, norms, plain = copy.deepcopy(net).double(), [], F.relu

    def relu(values, inplace=False):
        ordered = values.transpose(0, 1).flatten(1).sort(1).values
        middle, gap = (ordered[:, 1:] + ordered[:, :-1]) / 2, ordered.diff(dim=1)
        nearest = torch.where(gap > 2 * clearance, middle.abs(), numpy.inf).argmin(1, keepdim=True)
        near = ordered.abs().min(1).values < clearance
        shift = torch.where(near, -middle.gather(1, nearest)[:, 0], 0)
        norms[-1].bias += shift
        return plain(values + shift[:, None, None])

    for module in probe.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.register_forward_hook(lambda norm, *_: norms.append(norm))
    with torch.no_grad(), unittest.mock.patch.object(F, "relu", relu):
        run(probe)
        for ours, moved in zip(net.parameters(), probe.parameters()):
            ours.copy_(moved)


class TeacherForced:
    """A subclass has `feed(number, peer, step)`: the fields that we are given beside the peer's tensors, and the batch
    of the peer. `step` makes our step from fields, for what is drawn in it."""

    def follow(self, binary, peer, count, **options):
        """An emulated GPU takes minutes for a step: it makes two."""
        worst, count = {}, min(count, 2) if self.target.startswith("cuda-emu") else count
        for number in range(count):
            def step(fields):
                return binary.step({**peer.tensors(), **fields}, step=number, **options)

            fields, batch = self.feed(number, peer, step)
            before, ours, truth = peer.tensors(), step(fields), peer.exact()
            theirs, exact = peer.step(number, batch), truth.step(number, batch)
            self.judge(f"step {number}", before, ours, theirs, exact, worst)
        print(f"{type(self).__name__}, {count} steps, worst:", {key: f"{value:.1e}" for key, value in worst.items()})

    def judge(self, where, before, ours, theirs, exact, worst):
        total = norm([norm(value) for key, value in exact.items() if key.startswith("grad.")])
        for key, truth in exact.items():
            if truth.dtype == numpy.int32:
                numpy.testing.assert_array_equal(ours[key], theirs[key], f"{where}: {key}")
                continue
            gap, own, size = norm(ours[key] - truth), norm(theirs[key] - truth), norm(truth)
            bound = max(1e-4 * size, 3 * own)
            if key == "loss":
                kind, bound = "loss", 1e-5 * size
            elif key.startswith("grad."):
                kind, bound = "gradient", bound + 1e-6 * total
            elif key.startswith("optimizer."):
                kind, bound = "moment", bound + 1e-6 * total**(2 if key.endswith(".v") else 1)
            elif "grad." + key in exact:
                kind, gap, bound, size = self.weight(before, ours, theirs, exact, key, total)
            else:
                kind = "statistic"
            if size > bound:
                worst[kind] = max(worst.get(kind, 0), gap / size)
            self.assertLessEqual(gap, bound, f"{where}: {kind} {key} is {gap:.1e} off, of {size:.1e}")

    @staticmethod
    def weight(before, ours, theirs, exact, key, total):
        """A step, where its gradient is not rounding alone: Adam scales all of them to one size."""
        gradient = numpy.abs(exact["grad." + key])
        settled = gradient > 1e-4 * gradient.max() + 1e-6 * total
        gap, own, step = (norm((a - b)[settled]) for a, b in ((ours[key], exact[key]), (theirs[key], exact[key]),
                                                              (exact[key], before[key])))
        return "weight", gap, max(1e-4 * step, 3 * own) + 1e-7 * norm(exact[key]), step
