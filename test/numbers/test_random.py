"""What draws random numbers: distributions against samples of PyTorch, and what a draw does to its operands. Values
are those of a few steps in f64; all of them are fixed by the seed."""

import os
import unittest

import numpy
import torch

import blocks
import nacre
from blocks import Block


def gap(ours, theirs):
    """The largest difference of two empirical distributions; equal ones exceed 1 once in 1000 times."""
    ours, theirs = numpy.sort(numpy.ravel(ours)), numpy.sort(numpy.ravel(theirs))
    both = numpy.concatenate([ours, theirs])
    share = [numpy.searchsorted(x, both, "right") / x.size for x in (ours, theirs)]
    return abs(share[0] - share[1]).max() / (1.95 * numpy.sqrt(1 / ours.size + 1 / theirs.size))


class Random(unittest.TestCase):
    COUNT = 20000

    def draw(self, cases, steps=1, entry="train"):
        """What an entry leaves, step by step."""
        file = os.path.join(self.folder, "random.nacre")
        with open(file, "w") as out:
            out.write(blocks.model(cases))
        binary = nacre.Binary(self.nacre, file, self.folder, "random", precision="f64", target=self.target)
        tensors = blocks.inputs(cases, numpy.float64)
        return [binary.step(tensors, entry, step) for step in range(steps)]

    def values(self, name, equation, shape, inputs=None, steps=1, statements=()):
        """y (as c) and the gradients of the inputs, step by step."""
        results = self.draw([Block(name, inputs or {}, equation, numpy.ones(shape), statements)], steps)
        return [{key[len("grad.k0."):]: value for key, value in result.items() if key.startswith("grad.")}
                for result in results]

    def test_distributions(self):
        generator = torch.Generator().manual_seed(3)
        uniform = torch.rand(self.COUNT, generator=generator)
        normal = torch.randn(self.COUNT, generator=generator)
        shape = (41, 37)
        for equation, truth in {"uniform([41, 37], -2.0, 3.0)": -2 + 5 * uniform,
                                "normal([41, 37], 1.0, 0.5)": 1 + 0.5 * normal}.items():
            first, second = [step["c"] for step in self.values(equation, equation, shape, steps=2)]
            self.assertLess(gap(first, truth), 1, equation)
            self.assertLess(abs(numpy.corrcoef(first.ravel(), second.ravel())[0, 1]), 0.1)

    def test_gamma_and_beta(self):
        torch.manual_seed(3)
        for equation, truth in {"gamma(0.4)": torch.distributions.Gamma(0.4, 1.0),
                                "beta(0.2, 0.2)": torch.distributions.Beta(0.2, 0.2),
                                "beta(1.0, 3.0)": torch.distributions.Beta(1.0, 3.0)}.items():
            ours = [float(step["c"]) for step in self.values(equation, equation, (), steps=300)]
            self.assertEqual(len(set(ours)), 300)
            self.assertLess(gap(ours, truth.sample((self.COUNT,))), 1, equation)

    def test_permutation(self):
        rows = [step["c"] for step in self.values("permutation", "float(permutation(7))", (7,), steps=50)]
        for row in rows:
            self.assertEqual(sorted(row), list(range(7)))
        self.assertGreater(len({tuple(row) for row in rows}), 45)

    def test_dropout(self):
        x = blocks.random((31, 67), 1, 2)
        for name, kept in (("dropout", (31, 67)), ("drop_path", (31,))):
            for step in self.values(name, f"{name}(x, 0.3)", x.shape, {"x": x}, 3):
                mask = step["c"] != 0
                numpy.testing.assert_allclose(step["c"], mask * x / 0.7, rtol=1e-12)
                numpy.testing.assert_allclose(step["x"], mask / 0.7, rtol=1e-12)
                if name == "drop_path":
                    self.assertTrue((mask == mask[:, :1]).all())
                share, count = mask.mean(), numpy.prod(kept)
                self.assertLess(abs(share - 0.7), 4 * numpy.sqrt(0.21 / count))

    def test_half_mask(self):
        n, c, h, w = 40, 2, 7, 5
        mask = self.values("half", "half_mask(x) + 0 * x", (n, c, h, w), {"x": numpy.zeros((n, c, h, w))})[0]["c"]
        halves = numpy.ones((4, h, w))
        halves[0, :, :w // 2], halves[1, :, w // 2:], halves[2, :h // 2], halves[3, h // 2:] = 0, 0, 0, 0
        seen = [[int((image[0] == half).all()) for half in halves] for image in mask]
        self.assertTrue((mask == mask[:, :1]).all())
        self.assertEqual([sum(row) for row in seen], [1] * n)
        self.assertTrue((numpy.sum(seen, 0) > 0).all())

    def test_mix(self):
        """The image i is 1 in channel i, and so is the target i: what is mixed shows from whom it is. The gradients of
        the factors d and e are what became of both."""
        n, h, w = 5, 9, 7
        x = numpy.broadcast_to(numpy.eye(n)[:, :, None, None], (n, n, h, w)).copy()
        inputs = {"x": x, "z": numpy.eye(n), "d": numpy.ones(x.shape), "e": numpy.ones((n, n))}
        for options, cuts in (("0.8", False), ("1.0, cutmix = 1.0", True)):
            shares = []
            for step in self.values("mix", "sum(m[0] * d) + sum(m[1] * e)", (), inputs, 30,
                                    [f"m = mix(x, z, {options})"]):
                images, targets = step["d"], step["e"]
                numpy.testing.assert_allclose(targets, images.mean((2, 3)), atol=1e-12)
                numpy.testing.assert_allclose(step["x"], 1, atol=1e-12)
                numpy.testing.assert_allclose(step["z"], 1, atol=1e-12)
                added = images - images * numpy.eye(n)[:, :, None, None]
                others = [row.argmax() if row.any() else i for i, row in enumerate(added.sum((2, 3)))]
                self.assertEqual(sorted(others), list(range(n)))
                gone = [added[i, other] for i, other in enumerate(others) if other != i]
                for share in gone:
                    numpy.testing.assert_allclose(share, gone[0], atol=1e-12)
                    self.check_box(share) if cuts else self.assertLess(numpy.ptp(share), 1e-12)
                shares += [share.mean() for share in gone[:1]]
            self.assertGreater(numpy.ptp(shares), 0.4)

    def check_box(self, gone):
        """What is replaced are rows times columns."""
        rows, cols = gone.max(1), gone.max(0)
        numpy.testing.assert_array_equal(gone, rows[:, None] * cols[None])
        for line in (rows, cols):
            places = numpy.flatnonzero(line)
            self.assertTrue(places.size == 0 or places[-1] - places[0] + 1 == places.size)

    def test_moving_shapes(self):
        """A square of one pixel's width crosses the frame by equal steps, and turns at the border."""
        image = numpy.zeros((3, 1, 3, 3))
        image[:, :, 1, 1] = 1
        films = self.values("film", "moving_shapes(x, 9, 11, 2.0)", (3, 1, 9, 11, 11), {"x": image})[0]["c"]
        numpy.testing.assert_array_equal(films.sum((3, 4)), 1)
        places = films.reshape(3, 9, 121).argmax(2)
        for at in (places // 11, places % 11):
            self.assertTrue((at >= 1).all() and (at <= 9).all())
            self.assertLess(abs(numpy.diff(at)).max(), 4)

    def test_initial_values(self):
        shape, fan, out = [64, 9, 3, 3], 81, 576
        torch.manual_seed(3)
        uniform, normal = 2 * torch.rand(self.COUNT) - 1, torch.randn(self.COUNT)
        expected = {
            "torch_default": uniform / fan**0.5, "he_normal": normal * (2 / out)**0.5,
            "he_uniform": uniform * (6 / out)**0.5, "kaiming_uniform(a = 0.5)": uniform * (6 / (1.25 * fan))**0.5,
            "kaiming_normal(a = 0.5)": normal * (2 / (1.25 * fan))**0.5,
            "xavier_uniform": uniform * (6 / (fan + out))**0.5, "xavier_normal": normal * (2 / (fan + out))**0.5,
            "lecun_normal": normal / fan**0.5, "kaiming_bias([3, 9, 3, 3])": uniform / fan**0.5}
        declared = [f"param w{i}: {shape} = {init}" for i, init in enumerate(expected)]
        used = " + ".join(f"sum(w{i})" for i in range(len(expected)))
        result = self.draw([Block("init", {}, used, numpy.ones(()), declared)], entry="init")[0]
        for i, (init, truth) in enumerate(expected.items()):
            self.assertLess(gap(result[f"k0.w{i}"], truth), 1, init)

    def test_orthogonal(self):
        shapes = [[5, 3, 3, 3], [15, 2, 1, 1], [7, 7]]
        declared = [f"param w{i}: {shape} = orthogonal(gain = 1.5)" for i, shape in enumerate(shapes)]
        used = " + ".join(f"sum(w{i})" for i in range(len(shapes)))
        result = self.draw([Block("orthogonal", {}, used, numpy.ones(()), declared)], entry="init")[0]
        for i, shape in enumerate(shapes):
            w = result[f"k0.w{i}"].reshape(shape[0], -1)
            product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
            self.assertLess(abs(product - 2.25 * numpy.eye(len(product))).max(), 1e-9)
