"""Every function and block of the standard library that computes with tensors, against PyTorch: values and all
gradients. What draws random numbers is in test_random.py, update rules and schedules are in test_updates.py."""

import glob
import os
import re
import unittest

import numpy
import torch
import torch.nn.functional as F

import blocks
import nacre
from blocks import Case, random


def called(call, shape, parameters, reference, statements=(), name=None, **options):
    """A case of a block that owns parameters, given by name and shape. The call is written for x."""
    inputs = {"x": random(shape), **{f"layer.{key}": random(value) for key, value in parameters.items()}}
    return Case(name or call, inputs, "layer: " + call, reference, statements, **options)


def convolutions():
    yield called("Conv(x, 7, [3, 4], 2, [1, 2])", (3, 5, 7, 9), {"weight": (7, 5, 3, 4), "bias": (7,)},
                 lambda x, w, b: F.conv2d(x, w, b, 2, (1, 2)))
    yield called("Conv(x, 9, groups = 3, dilation = 2)", (2, 6, 7, 5), {"weight": (9, 2, 3, 3), "bias": (9,)},
                 lambda x, w, b: F.conv2d(x, w, b, 1, 2, 2, 3))
    yield called("Conv(x, 4, 5, bias = false)", (3, 3, 11), {"weight": (4, 3, 5)},
                 lambda x, w: F.conv1d(x, w, None, 1, 2))
    yield called("Conv(x, 3, [3, 1, 5], [2, 1, 1])", (1, 2, 5, 3, 7), {"weight": (3, 2, 3, 1, 5), "bias": (3,)},
                 lambda x, w, b: F.conv3d(x, w, b, (2, 1, 1), (1, 0, 2)))
    yield called("weight_norm(Conv)(x, 5)", (2, 3, 5, 7),
                 {"weight_v": (5, 3, 3, 3), "weight_g": (5, 1, 1, 1), "bias": (5,)},
                 lambda x, v, g, b: F.conv2d(x, torch._weight_norm(v, g, 0), b, 1, 1))
    yield called("ConvTranspose(x, 6, 3, 2, 1, 1, groups = 2)", (3, 4, 5, 7), {"weight": (4, 3, 3, 3), "bias": (6,)},
                 lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1, 2))
    yield called("ConvTranspose(x, 3, [3, 5], dilation = 2, bias = false)", (1, 5, 7, 6), {"weight": (5, 3, 3, 5)},
                 lambda x, w: F.conv_transpose2d(x, w, None, 1, (2, 4), 0, 1, 2))
    yield called("DepthwiseSeparable(x, 7, 3, 2)", (3, 5, 9, 7),
                 {"depthwise.weight": (5, 1, 3, 3), "pointwise.weight": (7, 5, 1, 1), "pointwise.bias": (7,)},
                 lambda x, d, w, b: F.conv2d(F.conv2d(x, d, None, 2, 1, 1, 5), w, b))


def causal(x, dilation=1):
    return F.pad(x, (1, 1, 2, 2, 2 * dilation, 0), mode="replicate")


def more_layers():
    videos = (2, 3, 5, 7, 4)
    yield called("CausalConv(x, 5, 3, [2, 1, 1], [0, 2, 1])", videos, {"weight": (5, 3, 3, 3, 3), "bias": (5,)},
                 lambda x, w, b: F.conv3d(causal(x), w, b, (2, 1, 1)))
    yield called("CausalConv(x, 5, 3, 1, [0, 2, 1], 2, conv = DepthwiseSeparable)", videos,
                 {"depthwise.weight": (3, 1, 3, 3, 3), "pointwise.weight": (5, 3, 1, 1, 1), "pointwise.bias": (5,)},
                 lambda x, d, w, b: F.conv3d(F.conv3d(causal(x, 2), d, None, 1, 0, 2, 3), w, b))
    yield called("Linear(x, 7)", (3, 2, 5), {"weight": (7, 5), "bias": (7,)}, F.linear)
    yield called("Linear(x, 33, bias = false, weight = WeightNorm)", (3, 17),
                 {"weight_v": (33, 17), "weight_g": (33, 1)}, lambda x, v, g: F.linear(x, torch._weight_norm(v, g, 0)))
    yield called("SqueezeExcite(x, 3)", (2, 7, 3, 5),
                 {"fc1.weight": (3, 7, 1, 1), "fc1.bias": (3,), "fc2.weight": (7, 3, 1, 1), "fc2.bias": (7,)},
                 lambda x, v, a, w, b: x * F.conv2d(F.silu(F.conv2d(x.mean((2, 3), True), v, a)), w, b).sigmoid())
    for start in (0.3, 4.0):
        yield Case(f"BSoftplus at {start}", {"x": random((3, 7), -9, 9), "layer.log_beta": numpy.array(start)},
                   "layer: BSoftplus(x)", lambda x, b: F.softplus(x * b.exp().clamp(0.1, 10)) / b.exp().clamp(0.1, 10))


def norms():
    images = (3, 5, 7, 3)
    affine = {"weight": (5,), "bias": (5,)}

    before = {"layer.running_mean": random((5,)), "layer.running_var": random((5,), 0.5, 2),
              "layer.num_batches_tracked": numpy.array(7, numpy.int32)}

    def after(momentum):
        mean, variance, count = map(torch.tensor, before.values())

        def states(x, *_):
            axes = [0, *range(2, x.dim())]
            values = mean.lerp(x.mean(axes), momentum), variance.lerp(x.var(axes), momentum), count + 1
            return dict(zip(before, values))
        return states

    yield called("BatchNorm(x)", images, affine, lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
                 states=before, after=after(0.1))
    yield called("BatchNorm(x, 1e-3, 0.25, affine = false)", (7, 5), {},
                 lambda x: F.batch_norm(x, None, None, None, None, True, eps=1e-3), states=before, after=after(0.25))
    yield called("BatchNorm(x)", (2, 5, 3, 3, 2), affine, lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
                 states=before, after=after(0.1), name="BatchNorm of videos")
    nine = {"weight": (9,), "bias": (9,)}
    yield called("GroupNorm(x, 3)", (2, 9, 3, 5), nine, lambda x, w, b: F.group_norm(x, 3, w, b))
    yield called("GroupNorm(x, 1, 1e-3, affine = false)", (3, 9), {}, lambda x: F.group_norm(x, 1, eps=1e-3))
    yield called("InstanceNorm(x)", images, {}, F.instance_norm)
    yield called("InstanceNorm(x, affine = true)", images, affine,
                 lambda x, w, b: F.instance_norm(x, weight=w, bias=b))
    yield called("LayerNorm(x)", (3, 2, 9), nine, lambda x, w, b: F.layer_norm(x, (9,), w, b))
    yield called("LayerNorm(x, affine = false)", (5, 9), {}, lambda x: F.layer_norm(x, (9,)))
    yield called("RMSNorm(x)", images, {"gamma": (5,), "beta": (5,)},
                 lambda x, g, b: rms_norm(x, (1,)) * channels(g) + channels(b))
    yield called("RMSNorm(x, [2, 3], 1e-5, false)", images, {}, lambda x: rms_norm(x, (2, 3), 1e-5))
    for offset in (0.4, 3.0):
        yield Case(f"ResponseNorm at {offset}",
                   {"x": random(images), "layer.gamma": random((5,)), "layer.beta": random((5,)),
                    "layer.offset": numpy.array([offset])}, "layer: ResponseNorm(x)",
                   lambda x, g, b, o: x / ((x * x).mean((2, 3), True).add(1e-6).sqrt() + o.clamp(0.1, 1)) * channels(g)
                   + channels(b))
    yield Case("standardize", {"x": random(images)}, "standardize(x over 1, 3)",
               lambda x: (x - x.mean((1, 3), True)) / (x.var((1, 3), False, True) + 1e-5).sqrt())


def channels(v):
    return v.reshape(1, -1, 1, 1)


def rms_norm(x, axes, eps=1e-4):
    return x * torch.rsqrt((x * x).mean(axes, True) + eps)


BLUR = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=torch.float64) / 16


def pools():
    x = {"x": random((2, 3, 9, 7), -2, 3)}
    yield Case("max_pool", x, "max_pool(x, [3, 2], [2, 1], [1, 0])", lambda x: F.max_pool2d(x, (3, 2), (2, 1), (1, 0)))
    yield Case("avg_pool", x, "avg_pool(x, [3, 4], 2, 1)", lambda x: F.avg_pool2d(x, (3, 4), 2, 1))
    yield Case("global_avg_pool", x, "global_avg_pool(x)", lambda x: x.mean((2, 3)))
    yield Case("soft_pool", x, "soft_pool(x)",
               lambda x: F.avg_pool2d(x * x.exp(), 2) / (F.avg_pool2d(x.exp(), 2) + 1e-6))
    yield Case("soft_pool, overlapping", x, "soft_pool(x, 3, 2)",
               lambda x: F.avg_pool2d(x * x.exp(), 3, 2) / (F.avg_pool2d(x.exp(), 3, 2) + 1e-6))
    yield Case("blur", {"x": random((2, 3, 3, 7, 5))}, "blur(x)",
               lambda x: F.conv3d(x, BLUR.expand(3, 1, 1, 3, 3), padding=(0, 1, 1), groups=3))


def losses():
    pair = {"x": random((5, 7)), "target": random((5, 7))}
    yield Case("l1", pair, "l1(x, target)", F.l1_loss)
    yield Case("mse", pair, "mse(x, target)", F.mse_loss)
    yield Case("huber", pair, "huber(x, target, 0.3)", lambda x, t: F.huber_loss(x, t, delta=0.3))
    soft = {"x": random((5, 7), -3, 3), "target": random((5, 7), 0, 1)}
    yield Case("cross_entropy", soft, "cross_entropy(x, target)", F.cross_entropy)
    yield Case("cross_entropy, smoothed", soft, "cross_entropy(x, target, 0.2)",
               lambda x, t: F.cross_entropy(x, t, label_smoothing=0.2))
    labels, others = torch.tensor([0, 6, 3, 3, 1]), torch.tensor([1, 0, 6, 3, 3])
    yield Case("cross_entropy of a mixture", {"x": soft["x"]},
               "cross_entropy(x, 0.7 * onehot(int(t), 7) + 0.3 * onehot(int(u), 7), 0.1)",
               lambda x: 0.7 * F.cross_entropy(x, labels, label_smoothing=0.1)
               + 0.3 * F.cross_entropy(x, others, label_smoothing=0.1),
               ["t = tensor([0, 6, 3, 3, 1])", "u = tensor([1, 0, 6, 3, 3])"])
    yield Case("binary_cross_entropy", {"x": random((5, 7), -8, 8), "target": random((5, 7), 0, 1)},
               "binary_cross_entropy(x, target)", F.binary_cross_entropy_with_logits)
    mask = numpy.arange(35).reshape(5, 7) % 3 != 0
    counts = {"x": random((5, 7), 0.1, 2), "count": random((5, 7), 0, 4)}
    for log_input in (True, False):
        yield Case(f"poisson_nll, {log_input}", counts,
                   f"poisson_nll(x, count, float(m), {str(log_input).lower()})",
                   lambda x, count, log_input=log_input: F.poisson_nll_loss(
                       x, count, log_input, reduction="none")[torch.tensor(mask)].mean(),
                   ["m = reshape(iota([35], 0) mod 3 != 0, [5, 7])"])
    ranked = random((5, 7), -3, 3)
    ranked[2] = 1.0
    for k in (1, 3):
        yield Case(f"accuracy in {k}", {"x": ranked}, f"accuracy(x, int(tensor([0, 6, 2, 3, 1])), {k})",
                   lambda x, k=k: accuracy(x, torch.tensor([0, 6, 2, 3, 1]), k) + 0 * x.sum())


def accuracy(x, labels, k):
    best = x.sort(dim=1, descending=True, stable=True).indices[:, :k]
    return (best == labels[:, None]).any(1).to(x.dtype).mean()


def activations():
    x = {"x": numpy.concatenate([random((65,), -5, 5), [-1.0, 1.0]])}
    for name, reference in {"identity": lambda x: 1 * x, "relu": F.relu, "leaky_relu": F.leaky_relu, "gelu": F.gelu,
                            "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "sigmoid": torch.sigmoid,
                            "silu": F.silu, "softplus": F.softplus, "mish": F.mish,
                            "clamp": lambda x: x.clamp(-1, 1)}.items():
        yield Case(name, x, f"{name}(x)", reference)
    far = {"x": numpy.array([-40.0, -25, 19, 21, 40])}
    for name, reference in {"silu": F.silu, "softplus": F.softplus, "mish": F.mish}.items():
        yield Case(f"{name} far out", far, f"{name}(x)", reference)


def small_functions():
    x = {"x": random((3, 5, 7, 2))}
    two = {"a": random((3, 5)), "b": random((3, 5)), "t": random((3, 5))}
    image = ["i: [N, C, H, W] = x"]
    yield Case("split_relu", x, "split_relu(x)", lambda x: torch.cat([F.relu(x), F.relu(-x)], 1))
    yield Case("lerp", two, "lerp(a, b, t)", torch.lerp)
    yield Case("mean", x, "mean(x over 0, 2)", lambda x: x.mean((0, 2)))
    yield Case("moments", x, "m[0] + 3 * m[1]", lambda x: x.mean((0, 2)) + 3 * x.var((0, 2), False),
               ["m = moments(x over 0, 2)"])
    yield Case("norm", x, "norm(x over 1, 3)", lambda x: x.norm(dim=(1, 3)))
    yield Case("softmax", x, "softmax(i over C)", lambda x: x.softmax(1), image)
    yield Case("softmax over two axes", x, "softmax(i over C, H)",
               lambda x: x.flatten(1, 2).softmax(1).view_as(x), image)
    yield Case("log_softmax", x, "log_softmax(i over H)", lambda x: x.log_softmax(2), image)
    yield Case("split", {"x": random((3, 6, 5))}, "s[0] * s[2] + s[1]", lambda x: x[:, :2] * x[:, 4:] + x[:, 2:4],
               ["s = split(x, 3 over 1)"])
    yield Case("pad_edge", x, "pad_edge(i, 2, 1 over H)",
               lambda x: torch.cat([x[:, :, :1], x[:, :, :1], x, x[:, :, -1:]], 2), image)
    yield Case("center", x, "center(i, 4 over H)", lambda x: x[:, :, 1:5], image)
    yield Case("latest", x, "latest(i, 3 over H)", lambda x: x[:, :, 4:], image)
    for size in [(9, 5), (4, 1), (7, 2)]:
        yield Case(f"resize_nearest {size}", x, f"resize_nearest(x, {size[0]}, {size[1]})",
                   lambda x, size=size: F.interpolate(x, size, mode="nearest"))
    at = numpy.array([-0.4, 0.3, 1.7, 2.5, 3.2, 3.9, 4.6])
    yield Case("hat", {"at": at}, "hat(at, 5)",
               lambda at: (1 - (at[:, None] - torch.arange(5)).abs()).clamp(min=0))
    yield Case("onehot", {"x": random((4, 3))}, "x * onehot(int(tensor([2, 0, 1, 2])), 3)",
               lambda x: x * F.one_hot(torch.tensor([2, 0, 1, 2]), 3))
    yield Case("bound", x, "bound(x, 0.5)", lambda x: x.clamp(-0.5, 0.5))


def gru_parameters(inputs, hidden, layer_norm, reset, groups=1, prefix="", depthwise=False):
    """Names and shapes of a cell's parameters, in the order of the text."""
    gates = 2 if reset == "conv" else 3
    shapes = gate_parameters("conv_x", inputs, 3 * hidden, groups, depthwise) | {"conv_x.bias": (3 * hidden,)}
    if depthwise:
        shapes["conv_x.pointwise.bias"] = shapes.pop("conv_x.bias")
    shapes |= gate_parameters("conv_h", hidden, gates * hidden, groups, depthwise)
    if layer_norm:
        shapes |= {"layer_norm.weight": (gates * hidden,), "layer_norm.bias": (gates * hidden,)}
    if reset == "conv":
        shapes["conv_n.weight"] = (hidden, hidden // groups, 3, 3)
        if layer_norm:
            shapes |= {"layer_norm_n.weight": (hidden,), "layer_norm_n.bias": (hidden,)}
    return {prefix + key: value for key, value in shapes.items()}


def gate_parameters(name, inputs, outputs, groups, depthwise):
    if depthwise:
        return {name + ".depthwise.weight": (inputs, 1, 3, 3), name + ".pointwise.weight": (outputs, inputs, 1, 1)}
    return {name + ".weight": (outputs, inputs // groups, 3, 3)}


def gate_conv(x, p, name, groups):
    if name + ".depthwise.weight" in p:
        x = F.conv2d(x, p[name + ".depthwise.weight"], None, 1, 1, 1, x.shape[1])
        return F.conv2d(x, p[name + ".pointwise.weight"], p.get(name + ".pointwise.bias"))
    return F.conv2d(x, p[name + ".weight"], p.get(name + ".bias"), 1, 1, 1, groups)


def gru_cell(x, h, p, reset, groups=1):
    """One step; p maps a parameter's name to its value."""
    def recurrent(h, conv, norm):
        y = gate_conv(h, p, conv, groups)
        if norm + ".weight" in p:
            y = F.group_norm(y, min(32, h.shape[1]), p[norm + ".weight"], p[norm + ".bias"])
        return y

    zx, rx, nx = gate_conv(x, p, "conv_x", groups).chunk(3, 1)
    zh, rh, *nh = recurrent(h, "conv_h", "layer_norm").split(h.shape[1], 1)
    z, r = (zx + zh).sigmoid(), (rx + rh).sigmoid()
    if reset == "conv":
        n = nx + recurrent(r * h, "conv_n", "layer_norm_n")
    else:
        n = nx + {"visioncore": nh[0] + r * h, "bug": nh[0], "cudnn": r * nh[0]}[reset]
    return (1 - z) * h + z * n.tanh()


def cells():
    for reset in ("visioncore", "bug", "cudnn", "conv"):
        for layer_norm in (True, False):
            shapes = gru_parameters(3, 5, layer_norm, reset, prefix="cell.")
            inputs = {"x": random((2, 3, 5, 4)), "h": random((2, 5, 5, 4)),
                      **{key: random(shape) for key, shape in shapes.items()}}
            names = [key.split(".", 1)[1] for key in shapes]
            call = f'cell: ConvGRUCell(x, h, use_layer_norm = {str(layer_norm).lower()}, reset = "{reset}")'
            yield Case(f"{reset} cell, norm {layer_norm}", inputs, call,
                       lambda x, h, *p, names=names, reset=reset: gru_cell(x, h, dict(zip(names, p)), reset))


def gru(name, options, inputs, hidden, learnable=True, groups=1, limit=None, finish=lambda x, states: states[-1],
        layer_norm=True, depthwise=False, reset="visioncore", extent=(2, 3, 5, 3), scale=1.0):
    """A case of ConvGRU on films of an extent (samples, frames, height, width); `finish` makes the result of the frames
    and the states, and `scale` is the size of the weights."""
    samples, frames, *space = extent
    shapes = gru_parameters(inputs, hidden, layer_norm, reset, groups, "gru.cell.", depthwise)
    names = [key.split(".", 2)[2] for key in shapes]
    given = {"x": random((samples, inputs, frames, *space)),
             **{key: scale * random(shape) for key, shape in shapes.items()}}
    if learnable:
        given["gru.h0"] = random((1, hidden, 1, 1))

    def reference(x, *parameters):
        start = parameters[-1] if learnable else torch.zeros(1, dtype=x.dtype)
        h = start.expand(samples, hidden, *space)
        states = []
        for t in range(frames):
            h = gru_cell(x[:, :, t], h, dict(zip(names, parameters)), reset, groups)
            states.append(h if limit is None else h.clamp(-limit, limit))
            h = states[-1]
        return finish(x, states)

    return Case(name, given, f"gru: ConvGRU(x, {hidden}{options})", reference)


def residual(x, states):
    return states[-1] + x[:, :, -1]


def recurrent():
    yield gru("ConvGRU", "", 3, 5)
    yield gru("ConvGRU from zero", ", learnable_h0 = false", 3, 5, learnable=False)
    yield gru("ConvGRU with limits", ", grad_clip_val = 0.4", 3, 5, limit=0.4)
    yield gru("ConvGRU, grouped", ", use_grouped = true, num_groups = 3", 6, 3, groups=3)
    yield gru("ConvGRU, residual", ", use_residual = true", 5, 5, finish=residual)
    yield gru("ConvGRU, all states", ", return_sequence = true", 3, 5, finish=lambda x, states: torch.stack(states, 2))
    yield gru("ConvGRU, depthwise", ", use_layer_norm = false, learnable_h0 = false, use_depthwise = true", 3, 5,
              learnable=False, layer_norm=False, depthwise=True)


class Stdlib(blocks.Comparison, unittest.TestCase):
    def cases(self):
        return [*convolutions(), *more_layers(), *norms(), *pools(), *losses(), *activations(), *small_functions(),
                *cells(), *recurrent()]

    def test_every_declaration(self):
        """Each function that is declared is called in a case, here or in another test."""
        declared, texts = set(), [case.equation + " " + " ".join(case.statements) for case in self.cases()]
        for file in glob.glob(os.path.join(self.root, "stdlib/*.nacre")):
            with open(file) as lines:
                declared |= set(re.findall(r"^(?:fn|block) (\w+)", lines.read(), re.MULTILINE))
        for name in ("test_random.py", "test_updates.py", "test_metrics.py"):
            with open(os.path.join(os.path.dirname(__file__), name)) as file:
                texts.append(file.read())
        called = set(re.findall(r"\w+", " ".join(texts)))
        parts = {"Weight", "same", "fan_in", "fan_out", "unit", "without", "Momentum", "gamma_try", "abs_range",
                 "bounce", "shift_matrix", "weight_shape", "symmetric", "grouped", "less", "scheduled"}  # which others call
        self.assertEqual(declared - called - parts, set())

    def test_evaluation(self):
        """Batch norm uses the running statistics; nothing drops out, and no state has limits."""
        before = {"layer.running_mean": random((3,)), "layer.running_var": random((3,), 0.5, 2)}
        norm = called("BatchNorm(x)", (2, 3, 5, 3), {"weight": (3,), "bias": (3,)}, lambda x, w, b: x, states=before)
        x = {"x": random((3, 5))}
        cases = [norm, Case("dropout", x, "dropout(x, 0.4)", lambda x: 1 * x),
                 Case("drop_path", x, "drop_path(x, 0.4)", lambda x: 1 * x),
                 Case("bound", x, "bound(x, 0.1)", lambda x: 1 * x)]
        mean, variance = map(torch.tensor, before.values())
        x, weight, bias = map(torch.tensor, norm.inputs.values())
        truths = [F.batch_norm(x, mean, variance, weight, bias), *[case.y.detach() for case in cases[1:]]]
        for precision, (dtype, bound) in self.BOUNDS.items():
            binary, tensors = self.binary(cases, precision), blocks.inputs(cases, dtype)
            for number, truth in enumerate(truths):
                y = self.evaluated(binary, tensors, number, tuple(truth.shape))
                self.assertLess(nacre.distance(y, truth), bound, f"{cases[number].name}, {precision}")
