"""One model file with many blocks, each a function of its own parameters; its loss is
the sum of sum(y * c) over the blocks, so that one step gives every gradient and, as
the gradient of c, every y."""

import numpy
import torch

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


def literal(value):
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, (list, tuple)) else str(value)


class Case:
    """`inputs` are arrays by name; `equation` is y in the language, `reference` in PyTorch."""

    def __init__(self, name, inputs, equation, reference, statements=()):
        self.name, self.inputs, self.equation, self.reference = name, inputs, equation, reference
        self.statements = statements
        tensors = {key: torch.tensor(value, dtype=torch.float64, requires_grad=True) for key, value in inputs.items()}
        self.y = reference(*tensors.values())
        shape = tuple(self.y.shape)
        generator = numpy.random.default_rng(len(name))
        self.weight = generator.uniform(0.5, 1.5, shape)
        (self.y * torch.tensor(self.weight)).sum().backward()
        self.gradients = {key: (tensor.grad if tensor.grad is not None else torch.zeros_like(tensor)).numpy()
                          for key, tensor in tensors.items()}

    def text(self, number):
        lines = [f"block Case{number}(unused: [U, V]) {{"]
        for key, value in {**self.inputs, "c": self.weight}.items():
            lines.append(f"  param {key}: {literal(list(numpy.shape(value)))} = 0")
        lines += [f"  {statement}" for statement in self.statements]
        lines += [f"  y = {self.equation}", "  return sum(y * c) + 0 * sum(unused)", "}"]
        return "\n".join(lines)

    def tensors(self, dtype):
        return {key: numpy.asarray(value, dtype) for key, value in {**self.inputs, "c": self.weight}.items()}

    def expected(self):
        return {**self.gradients, "c": self.y.detach().numpy()}


def model(cases):
    terms = " + ".join(f"(k{number}: Case{number}(unused))" for number in range(len(cases)))
    texts = [case.text(number) for number, case in enumerate(cases)]
    return HEAD + "\n" + "\n\n".join(texts) + "\n" + TAIL.format(terms=terms)


def inputs(cases, dtype):
    tensors = {"field.unused": numpy.zeros((1, 1), dtype)}
    for number, case in enumerate(cases):
        for key, value in case.tensors(dtype).items():
            tensors[f"k{number}.{key}"] = value
    return tensors
