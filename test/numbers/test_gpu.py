"""Kernels of a GPU, emulated: every op in f32, and convolutions by tensor cores, rounded to TF32 and bf16."""

import unittest

import numpy

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
