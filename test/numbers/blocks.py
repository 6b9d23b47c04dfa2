"""One model file with many blocks, each a function of its own parameters; its loss is
the sum of sum(y * c) over the blocks, so that one step gives every gradient and, as
the gradient of c, every y."""

import os
import shutil

import numpy
import torch

import nacre

HEAD = """\
dataset nothing {
  unused: float[1]
  train = synthetic()
  eval = synthetic()
}
"""

TAIL = """
experiment numbers {{
  data = nothing
  batch = 1
  steps = 1
  lr = 0.0
  forward(unused) {{
    loss = {terms} + 0 * sum(unused)
  }}
  update(p, g) = p - lr * g
}}
"""


def random(shape, low=-1.0, high=1.0, generator=numpy.random.default_rng(20260101)):
    return generator.uniform(low, high, shape)


def literal(value):
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, (list, tuple)) else str(value)


class Block:
    """y = `equation` of the parameters `inputs`; those with a dot in their name belong to calls in the equation.
    `weight` is c of the loss, `states` are values to begin with."""

    def __init__(self, name, inputs, equation, weight, statements=(), states=None):
        self.name, self.inputs, self.equation, self.weight = name, inputs, equation, weight
        self.statements, self.states = statements, states or {}

    def text(self, number):
        lines = [f"block Case{number}(unused: [U, V]) {{"]
        for key, value in {**self.inputs, "c": self.weight}.items():
            if "." not in key:
                lines.append(f"  param {key}: {literal(list(numpy.shape(value)))} = 0")
        lines += [f"  {statement}" for statement in self.statements]
        lines += [f"  y = {self.equation}", "  return sum(y * c) + 0 * sum(unused)", "}"]
        return "\n".join(lines)

    def tensors(self, dtype):
        floats = {**self.inputs, "c": self.weight}
        return {key: numpy.asarray(value, dtype) for key, value in floats.items()} | self.states


class Case(Block):
    """`reference` is y in PyTorch, and `after` the states that it leaves, by name."""

    def __init__(self, name, inputs, equation, reference, statements=(), states=None, after=None):
        tensors = {key: torch.tensor(value, dtype=torch.float64, requires_grad=True) for key, value in inputs.items()}
        self.y = reference(*tensors.values())
        generator = numpy.random.default_rng(len(name))
        super().__init__(name, inputs, equation, generator.uniform(0.5, 1.5, tuple(self.y.shape)), statements, states)
        (self.y * torch.tensor(self.weight)).sum().backward()
        self.gradients = {key: (tensor.grad if tensor.grad is not None else torch.zeros_like(tensor)).numpy()
                          for key, tensor in tensors.items()}
        self.after = {key: value.detach().numpy() for key, value in after(*tensors.values()).items()} if after else {}

    def expected(self):
        """The truth by result: a gradient, or with = a state. The gradient of c is y."""
        states = {"=" + key: value for key, value in self.after.items()}
        return {**self.gradients, "c": self.y.detach().numpy(), **states}


def model(cases, imports=()):
    terms = " + ".join(f"(k{number}: Case{number}(unused))" for number in range(len(cases)))
    texts = [case.text(number) for number, case in enumerate(cases)]
    head = "".join(f"import {name}\n" for name in imports) + HEAD
    return head + "\n" + "\n\n".join(texts) + "\n" + TAIL.format(terms=terms)


def inputs(cases, dtype):
    tensors = {"field.unused": numpy.zeros((1, 1), dtype)}
    for number, case in enumerate(cases):
        for key, value in case.tensors(dtype).items():
            tensors[f"k{number}.{key}"] = value
    return tensors


class Comparison:
    """Holds the blocks of `cases()` against what they expect, in both precisions. `imports` are files of models/,
    `states` what a step is given besides the blocks' tensors."""

    BOUNDS = {"f64": (numpy.float64, 1e-9), "f32": (numpy.float32, 1e-4)}
    imports, states = (), {}

    def binary(self, cases, precision, imports=()):
        for name in imports:
            shutil.copy(os.path.join(self.root, "models", name + ".nacre"), self.folder)
        name = f"{type(self).__name__.lower()}_{precision}"
        file = os.path.join(self.folder, name + ".nacre")
        with open(file, "w") as out:
            out.write(model(cases, imports))
        return nacre.Binary(self.nacre, file, self.folder, name, precision=precision, target=self.target)

    def compare(self, precision):
        dtype, bound = self.BOUNDS[precision]
        cases = list(self.cases())
        result = self.binary(cases, precision, self.imports).step(inputs(cases, dtype) | self.states)
        gaps = {}
        for number, case in enumerate(cases):
            given = {f"grad.k{number}.{key}" for key in case.tensors(dtype)}
            self.assertLessEqual({key for key in result if key.startswith(f"grad.k{number}.")}, given, case.name)
            for key, truth in case.expected().items():
                with self.subTest(case=case.name, result=key):
                    ours = result[f"k{number}.{key[1:]}" if key[0] == "=" else f"grad.k{number}.{key}"]
                    gap = gaps[f"{case.name}: {key}"] = nacre.distance(ours, truth)
                    self.assertLess(gap, bound, f"{case.name}: {key} is {gap:.2e} off")
        worst = max(gaps, key=gaps.get)
        print(f"{len(gaps)} results, {precision}, worst: {gaps[worst]:.1e} ({worst})")

    @staticmethod
    def evaluated(binary, tensors, number, shape):
        """y of a block in evaluation: as there are no gradients, c picks one element at a time."""
        count = int(numpy.prod(shape))
        others = {key: 0 * value if key.endswith(".c") else value for key, value in tensors.items()}
        return [float(binary.step({**others, f"k{number}.c": one}, "eval")["loss"])
                for one in numpy.eye(count).reshape(count, *shape)]

    def test_f64(self):
        self.compare("f64")

    def test_f32(self):
        self.compare("f32")
