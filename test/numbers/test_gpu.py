"""Kernels of a GPU, emulated: every op in f32, convolutions by tensor cores, rounded to TF32 and bf16, and random ones in
small groups."""

import unittest

import numpy
import torch.nn.functional as F

import blocks
import test_ops


class Emulated(test_ops.Ops):
    target = "cuda-emu"
    test_f64 = None  # The same kernels as in f32.


class Rounded(blocks.Comparison, unittest.TestCase):
    BOUNDS = {"tf32": (numpy.float32, 5e-3), "bf16": (numpy.float32, 2e-2)}
    target = "cuda-emu"

    def cases(self):
        return list(test_ops.convolutions())

    test_f64 = test_f32 = None

    def test_tf32(self):
        self.compare("tf32")

    def test_bf16(self):
        self.compare("bf16")


class Warpgroups(Rounded):
    """By the instructions that one architecture alone has."""

    target = "cuda-emu:sm_90a"
    test_tf32 = None


def grouped_convolution(generator):
    """Any one in small groups: as many inputs and outputs of each, taps, strides, dilations and paddings as it comes."""
    def pick(most):
        return int(generator.integers(1, most + 1))

    groups, inputs, outputs = pick(24) + 1, *((1, 1) if pick(2) == 1 else (pick(8), pick(8)))
    taps, stride, dilation = (pick(5), pick(5)), (pick(3), pick(3)), (pick(2), pick(2))
    pads = [int(generator.integers(0, d * (k - 1) + 1)) for k, d in zip(taps, dilation)]
    size = [d * (k - 1) + pick(12) for k, d in zip(taps, dilation)]
    x, weight = (pick(4), groups * inputs, *size), (groups * outputs, inputs, *taps)
    settings = f"{list(stride)}, {pads}, {list(dilation)}, {groups}"
    return blocks.Case(f"conv {x} by {weight}, {settings}",
                       {"x": generator.uniform(-1, 1, x), "w": generator.uniform(-1, 1, weight)},
                       f"conv(x, w, {settings})",
                       lambda x, w: F.conv2d(x, w, None, stride, pads, dilation, groups))


class Groups(blocks.Comparison, unittest.TestCase):
    BOUNDS = {"f32": (numpy.float32, 2e-5), "bf16": (numpy.float32, 2e-2)}
    target = "cuda-emu"
    test_f64 = None

    def cases(self):
        generator = numpy.random.default_rng(test_ops.SEED)
        return [grouped_convolution(generator) for _ in range(32)]

    def test_bf16(self):
        self.compare("bf16")
