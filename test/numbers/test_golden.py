"""The golden vectors (golden.json): values and gradients of the models' operators, made
with plain PyTorch in f64. Inputs are fill(shape, s, a) = a * sin(0.37 i + s)."""

import json
import os
import unittest

import numpy

import blocks
import nacre

HERE = os.path.dirname(os.path.abspath(__file__))


def fill(shape, s, a=0.5):
    return (a * numpy.sin(0.37 * numpy.arange(numpy.prod(shape)) + s)).reshape(shape)


class Golden:
    """Parameters by name (a dot: of a block in `equation`, not declared here), the
    equation of y, the weight of y in the loss, and which result each vector is."""

    def __init__(self, name, inputs, equation, results, weight, statements=()):
        self.name, self.inputs, self.equation, self.results = name, inputs, equation, results
        self.weight, self.statements = weight, statements

    def text(self, number):
        lines = [f"block Case{number}(unused: [U, V]) {{"]
        for key, value in {**self.inputs, "c": self.weight}.items():
            if "." not in key:
                lines.append(f"  param {key}: {blocks.literal(list(numpy.shape(value)))} = 0")
        lines += [f"  {statement}" for statement in self.statements]
        lines += [f"  y = {self.equation}", "  return sum(y * c) + 0 * sum(unused)", "}"]
        return "\n".join(lines)

    def tensors(self, dtype):
        return {key: numpy.asarray(value, dtype) for key, value in {**self.inputs, "c": self.weight}.items()}


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


def activations(vectors):
    for name, function in {"gelu_exact": "gelu", "gelu_tanh": "gelu_tanh", "silu": "silu", "relu": "relu"}.items():
        x = numpy.array(vectors[name]["x"])
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


OPTIMIZER = """
dataset given {
  g: float[4]
  train = synthetic()
  eval = synthetic()
}

block Weights(g: [N, K]) {
  param w: [4] = 0
  v: [K] = w
  return sum(g * v)
}

experiment numbers {
  data = given
  batch = 1
  steps = 10
  lr = %s
  forward(g) {
    loss = Weights(g)
  }
  update(p, g) = %s
}
"""


class Vectors(unittest.TestCase):
    with open(os.path.join(HERE, "golden.json")) as file:
        vectors = json.load(file)

    def compare(self, precision, dtype, bound):
        cases = [*norms(), *activations(self.vectors), *convolutions(), *losses()]
        file = os.path.join(self.folder, f"golden_{precision}.nacre")
        with open(file, "w") as out:
            out.write(blocks.model(cases))
        binary = nacre.Binary(self.nacre, file, self.folder, f"golden_{precision}", precision=precision,
                              target=self.target)
        result = binary.step(blocks.inputs(cases, dtype))
        for number, case in enumerate(cases):
            for vector, key in case.results.items():
                with self.subTest(case=case.name, vector=vector):
                    ours = result[f"k{number}.{key[1:]}" if key[0] == "=" else f"grad.k{number}.{key}"]
                    gap = nacre.distance(ours, self.vectors[case.name][vector])
                    self.assertLess(gap, bound, f"{case.name}: {vector} is {gap:.2e} off")

    def test_f64(self):
        self.compare("f64", numpy.float64, 1e-9)

    def test_f32(self):
        self.compare("f32", numpy.float32, 1e-4)

    def test_optimizers(self):
        for name, rate, update in [
                ("sgd_lr.1_m.9_wd5e-4", "0.1", "SGD(p, g, lr, 0.9, 5e-4)"),
                ("adam_lr1e-2_wd1e-2", "0.01", "Adam(p, g, lr, weight_decay = 1e-2)"),
                ("adamw_lr3e-4_wd1e-2", "3e-4", "AdamW(p, g, lr)")]:
            with self.subTest(optimizer=name):
                file = os.path.join(self.folder, "optimizer.nacre")
                with open(file, "w") as out:
                    out.write(OPTIMIZER % (rate, update))
                binary = nacre.Binary(self.nacre, file, self.folder, "optimizer", precision="f64")
                tensors = {"w": fill((4,), 0.1)}
                for step in range(3):
                    tensors["field.g"] = fill((1, 4), 0.5 + step)
                    tensors = binary.step(tensors, step=step)
                    gap = nacre.distance(tensors["w"], self.vectors[name]["w"][4 * step:4 * step + 4])
                    self.assertLess(gap, 1e-9)

    def test_clip_and_schedule(self):
        file = os.path.join(self.folder, "clip.nacre")
        with open(file, "w") as out:
            out.write(OPTIMIZER % ("cosine(3e-4, 10)", "p - clip_norm(g, 1.0)"))
        binary = nacre.Binary(self.nacre, file, self.folder, "clip", precision="f64")
        given = {"w": numpy.zeros(4), "field.g": fill((1, 4), 0.5, 3.0)}
        clipped = -binary.step(given)["w"]
        self.assertLess(nacre.distance(clipped, self.vectors["clip_grad_norm_1.0"]["grad"]), 1e-9)
        for step, rate in enumerate(self.vectors["cosine_T10_lr3e-4_13steps"]["lr"]):
            self.assertAlmostEqual(float(binary.step(given, step=step)["lr"]), rate, delta=1e-15)
