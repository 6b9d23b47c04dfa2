"""Every op's gradient, as `differentiate` makes it, against PyTorch's."""

import unittest

import numpy as np
import torch

from evaluator import evaluate, optimize, rounded
from op_cases import all_cases, type_of

CASES = [case for case in all_cases() if case.gradient]


def result_shape(result):
    return [int(size) for size in result[len("tensor<"):-1].split("x")[:-1]]


def function_text(case):
    """The loss is the sum of the result's elements, each with a weight of its own."""
    arguments = []
    for i, operand in enumerate(case.operands):
        role = "param" if operand.dtype == np.float64 else "field"
        arguments.append(f'%{i}: {type_of(operand)} {{nacre.role = "{role}", nacre.name = "{i}"}}')
    result = case.results[0]
    arguments.append(f'%weight: {result} {{nacre.role = "field", nacre.name = "weight"}}')
    axes = list(range(len(result_shape(result))))
    return f"""
func.func @{case.name}({", ".join(arguments)}) -> (tensor<F> {{nacre.role = "loss"}}) {{
  {case.text}
  %weighted = graph.mul %r0, %weight : {result}
  %loss = graph.reduce sum %weighted over {axes} : {result} to tensor<F>
  return %loss : tensor<F>
}}
"""


def weights(case):
    shape = result_shape(case.results[0])
    return np.cos(np.arange(np.prod(shape, dtype=int)) * 0.7).reshape(shape)


def expected_gradients(case, operands, weight):
    leaves = [torch.from_numpy(operand) for operand in operands]
    floats = [leaf.requires_grad_() for leaf in leaves if leaf.dtype == torch.float64]
    return torch.autograd.grad((case.expected(*leaves) * torch.from_numpy(weight)).sum(), floats)


class GradientsAgainstPyTorch(unittest.TestCase):

    def compare(self, element, tolerance):
        module = "".join(map(function_text, CASES)).replace("xF>", f"x{element}>").replace("<F>", f"<{element}>")
        passes = ",".join(f"differentiate{{function={case.name}}}" for case in CASES)
        module = optimize(module, f"--pass-pipeline=builtin.module({passes},canonicalize,cse)")
        operands = [[rounded(operand, element) for operand in case.operands + [weights(case)]] for case in CASES]
        runs = [(case.name, given, {}) for case, given in zip(CASES, operands)]
        for case, given, results in zip(CASES, operands, evaluate(module, runs)):
            expected = expected_gradients(case, given[:-1], given[-1])
            with self.subTest(case.name):
                self.assertEqual(len(results), 1 + len(expected))
                for result, gradient in zip(results[1:], expected):
                    np.testing.assert_allclose(result, gradient.numpy(), rtol=tolerance, atol=tolerance)

    def test_f64(self):
        self.compare("f64", 1e-9)

    def test_f32(self):
        self.compare("f32", 1e-4)


if __name__ == "__main__":
    unittest.main()
