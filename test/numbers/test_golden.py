"""The golden vectors (golden.json): values and gradients of the models' operators, made
with plain PyTorch in f64. Inputs are fill(shape, s, a) = a * sin(0.37 i + s)."""

import json
import os
import unittest

import numpy

import blocks
import nacre
import updates

HERE = os.path.dirname(os.path.abspath(__file__))


def fill(shape, s, a=0.5):
    return (a * numpy.sin(0.37 * numpy.arange(numpy.prod(shape)) + s)).reshape(shape)


with open(os.path.join(HERE, "golden.json")) as file:
    VECTORS = json.load(file)


class Golden(blocks.Block):
    """`results` says which result each vector is."""

    def __init__(self, name, inputs, equation, results, weight, statements=()):
        super().__init__(name, inputs, equation, weight, statements)
        self.results = results

    def expected(self):
        return {key: VECTORS[self.name][vector] for vector, key in self.results.items()}


X = fill((2, 3, 2, 2), 0.1)
IMAGE = ["i: [N, C, H, W] = x"]


def norms():
    yield Golden("rmsnorm_ch_eps1e-4", {"x": X, "norm.gamma": 1 + fill((3,), 0.2), "norm.beta": fill((3,), 0.3)},
                 "norm: RMSNorm(i)", {"y": "c", "dx": "x", "dgamma": "norm.gamma", "dbeta": "norm.beta"},
                 fill((2, 3, 2, 2), 0.9), IMAGE)
    yield Golden("batchnorm2d_train", {"x": X, "norm.weight": 1 + fill((3,), 0.2), "norm.bias": fill((3,), 0.3)},
                 "norm: BatchNorm(i)", {"y": "c", "dx": "x", "dgamma": "norm.weight", "dbeta": "norm.bias",
                                        "running_mean": "=norm.running_mean", "running_var": "=norm.running_var"},
                 fill((2, 3, 2, 2), 0.9), IMAGE)
    yield Golden("groupnorm_2x6", {"x": fill((2, 6, 2, 2), 0.1), "norm.weight": 1 + fill((6,), 0.2),
                                   "norm.bias": fill((6,), 0.3)}, "norm: GroupNorm(i, 2)",
                 {"y": "c", "dx": "x", "dgamma": "norm.weight", "dbeta": "norm.bias"}, fill((2, 6, 2, 2), 0.9), IMAGE)
    yield Golden("weight_norm_dim0", {"w.weight_v": fill((4, 3, 2, 2), 0.4), "w.weight_g": 1 + fill((4, 1, 1, 1), 0.5)},
                 "w: WeightNorm([4, 3, 2, 2], 0)", {"w": "c", "dv": "w.weight_v", "dg": "w.weight_g"},
                 fill((4, 3, 2, 2), 0.9))


def activations():
    for name, function in {"gelu_exact": "gelu", "gelu_tanh": "gelu_tanh", "silu": "silu", "relu": "relu"}.items():
        x = numpy.array(VECTORS[name]["x"])
        yield Golden(name, {"x": x}, f"{function}(x)", {"y": "c", "dx": "x"}, numpy.ones_like(x))


def conv(name, shape, kernel, equation, result, bias=None, x=None):
    inputs = {"x": fill((1, 4, 5, 5), 0.1) if x is None else x, "w": kernel}
    statements = []
    if bias is not None:
        inputs["bias"] = bias
        statements = ["b: [K] = bias", f"u: [N, K, P, Q] = {equation}"]
        equation = "u + b"
    return Golden(name, inputs, equation, {result: "c"}, numpy.ones(shape), statements)


def convolutions():
    yield conv("conv2d_3x3_s2_p1", (1, 6, 3, 3), fill((6, 4, 3, 3), 0.2), "conv(x, w, 2, 1, 1, 1)", "y",
               fill((6,), 0.3))
    yield conv("conv2d_dil2_p2", (1, 2, 5, 5), fill((2, 4, 3, 3), 0.2), "conv(x, w, 1, 2, 2, 1)", "y")
    yield conv("convT2d_3x3_s1_p1", (1, 2, 5, 5), fill((4, 2, 3, 3), 0.2), "conv_transpose(x, w, 1, 1, 0, 1, 1)", "y",
               fill((2,), 0.3))
    yield Golden("dwsep_3x3", {"x": fill((1, 4, 5, 5), 0.1), "w": fill((4, 1, 3, 3), 0.2), "v": fill((3, 4, 1, 1), 0.3)},
                 "conv(conv(x, w, 1, 1, 1, 4), v, 1, 0, 1, 1)", {"y": "c"}, numpy.ones((1, 3, 5, 5)))
    yield Golden("conv3d_causal_replicate_k3x5x5_s2",
                 {"x": fill((1, 2, 4, 5, 5), 0.1), "conv.weight": fill((2, 2, 3, 5, 5), 0.2, 0.1)},
                 "conv: CausalConv(i, 2, [3, 5, 5], 2, [0, 2, 2], bias = false)", {"y": "c"},
                 numpy.ones((1, 2, 2, 3, 3)), ["i: [N, C, T, H, W] = x"])


def losses():
    logits, one = fill((3, 5), 0.1, 2.0), numpy.ones(())
    labels = "t: [N, K] = onehot(int(tensor([0, 3, 4])), 5)"
    for smoothing in ("0.0", "0.1"):
        yield Golden(f"ce_ls{smoothing}", {"x": logits}, f"cross_entropy(x, t, {smoothing})",
                     {"loss": "c", "dlogits": "x"}, one, [labels])
    rate, count = fill((2, 3), 0.1, 1.0), numpy.array([[0.0, 1, 2], [3, 0, 1]])
    yield Golden("poisson_nll_log", {"x": rate, "count": count}, "poisson_nll(x, count, expand(1.0, [2, 3]))",
                 {"loss": "c"}, one)
    yield Golden("poisson_nll_nolog", {"x": numpy.exp(rate), "count": count},
                 "poisson_nll(x, count, expand(1.0, [2, 3]), log_input = false)", {"loss": "c"}, one)


def recurrent():
    inputs = {"x": fill((2, 3, 3, 4, 4), 0.1), "gru.h0": numpy.zeros((1, 4, 1, 1)),
              "gru.cell.conv_x.weight": fill((12, 3, 3, 3), 0.2, 0.3), "gru.cell.conv_x.bias": fill((12,), 0.3, 0.1),
              "gru.cell.conv_h.weight": fill((12, 4, 3, 3), 0.4, 0.2)}
    norm = {"gru.cell.layer_norm.weight": 1 + fill((12,), 0.5, 0.2), "gru.cell.layer_norm.bias": fill((12,), 0.6, 0.1)}
    for name, more, options in [("convgru_ln_rh_h0zero", norm, ""), ("convgru_ln_bug_no_rh", norm, ', reset = "bug"'),
                                ("convgru_cudnn_standard_noln", {}, ', use_layer_norm = false, reset = "cudnn"')]:
        yield Golden(name, {**inputs, **more}, f"gru: ConvGRU(x, 4{options})", {"h": "c"}, numpy.ones((2, 4, 4, 4)))


def pools():
    weights = {"pool.se.1.weight": fill((2, 8, 1, 1, 1), 0.2), "pool.se.1.bias": fill((2,), 0.3),
               "pool.se.3.weight": fill((8, 2, 1, 1, 1), 0.4), "pool.se.3.bias": fill((8,), 0.5)}
    yield Golden("aablur_se_softpool_C8_r4", {"x": fill((1, 8, 2, 5, 6), 0.1, 2.0), **weights},
                 "pool: BlurPool(x, 4)", {"y": "c"}, numpy.ones((1, 8, 2, 2, 3)))


OPTIMIZERS = [("sgd_lr.1_m.9_wd5e-4", "0.1", "SGD(p, g, lr, 0.9, 5e-4)"),
              ("adam_lr1e-2_wd1e-2", "0.01", "Adam(p, g, lr, weight_decay = 1e-2)"),
              ("adamw_lr3e-4_wd1e-2", "3e-4", "AdamW(p, g, lr)")]


class Vectors(blocks.Comparison, unittest.TestCase):
    imports = ("visioncore",)

    def cases(self):
        return [*norms(), *activations(), *convolutions(), *losses(), *recurrent(), *pools()]

    def test_every_vector(self):
        held = {case.name: set(case.results) for case in self.cases()}
        given = {name: set(vectors) - {"shape"} - set(case.inputs) for case in self.cases()
                 for name, vectors in [(case.name, VECTORS[case.name])]}
        self.assertEqual(held, given)
        elsewhere = {"batchnorm2d_eval_after", "clip_grad_norm_1.0", "cosine_T10_lr3e-4_13steps"}
        self.assertEqual(set(VECTORS), {*held, *elsewhere, *[name for name, _, _ in OPTIMIZERS]})

    def test_batch_norm_in_evaluation(self):
        """The step before it leaves the running statistics."""
        case = next(case for case in norms() if case.name == "batchnorm2d_train")
        for precision, (dtype, bound) in self.BOUNDS.items():
            binary = self.binary([case], precision)
            tensors = blocks.inputs([case], dtype)
            after = binary.step(tensors)
            tensors |= {key: value for key, value in after.items() if key.startswith("k0.norm.running")}
            y = self.evaluated(binary, tensors, 0, X.shape)
            self.assertLess(nacre.distance(y, VECTORS["batchnorm2d_eval_after"]["y"]), bound)

    def test_optimizers(self):
        for name, rate, update in OPTIMIZERS:
            for precision, (_, bound) in self.BOUNDS.items():
                with self.subTest(optimizer=name, precision=precision):
                    binary = updates.binary(self, "optimizer", rate, update, precision)
                    tensors = {"w": fill((4,), 0.1)}
                    for step in range(3):
                        tensors["field.g"] = fill((1, 4), 0.5 + step)
                        tensors = binary.step(tensors, step=step)
                        gap = nacre.distance(tensors["w"], VECTORS[name]["w"][4 * step:4 * step + 4])
                        self.assertLess(gap, bound)

    def test_clip_and_schedule(self):
        given = {"w": numpy.zeros(4), "field.g": fill((1, 4), 0.5, 3.0)}
        clip = VECTORS["clip_grad_norm_1.0"]
        for precision, (_, bound) in self.BOUNDS.items():
            scaled = -updates.binary(self, "norm", "0.1", "p - g * grad_norm", precision).step(given)["w"]
            self.assertLess(nacre.distance(scaled, clip["total_norm"] * given["field.g"]), bound)
            binary = updates.binary(self, "clip", "cosine(3e-4, 10)", "p - clip_norm(g, 1.0)", precision)
            self.assertLess(nacre.distance(-binary.step(given)["w"], clip["grad"]), bound)
            for step, rate in enumerate(VECTORS["cosine_T10_lr3e-4_13steps"]["lr"]):
                self.assertAlmostEqual(float(binary.step(given, step=step)["lr"]), rate, delta=1e-15)
