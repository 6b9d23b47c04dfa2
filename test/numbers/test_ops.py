"""Every op against PyTorch, forward and gradients: 1e-9 in f64, 1e-4 in f32."""

import unittest

import numpy
import torch
import torch.nn.functional as F

import blocks
from blocks import random

SEED = 20260101


def unary(name, reference, low=-2.0, high=2.0, shape=(3, 7)):
    return blocks.Case(name, {"x": random(shape, low, high)}, f"{name}(x)", reference)


def elementwise():
    yield unary("exp", lambda x: x.exp())
    yield unary("log", lambda x: x.log(), 0.1, 3)
    yield unary("sqrt", lambda x: x.sqrt(), 0.1, 3)
    yield unary("rsqrt", lambda x: x.rsqrt(), 0.1, 3)
    yield unary("sin", lambda x: x.sin(), -9, 9)
    yield unary("cos", lambda x: x.cos(), -9, 9)
    yield unary("tanh", lambda x: x.tanh(), -5, 5)
    yield unary("erf", lambda x: x.erf(), -4, 4, (5, 33))
    yield unary("abs", lambda x: x.abs())
    for name, reference in {"gelu": F.gelu, "relu": F.relu, "silu": F.silu, "sigmoid": torch.sigmoid,
                            "softplus": F.softplus, "mish": F.mish}.items():
        yield unary(name, reference, -4, 4, (1, 67))
    two = {"x": random((4, 5)), "z": random((4, 5), 0.5, 2)}
    for sign, reference in {"+": lambda x, z: x + z, "-": lambda x, z: x - z, "*": lambda x, z: x * z,
                            "/": lambda x, z: x / z}.items():
        yield blocks.Case("x " + sign + " z", two, f"x {sign} z", reference)
    yield blocks.Case("max", two, "max(x, z)", torch.maximum)
    yield blocks.Case("min", two, "min(x, z)", torch.minimum)
    positive = {"x": random((11,), 0.2, 2)}
    yield blocks.Case("cube", positive, "x^3", lambda x: x**3)
    yield blocks.Case("power", positive, "x^1.7", lambda x: x**1.7)
    yield blocks.Case("where", {"x": random((6, 3))}, "where(x > 0.1, x * x, 3 * x)",
                      lambda x: torch.where(x > 0.1, x * x, 3 * x))


def movement():
    x = {"x": random((3, 4, 5))}
    yield blocks.Case("transpose", x, "transpose(x over 2, 0, 1)", lambda x: x.permute(2, 0, 1))
    yield blocks.Case("reshape", x, "reshape(x, [6, 10])", lambda x: x.reshape(6, 10))
    yield blocks.Case("slice", x, "x[1..2 over 1]", lambda x: x[:, 1:3])
    yield blocks.Case("index", x, "x[2 over 2]", lambda x: x[:, :, 2])
    yield blocks.Case("pad", x, "pad(x, 1, 2 over 1)", lambda x: F.pad(x, (0, 0, 1, 2)))
    yield blocks.Case("crop", x, "pad(x, -1, 2 over 2)", lambda x: F.pad(x, (-1, 2)))
    yield blocks.Case("edge", x, "pad_edge(x, 2, 3 over 2)", lambda x: F.pad(x, (2, 3), mode="replicate"))
    yield blocks.Case("concat", {**x, "z": random((3, 2, 5))}, "concat([x, z, x] over 1)",
                      lambda x, z: torch.cat([x, z, x], 1))
    yield blocks.Case("take", x, "take(x, int(tensor([0, 3, 3, 1])) over 1)", lambda x: x[:, [0, 3, 3, 1]])
    yield blocks.Case("expand", {"x": random((3, 1, 5))}, "expand(x, [3, 4, 5])", lambda x: x.expand(3, 4, 5))


def reductions():
    x = {"x": random((3, 4, 5, 2))}
    yield blocks.Case("sum", x, "sum(x over 0, 2)", lambda x: x.sum((0, 2)))
    yield blocks.Case("all", x, "sum(x)", lambda x: x.sum())
    yield blocks.Case("mean", x, "mean(x over 1, 3)", lambda x: x.mean((1, 3)))
    yield blocks.Case("largest", x, "max(x over 3)", lambda x: x.amax(3))
    yield blocks.Case("smallest", x, "min(x over 0, 1)", lambda x: x.amin((0, 1)))
    yield blocks.Case("log_softmax", {"x": random((5, 11), -3, 3)}, "log_softmax(x over 1)",
                      lambda x: F.log_softmax(x, 1))
    yield blocks.Case("long", {"x": random((2, 7001))}, "sum(x over 1)", lambda x: x.sum(1))
    yield blocks.Case("dot", {"x": random((7, 13)), "z": random((5, 13))}, "dot(a, b over K)", lambda x, z: x @ z.T,
                      ["a: [M, K] = x", "b: [J, K] = z"])


def products():
    """Dots that are large enough for the templates of convolutions, and some that just are not."""
    for m, k, j in [(64, 128, 64), (97, 131, 67), (8, 1024, 64), (7, 1024, 128), (67, 1, 8192), (211, 300, 9),
                    (1, 1024, 600), (130, 257, 31), (61, 48, 1000), (9, 7000, 11)]:
        x = {"x": random((m, k)), "z": random((j, k))}
        yield blocks.Case(f"dot {m}x{k} by {j}", x, "dot(a, b over K)", lambda x, z: x @ z.T,
                          ["a: [M, K] = x", "b: [J, K] = z"])
        x = {"x": random((k, m)), "z": random((k, j)), "r": random((m, j)), "v": random((j,))}
        yield blocks.Case(f"dot {m}x{k} by {j}, both transposed, fused", x,
                          "max(dot(exp(a), tanh(b) over K) + g, 0) * q + q",
                          lambda x, z, r, v: torch.relu(x.exp().T @ z.tanh() + v) * r + r,
                          ["a: [K, M] = x", "b: [K, J] = z", "q: [M, J] = r", "g: [J] = v"])
    x = {"x": random((3, 2, 50, 40)), "z": random((3, 2, 70, 40)), "s": random((3, 2, 50, 70))}
    yield blocks.Case("dot of batches", x, "dot(a, b over K) * q", lambda x, z, s: x @ z.transpose(2, 3) * s,
                      ["a: [N, H, M, K] = x", "b: [N, H, J, K] = z", "q: [N, H, M, J] = s"])
    x = {"x": random((50, 3, 40, 2)), "z": random((40, 2, 3, 70))}
    yield blocks.Case("dot of batches, inside", x, "dot(a, b over K)",
                      lambda x, z: torch.einsum("mhkn,knhj->mhnj", x, z),
                      ["a: [M, H, K, N] = x", "b: [K, N, H, J] = z"])
    x = {"x": random((5, 30, 6, 20)), "z": random((6, 9, 20, 13)), "s": random((117,))}
    yield blocks.Case("dot of several axes", x, "dot(a, b over H, K) * q",
                      lambda x, z, s: torch.einsum("ntak,abkc->ntbc", x, z) * s.reshape(9, 13),
                      ["a: [N, T, H, K] = x", "b: [H, B, K, C] = z", "q: [B, C] = reshape(s, [9, 13])"])
    x = {"x": random((4, 37, 64)), "z": random((96, 64))}
    yield blocks.Case("dot of sequences", x, "dot(a, b over C)", lambda x, z: x @ z.T,
                      ["a: [N, T, C] = x", "b: [K, C] = z"])


def convolutions():
    generator = numpy.random.default_rng(SEED)
    for n, c, k, h, w, r, s, stride, pad, dilation, groups in [
            (2, 3, 5, 8, 8, 3, 3, 1, 1, 1, 1), (1, 1, 1, 5, 7, 3, 3, 1, 1, 1, 1), (3, 4, 6, 9, 5, 3, 3, 2, 1, 1, 1),
            (2, 5, 7, 7, 11, 1, 1, 1, 0, 1, 1), (2, 4, 3, 11, 9, 1, 1, 2, 0, 1, 1), (1, 3, 2, 13, 12, 5, 3, 2, 2, 1, 1),
            (2, 4, 4, 9, 9, 3, 3, 1, 2, 2, 1), (2, 6, 4, 7, 7, 3, 3, 1, 1, 1, 2), (2, 5, 5, 7, 6, 3, 3, 1, 1, 1, 5),
            (2, 33, 17, 6, 5, 3, 3, 1, 1, 1, 1), (5, 32, 32, 8, 8, 3, 3, 1, 1, 1, 1), (17, 16, 1, 6, 6, 3, 3, 1, 1, 1, 1),
            (2, 1, 32, 10, 10, 3, 3, 1, 1, 1, 1), (2, 2, 64, 4, 4, 2, 2, 2, 0, 1, 1), (1, 40, 48, 3, 3, 3, 3, 1, 1, 1, 1),
            # Weights too large for a cache: in blocks, for bands of rows or several small images.
            (2, 128, 128, 19, 17, 3, 3, 1, 1, 1, 1), (5, 128, 128, 5, 7, 3, 3, 1, 1, 1, 1),
            (9, 256, 64, 3, 3, 3, 3, 2, 1, 1, 1), (4, 131, 128, 4, 4, 3, 3, 1, 1, 1, 1),
            # Small groups: several in a vector or one, rows of several strips, strides and dilation, taps in parts.
            (3, 16, 16, 9, 11, 3, 3, 1, 1, 1, 16), (5, 24, 24, 11, 9, 5, 5, 2, 2, 1, 24), (2, 16, 16, 7, 9, 3, 3, 2, 1, 1, 4),
            (2, 8, 16, 6, 7, 3, 3, 1, 2, 2, 8), (2, 16, 8, 7, 5, 3, 2, 2, 1, 2, 8), (1, 48, 48, 6, 19, 3, 3, 1, 1, 1, 6),
            (2, 72, 72, 5, 21, 1, 11, [1, 3], [0, 5], 1, 18), (2, 40, 40, 13, 10, 7, 7, 3, 3, 1, 40)]:
        x, weight = generator.uniform(-1, 1, (n, c, h, w)), generator.uniform(-1, 1, (k, c // groups, r, s))
        name = f"conv {n}x{c}x{h}x{w} to {k}, {r}x{s} / {stride}, pad {pad}, dilation {dilation}, groups {groups}"
        yield blocks.Case(name, {"x": x, "w": weight}, f"conv(x, w, {stride}, {pad}, {dilation}, {groups})",
                          lambda x, w, a=(stride, pad, dilation, groups): F.conv2d(x, w, None, *a))
    for x, w, stride, pad, dilation, groups in [
            ((2, 3, 9), (5, 3, 3), 1, 1, 1, 1), ((2, 4, 11), (6, 2, 4), 2, 1, 2, 2),
            ((2, 3, 5, 6, 7), (4, 3, 3, 3, 3), 1, 1, 1, 1), ((2, 4, 6, 7, 8), (6, 2, 2, 3, 3), 2, [0, 1, 1], 1, 2),
            ((1, 5, 9, 9, 9), (20, 5, 3, 3, 3), 1, [0, 2, 2], 2, 1), ((2, 5, 9, 8, 7), (6, 5, 1, 1, 1), 2, 0, 1, 1),
            ((1, 6, 8, 7, 9), (6, 1, 3, 5, 5), [1, 2, 2], [1, 2, 2], 1, 6), ((2, 1, 18, 4, 5), (4, 1, 16, 1, 1), 1, 0, 1, 1)]:
        name = f"conv {x} by {w} / {stride}, pad {pad}, dilation {dilation}, groups {groups}"
        function = F.conv1d if len(x) == 3 else F.conv3d
        yield blocks.Case(name, {"x": generator.uniform(-1, 1, x), "w": generator.uniform(-1, 1, w)},
                          f"conv(x, w, {stride}, {pad}, {dilation}, {groups})",
                          lambda x, w, f=function, a=(stride, pad, dilation, groups): f(x, w, None, *a))
    for n, c, k, h, w, r, stride, pad, extra, groups in [
            (2, 3, 5, 6, 7, 3, 1, 1, 0, 1), (1, 4, 2, 5, 5, 3, 2, 1, 1, 1), (2, 6, 4, 4, 4, 2, 2, 0, 0, 2),
            (3, 32, 1, 8, 8, 3, 1, 1, 0, 1), (2, 32, 32, 8, 8, 3, 1, 1, 0, 1)]:
        x, weight = generator.uniform(-1, 1, (n, c, h, w)), generator.uniform(-1, 1, (c, k // groups, r, r))
        yield blocks.Case(f"conv_transpose {n}x{c}x{h}x{w} to {k}, {r}x{r} / {stride}", {"x": x, "w": weight},
                          f"conv_transpose(x, w, {stride}, {pad}, {extra}, 1, {groups})",
                          lambda x, w, a=(stride, pad, extra, groups): F.conv_transpose2d(x, w, None, *a))
    x = {"x": generator.uniform(-1, 1, (2, 3, 9)), "w": generator.uniform(-1, 1, (4, 3, 3))}
    yield blocks.Case("conv of sequences", x, "conv(x, w, 2, 1, 1, 1)", lambda x, w: F.conv1d(x, w, None, 2, 1))
    x = {"x": generator.uniform(-1, 1, (1, 2, 4, 5, 3)), "w": generator.uniform(-1, 1, (3, 2, 2, 3, 3))}
    yield blocks.Case("conv of videos", x, "conv(x, w, 1, [0, 1, 1], 1, 1)",
                      lambda x, w: F.conv3d(x, w, None, 1, (0, 1, 1)))


def windows():
    x = {"x": random((2, 3, 9, 8))}
    yield blocks.Case("max_pool", x, "max_pool(x, 3, 2, 1)", lambda x: F.max_pool2d(x, 3, 2, 1))
    yield blocks.Case("avg_pool", x, "avg_pool(x, 2)", lambda x: F.avg_pool2d(x, 2))
    yield blocks.Case("overlapping avg_pool", x, "avg_pool(x, 3, 2, 1)", lambda x: F.avg_pool2d(x, 3, 2, 1))


def layers():
    x = {"x": random((4, 6, 5, 3), -2, 3), "gamma": random((6,)), "beta": random((6,))}
    affine = ["g: [C] = gamma", "b: [C] = beta", "s: [N, C, H, W] = x"]
    yield blocks.Case("batch norm", x, "standardize(s over N, H, W) * g + b",
                      lambda x, gamma, beta: F.batch_norm(x, None, None, gamma, beta, True), affine)
    yield blocks.Case("layer norm", {"x": random((5, 7))}, "standardize(x over 1)", lambda x: F.layer_norm(x, (7,)))
    yield blocks.Case("rms norm", {"x": random((5, 7))}, "s * rsqrt(mean(s^2 over D) + 1e-4)",
                      lambda x: x * torch.rsqrt((x * x).mean(1, keepdim=True) + 1e-4), ["s: [B, D] = x"])


class Ops(blocks.Comparison, unittest.TestCase):
    def cases(self):
        return [*elementwise(), *movement(), *reductions(), *products(), *convolutions(), *windows(), *layers()]
