"""Whole nets of models/ against PyTorch: names and shapes, values in evaluation, loss, all gradients and running
statistics of a training step. In f32 the measure is PyTorch's own error."""

import os
import unittest

import numpy
import torch
import torch.nn.functional as F

import nacre
from convgru_torch import Predictor
from forced import norm, off_the_kinks
from nets_torch import DenseNet, EfficientNet, PyramidNet, WideResNet
from resnet_torch import ResNet
from visioncore_torch import VisionCore, gaussian_derivatives

# Layers draw nothing here, and pictures are any numbers.
HEAD = """\
import {model}

dataset given {{
{fields}
  train = synthetic()
  eval = synthetic()
}}

fn picture(y: [N, ...S]) = reshape(y, [N, 1, 1, product(S)])

experiment whole {{
  data = given
  batch = {batch}
  steps = 1
  forward({names}) {{
{forward}
  }}
  update(p, g) = p - 0.0 * g
}}
"""

CLASSES = """\
    y = {net}(image)
    loss = cross_entropy(y, onehot(label, 10))
    show picture(y)"""


SESSIONS = """\
    stim = [stim_0, stim_1]
    behavior = [behavior_0, behavior_1]
    units = {units}
    seen[k] = "adapters.{{k}}": Adapter(stim[k], 17) for k in 0..1
    core[k] = Core(seen[k], behavior[k]) for k in 0..1
    rate[k] = "readouts.{{k}}": GaussianReadout(core[k], units[k]) for k in 0..1
    loss = poisson_nll(rate[0], spikes_0, valid_0) + poisson_nll(rate[1], spikes_1, valid_1)
    show picture(rate[0]), picture(rate[1])"""


class Task:
    """What a net computes: fields by name with their types, the rule `forward`, and the same in PyTorch: a function of
    the net and the fields that gives the loss and what is shown."""

    def __init__(self, types, forward, reference, fields):
        self.types, self.forward, self.reference, self.fields = types, forward, reference, fields

    def text(self, model):
        fields = "\n".join(f"  {name}: {kind}" for name, kind in self.types.items())
        batch = len(next(iter(self.fields.values())))
        return HEAD.format(model=model, fields=fields, names=", ".join(self.types), forward=self.forward, batch=batch)


def normal(*shape, generator=numpy.random.default_rng(11)):
    return generator.normal(size=shape).astype(numpy.float32).astype(numpy.float64)


def classification(net, size, batch=4):
    def reference(net, image, label):
        y = net(image)
        return F.cross_entropy(y, label.long()), [y]

    fields = {"image": normal(batch, 3, size, size), "label": numpy.arange(batch) * 3 % 10}
    return Task({"image": f"float[3, {size}, {size}]", "label": "int[] in 0..9"}, CLASSES.format(net=net), reference,
                fields)


def shaken(net):
    """The net with random factors, biases and running statistics of its norms."""
    for name, value in net.state_dict().items():
        if value.ndim <= 1 and value.is_floating_point():
            positive = name.endswith(("running_var", "weight", "gamma", "std"))
            value.uniform_(*((0.5, 1.5) if positive else (-0.3, 0.3)))
    return net


def tensors(task, dtype):
    return {name: torch.tensor(value, dtype=dtype) for name, value in task.fields.items()}


def stepped(net, dtype, task):
    """The results of a step of PyTorch, and what is shown in evaluation before it."""
    net, fields = net.to(dtype), tensors(task, dtype)
    net.eval()
    with torch.no_grad():
        shown = task.reference(net, **fields)[1]
    net.train()
    loss = task.reference(net, **fields)[0]
    loss.backward()
    result = {f"shown {number}": value for number, value in enumerate(shown)} | {"loss": loss.detach()}
    result |= {"grad." + name: p.grad for name, p in net.named_parameters()} | dict(net.named_buffers())
    return {name: value.numpy().astype(numpy.float64) for name, value in result.items()}


class Nets(unittest.TestCase):
    def compare(self, model, task, make, defines=(), changes=(), precisions=("f64", "f32")):
        """`changes` are words of the model file that are replaced, so that nothing is drawn."""
        self.copy(model, changes)
        file = os.path.join(self.folder, f"whole_{model}.nacre")
        with open(file, "w") as out:
            out.write(task.text(model))
        torch.manual_seed(5)
        net = shaken(make())
        off_the_kinks(net, lambda probe: task.reference(probe, **tensors(task, torch.float64)))
        state = {name: value.clone() for name, value in net.state_dict().items()}
        theirs = stepped(net, torch.float32, task)
        net.zero_grad()
        net.double().load_state_dict(state)
        truth = stepped(net, torch.float64, task)
        for precision in precisions:
            dtype = {"f64": numpy.float64, "f32": numpy.float32}[precision]
            binary = nacre.Binary(self.nacre, file, self.folder, f"whole_{model}_{precision}", defines,
                                  precision=precision, target=self.target)
            begun = self.begun(binary, state)
            self.judge(f"{model} {' '.join(defines)}", precision, self.step(binary, state, dtype, task), truth, theirs)
        return begun

    def copy(self, model, changes):
        with open(os.path.join(self.root, "models", model + ".nacre")) as file:
            text = file.read()
        for old, new in changes:
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        with open(os.path.join(self.folder, model + ".nacre"), "w") as file:
            file.write(text)

    def begun(self, binary, state):
        """The net as drawn, which has the names and shapes of PyTorch's."""
        begun = {name: value for name, value in binary.step({}, "init").items() if not name.startswith("optimizer.")}
        self.assertEqual({name: value.shape for name, value in begun.items()},
                         {name: tuple(value.shape) for name, value in state.items()})
        return begun

    @staticmethod
    def step(binary, state, dtype, task):
        fields = {"field." + name: value.astype(numpy.int32 if value.dtype == numpy.int64 else dtype)
                  for name, value in task.fields.items()}
        given = {name: value.numpy() for name, value in state.items()} | fields
        shown = [value for name, value in binary.step(given, "eval").items() if name.startswith("show.")]
        return binary.step(given) | {f"shown {number}": value for number, value in enumerate(shown)}

    def judge(self, what, precision, ours, truth, theirs):
        total = norm([norm(value) for name, value in truth.items() if name.startswith("grad.")])
        worst = "", 0.0
        for name, value in truth.items():
            size, gap, own = norm(value), norm(ours[name].reshape(value.shape) - value), norm(theirs[name] - value)
            # What shifts channels before a norm has no gradient but rounding.
            floor = (1e-13 if precision == "f64" else 1e-6) * total if name.startswith("grad.") else 0
            bound = 1e-9 * size if precision == "f64" else max(1e-4 * size, 3 * own)
            if size > 0 and gap > floor:
                worst = max(worst, (name, gap / size), key=lambda pair: pair[1])
            with self.subTest(net=what, precision=precision, result=name, size=size, own=own):
                self.assertLessEqual(gap, bound + floor)
        print(f"{what}, {precision}: {len(truth)} results, worst {worst[1]:.1e} ({worst[0]})")

    def resnet(self, depth, width, imagenet=False, pre_activation=False, wide=1):
        defines = [f"depth={depth}", f"width={width}", f"stem={'imagenet' if imagenet else 'cifar'}",
                   f"pre_activation={str(pre_activation).lower()}", f"widen={wide}"]
        self.compare("resnet", classification("ResNet", 64 if imagenet else 16),
                     lambda: ResNet(depth, width, 10, imagenet, pre_activation, wide), defines)

    def test_resnet(self):
        self.resnet(18, 8)

    def test_resnet_with_pre_activation(self):
        self.resnet(34, 8, pre_activation=True)
        self.resnet(50, 4, pre_activation=True)

    def test_resnet_for_imagenet(self):
        self.resnet(50, 8, imagenet=True, wide=2)

    def test_wide_resnet(self):
        self.compare("wide_resnet", classification("WideResNet", 16), lambda: WideResNet(16, 2),
                     ["depth=16", "width=2"])

    def test_pyramidnet(self):
        for bottleneck, depth in ((False, 14), (True, 20)):
            self.compare("pyramidnet", classification("PyramidNet", 16), lambda: PyramidNet(depth, 20, bottleneck),
                         [f"depth={depth}", "alpha=20", f"bottleneck={str(bottleneck).lower()}"])

    def test_densenet(self):
        for bottleneck, depth in ((False, 13), (True, 22)):
            self.compare("densenet", classification("DenseNet", 16), lambda: DenseNet([3, 3, 3], 6, bottleneck),
                         [f"depth={depth}", "growth=6", f"bottleneck={str(bottleneck).lower()}"])

    def test_densenet_for_imagenet(self):
        self.compare("densenet", classification("DenseNet", 64), lambda: DenseNet([6, 12, 24, 16], 4, imagenet=True),
                     ["depth=121", "growth=4", "stem=imagenet"])

    def test_efficientnet(self):
        self.compare("efficientnet", classification("EfficientNet", 64), lambda: EfficientNet(1.0, 1.0, 10),
                     ["variant=b0", "classes=10"],
                     [("x + drop_path(b, drop)", "x + drop_path(b, 0 * drop)"), (" |> dropout(scale[3])", "")])

    def test_convgru(self):
        def reference(net, seen, next):
            y = net(seen)
            return F.mse_loss(y, next), [y]

        clip = normal(4, 2, 7, 8, 8)
        task = Task({"seen": "float[2, 6, 8, 8]", "next": "float[2, 6, 8, 8]"},
                    "    y = Predictor(seen)\n    loss = mse(y, next)\n    show picture(y)", reference,
                    {"seen": clip[:, :, :-1], "next": clip[:, :, 1:]})
        self.compare("convgru", task, lambda: Predictor(2, 24), ["hidden=24"])

    def test_visioncore(self):
        for variant in ("gru", "standard_gru"):
            begun = self.compare("visioncore", sessions(3, 24, 21, (3, 5)),
                                 lambda: VisionCore(variant == "standard_gru", 17, (3, 5)), [f"variant={variant}"],
                                 [("drop = 0.1", "drop = 0.0"), ("drop = 0.2", "drop = 0.0")],
                                 ("f64",) if variant == "standard_gru" and not self.full else ("f64", "f32"))
            filters = begun["frontend.temporal_conv.weight"].reshape(4, 16)
            numpy.testing.assert_allclose(filters[:3], gaussian_derivatives(16), atol=1e-6)
            self.assertLess(abs(norm(filters[3]) - 1), 1e-6)


def sessions(batch, lags, size, units):
    """Poisson losses of two sessions."""
    def reference(net, **fields):
        stimuli, behaviors, spikes, valid = ([fields[f"{name}_{k}"] for k in range(2)]
                                             for name in ("stim", "behavior", "spikes", "valid"))
        rates = net(stimuli, behaviors)
        losses = [((rate.exp() - count * rate) * mask).sum() / mask.sum()
                  for rate, count, mask in zip(rates, spikes, valid)]
        return sum(losses), rates

    types, fields = {}, {}
    for k, count in enumerate(units):
        types |= {f"stim_{k}": f"float[1, {lags}, {size}, {size}]", f"behavior_{k}": "float[42]",
                  f"spikes_{k}": f"float[{count}]", f"valid_{k}": f"float[{count}]"}
        fields |= {f"stim_{k}": normal(batch, 1, lags, size, size), f"behavior_{k}": normal(batch, 42),
                   f"spikes_{k}": numpy.round(numpy.abs(2 * normal(batch, count))),
                   f"valid_{k}": (numpy.arange(batch * count).reshape(batch, count) % 3 > 0).astype(numpy.float64)}
    return Task(types, SESSIONS.format(units=list(units)), reference, fields)
