"""Every op's value by the reference evaluator, against PyTorch."""

import unittest

import numpy as np
import torch

from evaluator import evaluate, rounded
from op_cases import all_cases, type_of

CASES = all_cases()


def function_text(case):
    arguments = ", ".join(f"%{i}: {type_of(operand)}" for i, operand in enumerate(case.operands))
    types = ", ".join(case.results)
    values = ", ".join(f"%r{i}" for i in range(len(case.results)))
    text = f"func.func @{case.name}({arguments}) -> ({types}) {{\n  {case.text}\n  return {values} : {types}\n}}\n"
    return text


def module_text(element):
    return "".join(map(function_text, CASES)).replace("xF>", f"x{element}>").replace("<F>", f"<{element}>")


class OpsAgainstPyTorch(unittest.TestCase):

    def compare(self, element, tolerance):
        runs = [(case.name, case.operands, {}) for case in CASES]
        for case, results in zip(CASES, evaluate(module_text(element), runs)):
            expected = case.expected(*(torch.from_numpy(rounded(operand, element))
                                       for operand in case.operands))
            expected = expected if isinstance(expected, tuple) else (expected, )
            with self.subTest(case.name):
                self.assertEqual(len(results), len(expected))
                for result, tensor in zip(results, expected):
                    np.testing.assert_allclose(result, tensor.detach().numpy(), rtol=tolerance, atol=tolerance)

    def test_f64(self):
        self.compare("f64", 1e-9)

    def test_f32(self):
        self.compare("f32", 1e-4)


class Sources(unittest.TestCase):
    """Ops that PyTorch does not have."""

    def run_one(self, text, result, **control):
        module = f"func.func @f() -> {result} {{\n  %r = {text} : {result}\n  return %r : {result}\n}}"
        return evaluate(module, [("f", [], control)])[0][0]

    def test_control_reads_the_control_block(self):
        control = {"step": 7, "steps": 100, "steps_per_epoch": 12.5}
        for name, value in control.items():
            self.assertEqual(self.run_one(f'graph.control "{name}"', "tensor<f64>", **control), value)

    def test_iota_counts_along_its_axis(self):
        np.testing.assert_array_equal(self.run_one("graph.iota 1", "tensor<2x3xi32>"), [[0, 1, 2], [0, 1, 2]])

    def test_constants_keep_their_values(self):
        np.testing.assert_array_equal(self.run_one("graph.constant dense<[1.5, -2.0]>", "tensor<2xf32>"), [1.5, -2])
        np.testing.assert_array_equal(self.run_one("graph.constant dense<255>", "tensor<2xui8>"), [255, 255])

    def test_random_is_uniform_and_named_by_its_key(self):
        draw = lambda stream=5, **control: self.run_one(f"graph.random {stream}", "tensor<100x100xf32>",
                                                        **control)
        numbers = draw()
        self.assertTrue((numbers >= 0).all() and (numbers < 1).all())
        self.assertAlmostEqual(numbers.mean(), 0.5, delta=0.02)
        self.assertAlmostEqual(numbers.var(), 1 / 12, delta=0.005)
        np.testing.assert_array_equal(numbers, draw())
        for other in (draw(stream=6), draw(seed=2), draw(entry=2), draw(draw=1)):
            self.assertLess(abs(np.corrcoef(numbers.ravel(), other.ravel())[0, 1]), 0.05)

    def test_random_does_not_depend_on_the_shape(self):
        flat = self.run_one("graph.random 5", "tensor<12xf64>")
        np.testing.assert_array_equal(self.run_one("graph.random 5", "tensor<3x4xf64>").ravel(), flat)


if __name__ == "__main__":
    unittest.main()
