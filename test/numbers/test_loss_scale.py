"""Training in f16 under a dynamic loss scale: against PyTorch in f64, and what happens where gradients overflow."""

import json
import os
import subprocess
import unittest

import numpy
import torch
import torch.nn.functional as F

import blocks
import nacre
import test_ops

FIRST, STEPS_TO_GROW = 65536, 2000

# Nets with statistics and momentum, that nothing may move when a step is skipped.
MODEL = """\
config weight = 1.0
config parts = 1
config rate = 0.01

dataset noise {
  image: float[3, 8, 8]
  label: int[] in 0..3
  train = synthetic(96)
  eval = synthetic(8)
}

block Net(x: [N, C, H, W]) -> [N, 4] {
  h = x |> conv1: Conv(8, kernel = 3) |> bn1: BatchNorm() |> gelu
  return h |> conv2: Conv(8, kernel = 3, stride = 2) |> gelu |> global_avg_pool |> fc: Linear(4)
}

experiment given {
  data = noise
  batch = 8
  accumulate = parts
  epochs = 2
  lr = rate
  forward(image, label) {
    loss = cross_entropy(Net(image), onehot(label, 4)) * weight
  }
  update(p, g) = SGD(p, g / weight, lr, momentum = 0.9)
}
"""


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.BatchNorm2d(8)
        self.conv2, self.fc = torch.nn.Conv2d(8, 8, 3, stride=2, padding=1), torch.nn.Linear(8, 4)

    def forward(self, x):
        return self.fc(F.gelu(self.conv2(F.gelu(self.bn1(self.conv1(x))))).mean((2, 3)))


class Ops(blocks.Comparison, unittest.TestCase):
    """Convolutions whose operands are rounded to f16, or stored so."""

    BOUNDS = {"f16": (numpy.float32, 2e-3)}
    states = {"optimizer.loss_scale": numpy.float32(256)}  # Their gradients are not small.
    test_f64 = test_f32 = None

    def cases(self):
        return list(test_ops.convolutions())

    def test_f16(self):
        self.compare("f16")


class LossScale(unittest.TestCase):
    def binary(self, precision="f16", **configs):
        name = "_".join(["scaled", precision, *(f"{key}{value}" for key, value in configs.items())])
        file = os.path.join(self.folder, name + ".nacre")
        with open(file, "w") as out:
            out.write(MODEL)
        return nacre.Binary(self.nacre, file, self.folder, name, [f"{key}={value}" for key, value in configs.items()],
                            precision=precision, target=self.target)

    def batch(self):
        generator = numpy.random.default_rng(3)
        return {"field.image": generator.standard_normal((8, 3, 8, 8)).astype(numpy.float32),
                "field.label": generator.integers(0, 4, 8).astype(numpy.int32)}

    def given(self, binary, scale=FIRST, steps=0):
        begun = {name: value for name, value in binary.step({}, "init").items()}
        return begun | self.batch() | {"optimizer.loss_scale": numpy.float32(scale),
                                       "optimizer.loss_scale_steps": numpy.float32(steps)}

    def gradients(self, given):
        net = Net().double()
        net.load_state_dict({name: torch.tensor(given[name]) for name in net.state_dict()})
        loss = F.cross_entropy(net(torch.tensor(given["field.image"]).double()),
                               torch.tensor(given["field.label"]).long())
        loss.backward()
        return {name: parameter.grad.numpy() for name, parameter in net.named_parameters()}

    def test_gradients(self):
        """The scale is in none of them; without it those of a small loss would be lost. What shifts channels before a
        norm has no gradient but rounding."""
        for weight in (1, 1e-4):
            binary = self.binary(weight=weight)
            given = self.given(binary)
            result = binary.step(given)
            self.assertEqual((result["skipped"], result["loss_scale"]), (0, FIRST))
            total = numpy.sqrt(sum((g**2).sum() for g in self.gradients(given).values()))
            for name, truth in self.gradients(given).items():
                gap = numpy.linalg.norm(result["grad." + name] / weight - truth)
                self.assertLess(gap, 5e-3 * numpy.linalg.norm(truth) + 1e-3 * total, f"{name}, loss * {weight}")

    def test_begins_as_gradscaler(self):
        begun = self.binary().step({}, "init")
        self.assertEqual((begun["optimizer.loss_scale"], begun["optimizer.loss_scale_steps"]), (FIRST, 0))

    def test_grows(self):
        binary = self.binary()
        for steps, expected in ((STEPS_TO_GROW - 2, (FIRST, STEPS_TO_GROW - 1)), (STEPS_TO_GROW - 1, (2 * FIRST, 0))):
            result = binary.step(self.given(binary, FIRST, steps))
            self.assertEqual((result["optimizer.loss_scale"], result["optimizer.loss_scale_steps"]), expected)

    def test_overflow_skips(self):
        binary = self.binary(weight=1e4)
        given = self.given(binary, FIRST, 7)
        result = binary.step(given)
        self.assertEqual(result["skipped"], 1)
        self.assertTrue(numpy.isfinite(result["loss"]))
        self.assertEqual((result["optimizer.loss_scale"], result["optimizer.loss_scale_steps"]), (FIRST / 2, 0))
        for name, before in given.items():
            if name in result and not name.startswith("optimizer.loss_scale"):
                numpy.testing.assert_array_equal(result[name], before, name)

    def test_f32_has_none(self):
        self.assertFalse([name for name in self.binary("f32").step({}, "init") if "loss_scale" in name])

    def train(self, binary, out, *more, status=0):
        command = [binary.path, "train", "--out", os.path.join(self.folder, out), *more]
        run = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def file(self, out, name):
        with open(os.path.join(self.folder, out, name), "rb") as file:
            return file.read()

    def test_resume_is_exact(self):
        """A run that begins with overflows, in two parts."""
        for parts in (1, 2):
            binary = self.binary(weight=1e4, parts=parts)
            whole, halves = f"whole{parts}", f"halves{parts}"
            self.train(binary, whole)
            lines = [json.loads(line) for line in self.file(whole, "metrics.jsonl").splitlines()]
            self.assertEqual([line["step"] for line in lines], list(range(1, 24 // parts + 1)))
            self.assertGreater(lines[0]["skipped"], 0)
            self.assertEqual(lines[0]["loss_scale"], FIRST / 2**lines[0]["skipped"])
            for steps in (1, 5):
                self.train(binary, halves, "--steps", str(steps))
                self.train(binary, halves, "--resume", os.path.join(self.folder, halves, "last.safetensors"))
                for name in ("metrics.jsonl", "last.safetensors"):
                    self.assertEqual(self.file(whole, name), self.file(halves, name), f"{name}, {parts}, {steps}")

    def test_what_never_is_finite_stops(self):
        for parts in (1, 2):
            binary = self.binary(rate=1e30, parts=parts)
            text = self.train(binary, f"stopped{parts}", status=1)
            self.assertIn("are not finite even with a loss scale of 6.1", text)
            values = nacre.load(os.path.join(self.folder, f"stopped{parts}", "last.safetensors")).values()
            self.assertTrue(all(numpy.isfinite(value).all() for value in values))
