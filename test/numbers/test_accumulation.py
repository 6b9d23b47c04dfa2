"""Updates of several micro-batches: against PyTorch, which adds up gradients likewise, and against whole batches."""

import os
import subprocess
import unittest

import numpy
import torch
import torch.nn.functional as F

import forced
import nacre

PARTS, BATCH, STEPS, RATE = 3, 8, 20, 1e-3

# The net has statistics, which every micro-batch moves. Dropout is off where PyTorch looks on.
MODEL = """\
config parts = 3
config size = 8
config norm = true
config drop = 0.0
config sgd = false

dataset noise {{
  image: float[1, 12, 12]
  label: int[] in 0..3
  train = synthetic(96)
  eval = synthetic(24)
}}

block Net(x: [N, C, H, W]) -> [N, 4] {{
  h = x |> conv1: Conv(6, kernel = 3)
  n = (if norm then h |> bn1: BatchNorm() else h) |> gelu |> conv2: Conv(5, kernel = 3, stride = 2) |> gelu
  return n |> global_avg_pool |> dropout(drop) |> fc: Linear(4)
}}

/// What is drawn in the last batches, the latest last.
block Drawn() {{
  state history: [6] = 0
  history' = concat([history[1..5], random([1])] over 0)
  return mean(history')
}}

experiment given {{
  data = noise
  batch = size
  accumulate = parts
  epochs = 3
  lr = cosine({rate})
  forward(image, label) {{
    y = Net(image)
    loss = cross_entropy(y, onehot(label, 4)) + 0 * stop_gradient(Drawn())
    metric top = accuracy(y, label)
  }}
  update(p, g) = if sgd then SGD(p, clip_norm(g, 0.05), lr, momentum = 0.9) else AdamW(p, clip_norm(g, 0.05), lr)
}}
"""


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = torch.nn.Conv2d(1, 6, 3, padding=1), torch.nn.BatchNorm2d(6)
        self.conv2, self.fc = torch.nn.Conv2d(6, 5, 3, stride=2, padding=1), torch.nn.Linear(5, 4)

    def forward(self, x):
        return self.fc(F.gelu(self.conv2(F.gelu(self.bn1(self.conv1(x))))).mean((2, 3)))


class Parts:
    """Our binary, of which each step is PARTS runs of "train" and one of "apply"."""

    def __init__(self, binary):
        self.binary = binary

    def step(self, tensors, step, **options):
        fields = {key: value for key, value in tensors.items() if key.startswith("field.")}
        made = {key: value for key, value in tensors.items() if key not in fields}
        losses = []
        for part in range(PARTS):
            rows = {key: value[part * BATCH:(part + 1) * BATCH] for key, value in fields.items()}
            made = self.binary.step({**made, **rows}, step=step, draw=step * PARTS + part, **options)
            losses.append(made["loss"])
        gradients = {key: value for key, value in made.items() if key.startswith("grad.")}
        applied = self.binary.step(made, "apply", step=step, draw=(step + 1) * PARTS, **options)
        return {**made, **applied, **gradients, "loss": numpy.mean(losses, dtype=numpy.float64)}


class Peer(forced.Peer):
    def loss_and_gradients(self, batch):
        """Gradients of the mean over all parts, one part at a time."""
        total = 0
        for part in range(PARTS):
            rows = [field[part * BATCH:(part + 1) * BATCH] for field in batch]
            loss = self.loss(self.net, *[torch.tensor(field, dtype=self.dtype) for field in rows]) / PARTS
            loss.backward()
            total += loss.item()
        return total


class Accumulation(forced.TeacherForced, unittest.TestCase):
    def binary(self, name, *defines, **options):
        file = os.path.join(self.folder, "accumulation.nacre")
        with open(file, "w") as out:
            out.write(MODEL.format(rate=RATE))
        return nacre.Binary(self.nacre, file, self.folder, name, defines, target=self.target, **options)

    def trained(self, name, *defines, epochs=3, options=(), **build):
        """What a run leaves, and its folder."""
        binary = self.binary(name, *defines, **build)
        out = os.path.join(self.folder, name + ".run")
        nacre.check([binary.path, "train", "--out", out, "--epochs", str(epochs), *options])
        return nacre.load(os.path.join(out, "last.safetensors"))

    def feed(self, number, peer, step):
        generator = numpy.random.default_rng(number)
        x = generator.standard_normal((PARTS * BATCH, 1, 12, 12)).astype(numpy.float32)
        label = generator.integers(4, size=PARTS * BATCH)
        return ({"field.image": x, "field.label": label.astype(numpy.int32)}, (x, numpy.eye(4)[label]))

    def test_teacher_forced(self):
        torch.manual_seed(7)
        net = Net()
        peer = Peer(net, torch.optim.AdamW(net.parameters(), lr=RATE), lambda net, x, target: F.cross_entropy(
            net(x), target), forced.warmup_cosine(RATE, 0, STEPS), limit=0.05)
        self.follow(Parts(self.binary("accumulated")), peer, STEPS, steps=STEPS)

    def test_parts_are_as_good_as_the_whole(self):
        """Without statistics of the batch, four batches of 4 are one of 16, to rounding."""
        for precision, bound in (("f64", 1e-13), ("f32", 1e-5)):
            shared = ["norm=false", "sgd=true"]
            whole = self.trained("whole_" + precision, "size=16", "parts=1", *shared, precision=precision)
            parts = self.trained("parts_" + precision, "size=4", "parts=4", *shared, precision=precision)
            names = [name for name in whole if "history" not in name]
            self.assertEqual(len(names), 12)
            worst = max(nacre.distance(parts[name], whole[name]) for name in names)
            print(f"4 x 4 against 16, 18 updates, {precision}: {worst:.1e}")
            self.assertLess(worst, bound)

    def test_draws_differ(self):
        """No two micro-batches draw alike, in an update or from one to the next."""
        history = self.trained("drawn", "size=32", "parts=3", epochs=2)["history"]
        self.assertEqual(len(set(history.tolist())), 6)
        binary = nacre.Binary.__new__(nacre.Binary)
        binary.path, binary.folder = os.path.join(self.folder, "drawn"), self.folder
        fields = {"field.image": numpy.zeros((32, 1, 12, 12), numpy.float32), "field.label": numpy.zeros(32, numpy.int32)}
        again = [binary.step(fields, step=draw // 3, draw=draw)["history"][-1] for draw in range(6)]
        numpy.testing.assert_array_equal(history, again)

    def test_resume_and_threads(self):
        """A run that stops after any update goes on to the same bytes, with any number of threads."""
        self.trained("resumed", "drop=0.3", options=["--threads", "1"])
        binary, whole = os.path.join(self.folder, "resumed"), os.path.join(self.folder, "resumed.run")
        for steps in (1, 4, 7):
            out = os.path.join(self.folder, f"resumed.{steps}")
            last = os.path.join(out, "last.safetensors")
            nacre.check([binary, "train", "--out", out, "--steps", str(steps), "--threads", "2"])
            nacre.check([binary, "train", "--resume", last, "--threads", "2"])
            for name in ("last.safetensors", "best.safetensors", "metrics.jsonl"):
                subprocess.run(["cmp", os.path.join(whole, name), os.path.join(out, name)], check=True)
