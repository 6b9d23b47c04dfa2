"""Loops over time, of every form, against the same steps in PyTorch."""

import json
import os
import subprocess
import unittest

import blocks
import torch
from blocks import random

N, T, C = 2, 5, 3


class Loop(blocks.Case):
    """Equations over the frames of x: [N, T, C], with a weight w: [C, C]; `family` is the loop."""

    def __init__(self, name, family, statements, equation, reference, declarations=""):
        self.family, self.declarations = family, declarations
        given = {"x": random((N, T, C)), "w": random((C, C))}
        super().__init__(name, given, equation, lambda x, w: reference(list(x.unbind(1)), w),
                         ["f: [N, T, C] = x", *statements])

    def text(self, number):
        return self.declarations + super().text(number)


def run(step, start, frames):
    """The values of h, one for each frame."""
    h = [start]
    for frame in frames:
        h.append(step(frame, h[-1]))
    return h[1:]


def simple(x, w):
    return run(lambda frame, h: torch.tanh(frame + h @ w), x[0] * 0.5, x)


SIMPLE = ["h[-1] = 0.5 * f[0 over T]", "h[t] = tanh(f[t over T] + times(h[t - 1], w)) for t in 0..T - 1"]
TIMES = "fn times(a: [...B, C], m: [C, D]) = dot(a, m over C)\n\n"


def backward(x, w):
    h = run(lambda frame, h: torch.tanh(frame + h @ w), x[0], x[::-1])
    return h[4] + h[2]


def two_back(x, w):
    h = [x[0], x[1]]
    for frame in x:
        h.append(torch.tanh(frame + 0.5 * h[-1] - h[-2] @ w))
    return h[-1] + h[4]


def gates(x, w):
    h, c, outs = x[0], 0 * x[0], []
    for frame in x:
        gate = torch.sigmoid(frame + h @ w)
        c = gate * c + (1 - gate) * frame
        h = torch.tanh(c) * gate
        outs.append(h)
    return torch.stack(outs, 1)


def listed(x, w):
    h, total, outs = x[0], torch.tensor(0.5, dtype=x[0].dtype), []
    for frame in x:
        h, total = torch.tanh(frame + h * total), total + (frame @ w).mean()
        outs.append(h)
    return torch.stack(outs, 0) * total


def chained(x, w):
    h, g = simple(x, w), x[1]
    for before, now in zip([x[0] * 0.5] + h, h):
        g = torch.sin(g + before * now)
    return g


def diagonal(x, w):
    a = torch.stack(x, 1)
    for t in range(T - 1):
        a = torch.tanh(a * (1 + a[:, t + 1].mean()) + (a @ w))
    return a


def nested(x, w):
    def cell(frame, h):
        scale = torch.tanh(frame)
        for _ in range(3):
            h = torch.sin(h @ w + scale * h)
        return h

    return run(cell, x[0], x)[-1]


def cases():
    yield Loop("forward", "h", SIMPLE, "h[T - 1]", lambda x, w: simple(x, w)[-1], TIMES)
    yield Loop("parts of the stack", "h", SIMPLE, "stack(h[-1..2] over 1) + reshape(h[3], [N, 1, C])",
               lambda x, w: torch.stack([x[0] * 0.5] + simple(x, w)[:3], 1) + simple(x, w)[3][:, None])
    yield Loop("backward", "h",
               ["h[T] = f[0 over T]", "h[t] = tanh(f[t over T] + times(h[t + 1], w)) for t in 0..T - 1"],
               "h[0] + h[2]", backward)
    yield Loop("two steps back", "h",
               ["h[-2] = f[0 over T]", "h[-1] = f[1 over T]",
                "h[t] = tanh(f[t over T] + 0.5 * h[t - 1] - times(h[t - 2], w)) for t in 0..T - 1"],
               "h[T - 1] + h[2]", two_back)
    yield Loop("families together", "g, b, h",
               ["h[-1] = f[0 over T]", "b[-1] = 0 * f[0 over T]",
                "g[t] = sigmoid(f[t over T] + times(h[t - 1], w)) for t in 0..T - 1",
                "b[t] = g[t] * b[t - 1] + (1 - g[t]) * f[t over T] for t in 0..T - 1",
                "h[i] = tanh(b[i]) * g[i] for i in 0..T - 1"], "stack(h[0..T - 1] over 1)", gates)
    yield Loop("a list with a number", "s",
               ["s[-1] = [f[0 over T], 0.5]",
                "s[t] = [tanh(f[t over T] + s[t - 1][0] * s[t - 1][1]),"
                " s[t - 1][1] + mean(times(f[t over T], w))] for t in 0..T - 1"],
               "stack([v[0] for v in s[0..T - 1]] over 0) * s[T - 1][1]", listed)
    yield Loop("a loop over another's elements", "k",
               SIMPLE + ["k[-1] = f[1 over T]", "k[t] = sin(k[t - 1] + h[t - 1] * h[t]) for t in 0..T - 1"], "k[T - 1]",
               chained)
    yield Loop("an element of a carry", "a",
               ["a[-1]: [N, T, C] = f",
                "a[t]: [N, T, C] = tanh(a[t - 1] * (1 + mean(a[t - 1][t + 1 over T])) + times(a[t - 1], w))"
                " for t in 0..T - 2"], "a[T - 2]", diagonal)
    yield Loop("a loop in a loop", "h",
               ["h[-1] = f[0 over T]", "h[t] = cell(f[t over T], h[t - 1], w) for t in 0..T - 1"], "h[T - 1]", nested,
               "fn cell(x: [N, C], h: [N, C], w) {\n  scale = tanh(x)\n  y[0] = h\n"
               "  y[i] = sin(times(y[i - 1], w) + scale * y[i - 1]) for i in 1..3\n  return y[3]\n}\n\n")
    yield Loop("no carry", "h", ["h[t] = times(f[t over T], w) for t in 0..T - 1"],
               "stack(h[0..T - 1] over 2)", lambda x, w: torch.stack([frame @ w for frame in x], 2))


class Loops(blocks.Comparison, unittest.TestCase):
    def cases(self):
        return cases()

    def test_each_is_a_loop(self):
        file = os.path.join(self.folder, "loops.nacre")
        with open(file, "w") as out:
            out.write(blocks.model(list(cases())))
        summary = subprocess.run([self.nacre, "summary", file, "--json"], capture_output=True, text=True, check=True)
        loops = {(loop["path"], ", ".join(loop["families"])) for loop in json.loads(summary.stdout)["loops"]}
        for number, case in enumerate(cases()):
            self.assertIn((f"k{number}", case.family), loops, case.name)
