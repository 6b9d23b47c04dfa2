"""Two convolutions in precisions of their own, by patterns of paths: against PyTorch in f64 that rounds in the same places."""

import os
import unittest

import numpy
import torch
from torch.nn import grad as conv_grad
from torch.nn.functional import conv2d

import nacre

MODEL = """\
config general = "f32"
config first = "f32"
config second = "f32"

dataset noise {
  image: float[8, 9, 9]
  train = synthetic(96)
  eval = synthetic(8)
}

block First(x: [N, C, H, W]) -> [N, 16, H, W] { return x |> conv: Conv(16, bias = false) |> relu }
block Second(x: [N, C, H, W]) -> [N, 8, H, W] { return x |> conv: Conv(8, bias = false) }

experiment given {
  data = noise
  batch = 4
  steps = 1
  lr = 0.0
  precision = general
  precision "a*" = first
  precision "b.*" = second
  forward(image) {
    y = image |> a: First |> b: Second
    loss = mean(y * y)
  }
  update(p, g) = SGD(p, g, lr)
}
"""
DTYPES = {"bf16": torch.bfloat16, "f16": torch.float16}


def rounded(tensor, precision):
    return tensor.float().to(DTYPES[precision]).double() if precision in DTYPES else tensor


def expected(image, a, b, first, second, products):
    """The loss and the gradients of both weights. Stored is what a convolution makes, and its input's gradient;
    `products` says whether operands are rounded, too."""
    def operand(tensor, precision):
        return rounded(tensor, precision) if products else tensor

    hidden = rounded(conv2d(operand(image, first), operand(a, first), padding=1).relu(), first)
    y = rounded(conv2d(operand(hidden, second), operand(b, second), padding=1), second)
    dy = 2 * y / y.numel()
    of_b = conv_grad.conv2d_weight(operand(hidden, second), b.shape, operand(dy, second), padding=1)
    dx = conv_grad.conv2d_input(hidden.shape, operand(b, second), operand(dy, second), padding=1)
    of_hidden = rounded(dx, second) * (hidden > 0)
    of_a = conv_grad.conv2d_weight(operand(image, first), a.shape, operand(of_hidden, first), padding=1)
    return {"loss": (y * y).mean(), "grad.a.conv.weight": of_a, "grad.b.conv.weight": of_b}


class Paths(unittest.TestCase):
    def check(self, target, general, **parts):
        configs = {"general": general, **parts}
        name = "_".join(["paths", target, *(f"{key}_{value}" for key, value in configs.items())])
        file = os.path.join(self.folder, name + ".nacre")
        with open(file, "w") as out:
            out.write(MODEL)
        binary = nacre.Binary(self.nacre, file, self.folder, name,
                              [f"{key}={value}" for key, value in configs.items()], target=target, winograd="off")
        generator = numpy.random.default_rng(5)
        given = {"a.conv.weight": (16, 8, 3, 3), "b.conv.weight": (8, 16, 3, 3), "field.image": (4, 8, 9, 9)}
        given = {key: generator.uniform(-1, 1, shape).astype(numpy.float32) for key, shape in given.items()}
        if "f16" in configs.values():
            given |= {"optimizer.loss_scale": numpy.float32(1), "optimizer.loss_scale_steps": numpy.float32(0)}
        result = binary.step(given)
        image, a, b = (torch.tensor(given[key]).double() for key in ("field.image", "a.conv.weight", "b.conv.weight"))
        products = target != "cpu"
        truth = expected(image, a, b, parts["first"], parts["second"], products)
        others = expected(image, a, b, parts["second"], parts["first"], products)
        gap, other = (max(nacre.distance(result[key], value) for key, value in all.items()) for all in (truth, others))
        print(f"{name}: {gap:.1e} off, {other:.1e} from the precisions exchanged")
        # Sums in f32 fall to the other side of where they are rounded now and then.
        self.assertLess(gap, 3e-4)
        self.assertGreater(other, 3 * gap)

    def test_cpu(self):
        self.check("cpu", "bf16", first="bf16", second="f32")
        self.check("cpu", "f32", first="f32", second="bf16")
        self.check("cpu", "f32", first="f16", second="bf16")

    def test_emulated(self):
        self.check("cuda-emu", "bf16", first="bf16", second="f32")
        self.check("cuda-emu", "f32", first="f32", second="bf16")
        self.check("cuda-emu:sm_90a", "f32", first="f16", second="f32")
