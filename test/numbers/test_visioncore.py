"""Blocks of models/visioncore.nacre against PyTorch, values and all gradients, and what each option of the ConvGRU
does."""

import unittest

import numpy
import torch
import torch.nn.functional as F

import blocks
import nacre
from blocks import Case, random
from test_stdlib import gru, gru_cell, gru_parameters, residual, rms_norm
from visioncore_torch import cut


def blur_pool(x, v, a, w, b):
    """Each frame is blurred and pooled, then gated by its own means."""
    line = torch.tensor([1.0, 2, 1], dtype=x.dtype) / 4
    y = F.conv3d(x, (line[:, None] * line).expand(x.shape[1], 1, 1, 3, 3), padding=(0, 1, 1), groups=x.shape[1])
    y = F.avg_pool3d(y * y.exp(), (1, 2, 2)) / (F.avg_pool3d(y.exp(), (1, 2, 2)) + 1e-6)
    return y * F.conv3d(F.silu(F.conv3d(y.mean((3, 4), True), v, a)), w, b).sigmoid()


def gaussian_readout(x, weight, mean, std, theta, bias):
    """The features of each unit, weighted by a rotated Gaussian whose weights sum to 1."""
    rows, columns = (torch.arange(size, dtype=x.dtype) - (size - 1) / 2 for size in x.shape[2:])
    dy = (rows - mean[:, :1])[:, :, None]
    dx = (columns - mean[:, 1:])[:, None, :]
    cos, sin = theta.cos()[:, None, None], theta.sin()[:, None, None]
    along = (dy * cos + dx * sin) / std[:, 0, None, None]
    across = (dx * cos - dy * sin) / std[:, 1, None, None]
    mask = (-(along**2 + across**2) / 2).exp()
    mask = mask / (mask.sum((1, 2), True) + 1e-8)
    return (F.conv2d(x, weight) * mask).sum((2, 3)) + bias


class VisionCore(blocks.Comparison, unittest.TestCase):
    imports = ("visioncore",)

    def cases(self):
        gate = {"layer.se.1.weight": random((3, 6, 1, 1, 1)), "layer.se.1.bias": random((3,)),
                "layer.se.3.weight": random((6, 3, 1, 1, 1)), "layer.se.3.bias": random((6,))}
        yield Case("BlurPool", {"x": random((2, 6, 3, 7, 5), -2, 2), **gate}, "layer: BlurPool(x, 2)", blur_pool)
        window = {"layer.features.weight": random((7, 5, 1, 1)), "layer.mean": random((7, 2)),
                  "layer.std": random((7, 2), 1, 3), "layer.theta": random((7,)), "layer.bias": random((7,))}
        yield Case("GaussianReadout", {"x": random((3, 5, 7, 6)), **window}, "layer: GaussianReadout(x, 7)",
                   gaussian_readout)


def res_block(x, weight, gamma, beta, shortcut, order, post):
    """A conv that adds 2 to height and width and halves all sizes; so does the shortcut, but for the 2."""
    shape = (1, -1, 1, 1, 1)
    parts = {"conv": lambda y: F.conv3d(F.pad(y, (2, 2, 2, 2, 2, 0), mode="replicate"), weight, None, 2),
             "norm": lambda y: rms_norm(y, (1,), 1e-5) * gamma.view(shape) + beta.view(shape), "act": F.silu}
    y = x
    for name in order:
        y = parts[name](y)
    s = F.conv3d(x, shortcut, None, 2)
    return post(cut(y, s) + cut(s, y))


class ResBlocks(blocks.Comparison, unittest.TestCase):
    imports = ("visioncore",)

    @staticmethod
    def block(order, post, reference, scale):
        width = 3 if order[0] == "norm" else 5
        main = "layer.main_block.components."
        inputs = {"x": random((2, 3, 5, 7, 6)), main + "conv.weight": random((5, 3, 3, 3, 3)),
                  main + "norm.gamma": random((width,)), main + "norm.beta": random((width,)),
                  "layer.shortcut.weight": random((5, 3, 1, 1, 1))}
        listed = ", ".join(f'"{name}"' for name in order)
        return Case(f"ResBlock of {listed}, {post}", inputs, f"layer: ResBlock(x, 5, 2, main, {post})",
                    lambda *tensors: res_block(*tensors, order, reference),
                    ["conv = CausalConv(kernel = 3, pad = [0, 2, 2], stride = 2)",
                     f"norm = RMSNorm(eps = 1e-5, scale = {scale})",
                     f"main = ConvBlock(conv = conv, norm = norm, act = silu, order = [{listed}])"])

    def cases(self):
        yield self.block(["conv", "norm", "act"], "identity", lambda y: y, 0.0)
        yield self.block(["norm", "act", "conv"], "silu", F.silu, 1.0)

    def test_initial_value(self):
        """A block begins as its shortcut."""
        cases = list(self.cases())[:1]
        binary, tensors = self.binary(cases, "f64", self.imports), blocks.inputs(cases, numpy.float64)
        start = binary.step(tensors, "init")
        made = {key: value for key, value in start.items() if key.startswith("k0.layer")}
        result = binary.step({**tensors, **made})
        x, weight = torch.tensor(tensors["k0.x"]), torch.tensor(made["k0.layer.shortcut.weight"])
        self.assertLess(nacre.distance(result["grad.k0.c"], F.conv3d(x, weight, None, 2)), 1e-12)


def modulator(x, behavior, e, f, *parameters):
    """The embedded behaviour under each frame, the last state of a ConvGRU, a projection."""
    *cell, h, w, b = parameters
    names = gru_parameters(x.shape[1] + e.shape[0], h.shape[1], True, "visioncore")
    under = F.linear(behavior, e, f)[:, :, None, None, None].expand(-1, -1, *x.shape[2:])
    x, h = torch.cat([x, under], 1), h.expand(x.shape[0], -1, *x.shape[3:])
    for t in range(x.shape[2]):
        h = gru_cell(x[:, :, t], h, dict(zip(names, cell)), "visioncore")
    return F.conv2d(h, w, b)


def modulator_case():
    shapes = {"beh_emb.weight": (8, 42), "beh_emb.bias": (8,),
              **gru_parameters(32, 64, True, "visioncore", prefix="gru.cell."), "gru.h0": (1, 64, 1, 1),
              "output_proj.weight": (64, 64, 1, 1), "output_proj.bias": (64,)}
    inputs = {"x": random((2, 24, 8, 6, 6)), "behavior": random((2, 42)),
              **{"layer." + key: 0.1 * random(shape) for key, shape in shapes.items()}}
    return Case("integration", inputs, "layer: Modulator(x, behavior, 64, 8)", modulator)


class ConvGRU(blocks.Comparison, unittest.TestCase):
    """32 channels to 64 on two films of 8 frames of 16 x 16, option by option, in f64. An emulated GPU has smaller ones."""

    imports = ("visioncore",)
    film = property(lambda self: (2, 2, 4, 6) if self.target.startswith("cuda-emu") else (2, 8, 16, 16))
    test_f64 = test_f32 = None  # option by option instead

    def cases(self):
        def case(name, options="", inputs=32, **reference):
            return gru(name, options, inputs, 64, extent=self.film, scale=0.1, **reference)

        return [case("basic"), case("no norm", ", use_layer_norm = false", layer_norm=False),
                case("no h0", ", learnable_h0 = false", learnable=False), case("bug", ', reset = "bug"', reset="bug"),
                case("depthwise", ", use_depthwise = true", depthwise=True),
                case("residual", ", use_residual = true", 64, finish=residual),
                case("limits", ", grad_clip_val = 0.1", limit=0.1), modulator_case()]

    def setUp(self):
        """Built and run once."""
        owner = type(self)
        if hasattr(owner, "result"):
            return
        owner.all = self.cases()
        owner.number = {case.name: number for number, case in enumerate(owner.all)}
        owner.built = self.binary(owner.all, "f64", self.imports)
        owner.given = blocks.inputs(owner.all, numpy.float64)
        owner.start, owner.result = owner.built.step(owner.given, "init"), owner.built.step(owner.given)

    def agree(self, name):
        """Compares the state and all gradients with PyTorch; returns the state."""
        number = self.number[name]
        for key, truth in self.all[number].expected().items():
            self.assertLess(nacre.distance(self.result[f"grad.k{number}.{key}"], truth), 1e-9, f"{name}: {key}")
        return self.result[f"grad.k{number}.c"]

    def owned(self, name):
        """The parameters of the net and their initial values."""
        prefix = f"k{self.number[name]}.gru."
        return {key[len(prefix):]: value for key, value in self.start.items() if key.startswith(prefix)}

    def count(self, name):
        return sum(value.size for value in self.owned(name).values())

    def test_basic_convgru(self):
        self.assertEqual(self.agree("basic").shape, (2, 64, *self.film[2:]))
        self.assertEqual(self.count("basic"), 166528)

    def test_layer_normalization(self):
        self.agree("no norm")
        self.assertEqual(self.owned("basic").keys() - self.owned("no norm").keys(),
                         {"cell.layer_norm.weight", "cell.layer_norm.bias"})

    def test_learnable_h0(self):
        self.agree("no h0")
        self.assertFalse(self.owned("basic")["h0"].any())
        self.assertTrue(self.result["grad.k0.gru.h0"].all())
        self.assertEqual(self.owned("basic").keys() - self.owned("no h0").keys(), {"h0"})

    def test_reset_gate_bug_fix(self):
        """The bug is there to be compared with; on equal weights it shows."""
        self.agree("bug")
        own = f"k{self.number['bug']}."
        swapped = {own + key[3:]: value for key, value in self.given.items() if key.startswith("k0.")}
        wrong = self.built.step({**self.given, **swapped})[f"grad.{own}c"]
        self.assertGreater(nacre.distance(wrong, self.result["grad.k0.c"]), 0.01)

    def test_depthwise_separable(self):
        """It saves 88 % of the parameters."""
        self.agree("depthwise")
        self.assertEqual(self.count("depthwise"), 19936)

    def test_residual_connections(self):
        self.agree("residual")
        self.assertEqual(self.owned("residual").keys(), self.owned("basic").keys())

    def test_gradient_clipping(self):
        state = self.agree("limits")
        self.assertLessEqual(abs(state).max(), 0.1)
        self.assertGreater((abs(state) == 0.1).mean(), 0.05)

    def test_full_integration(self):
        self.assertEqual(self.agree("integration").shape, (2, 64, 6, 6))
