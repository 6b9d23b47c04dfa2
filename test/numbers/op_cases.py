"""Cases of every graph op: its text, its operands, and the same in PyTorch.

One list serves values and gradients. Shapes are random, with a fixed seed, and
include odd sizes and 1. In an op's text `F` stands for the float type, operands
are %0, %1, ..., results %r0, %r1, ...
"""

from dataclasses import dataclass
from typing import Callable

import numpy as np
import torch
import torch.nn.functional as functional


@dataclass
class Case:
    name: str
    text: str  # the op
    operands: list  # arrays: float64, int32, uint8 or bool
    expected: Callable  # of the operands as tensors
    results: list  # types
    gradient: bool = True  # whether a gradient flows and PyTorch has the same


def tensor_type(shape, element="F"):
    return "tensor<" + "x".join([str(size) for size in shape] + [element]) + ">"


ELEMENTS = {"float64": "F", "int32": "i32", "uint8": "ui8", "bool": "i1"}


def type_of(array):
    return tensor_type(array.shape, ELEMENTS[str(array.dtype)])


class Cases:
    """Collects cases; knows how to draw operands."""

    def __init__(self, seed=1):
        self.rng = np.random.default_rng(seed)
        self.list = []

    def add(self, name, text, operands, expected, results, gradient=True):
        count = sum(case.name.rsplit("_", 1)[0] == name for case in self.list)
        self.list.append(Case(f"{name}_{count}", text, operands, expected, results, gradient))

    def shape(self, rank=None):
        rank = self.rng.integers(0, 5) if rank is None else rank
        return tuple(int(self.rng.choice([1, 2, 3, 5, 7])) for _ in range(rank))

    def floats(self, shape, low=-2.0, high=2.0):
        return self.rng.uniform(low, high, shape)

    def ints(self, shape, low=-9, high=10):
        return np.asarray(self.rng.integers(low, high, shape), dtype=np.int32)

    def bools(self, shape):
        return np.asarray(self.rng.integers(0, 2, shape), dtype=bool)

    def pick(self, low, high):
        return int(self.rng.integers(low, high + 1))


def add_scalar_functions(cases):
    unary = {
        "neg": (torch.neg, -2, 2), "abs": (torch.abs, -2, 2), "exp": (torch.exp, -2, 2), "log": (torch.log, 0.1, 5),
        "sqrt": (torch.sqrt, 0.1, 5), "rsqrt": (torch.rsqrt, 0.1, 5), "sin": (torch.sin, -4, 4),
        "cos": (torch.cos, -4, 4), "tanh": (torch.tanh, -3, 3), "erf": (torch.erf, -2, 2),
        "sign": (torch.sign, -2, 2), "floor": (torch.floor, -4, 4), "round": (torch.round, -4, 4),
    }
    for name, (expected, low, high) in unary.items():
        for _ in range(2):
            x = cases.floats(cases.shape(), low, high)
            cases.add(name, f"%r0 = graph.{name} %0 : {type_of(x)}", [x], expected, [type_of(x)],
                      name not in ("sign", "floor", "round"))
    halves = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
    cases.add("round", f"%r0 = graph.round %0 : {type_of(halves)}", [halves], torch.round, [type_of(halves)], False)

    binary = {
        "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "max": torch.maximum,
        "min": torch.minimum,
    }
    for name, expected in binary.items():
        for _ in range(2):
            shape = cases.shape()
            a, b = cases.floats(shape), cases.floats(shape, 0.5, 3)
            cases.add(name, f"%r0 = graph.{name} %0, %1 : {type_of(a)}", [a, b], expected, [type_of(a)])
    base, exponent = cases.floats((4, 3), 0.2, 3), cases.floats((4, 3))
    cases.add("pow", "%r0 = graph.pow %0, %1 : tensor<4x3xF>", [base, exponent], torch.pow, ["tensor<4x3xF>"])

    nan, inf = float("nan"), float("inf")
    a, b = np.array([nan, 1, inf, -inf, 0.0]), np.array([1, nan, 1, -inf, nan])
    for name in ("max", "min", "add", "mul"):
        cases.add(name, f"%r0 = graph.{name} %0, %1 : tensor<5xF>", [a, b], binary[name], ["tensor<5xF>"], False)


def add_integer_and_logic(cases):
    floor_divide = lambda a, b: torch.div(a, b, rounding_mode="floor")
    integer = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "int_div": floor_divide, "mod": torch.remainder,
               "max": torch.maximum, "min": torch.minimum}
    for name, expected in integer.items():
        a, b = cases.ints((3, 7)), cases.ints((3, 7), 1, 5) * np.int32(cases.rng.choice([-1, 1]))
        cases.add(name, f"%r0 = graph.{name} %0, %1 : tensor<3x7xi32>", [a, b], expected, ["tensor<3x7xi32>"], False)
    large = np.array([2**31 - 1, -2**31, 65537], dtype=np.int32)
    cases.add("mul", "%r0 = graph.mul %0, %1 : tensor<3xi32>", [large, large], torch.mul, ["tensor<3xi32>"], False)

    for name, expected in {"lt": torch.lt, "le": torch.le, "eq": torch.eq}.items():
        a, b = np.round(cases.floats((5, 3))), np.round(cases.floats((5, 3)))
        cases.add(name, f"%r0 = graph.{name} %0, %1 : tensor<5x3xF>", [a, b], expected, ["tensor<5x3xi1>"], False)
    for name, expected in {"and": torch.logical_and, "or": torch.logical_or}.items():
        a, b = cases.bools((7,)), cases.bools((7,))
        cases.add(name, f"%r0 = graph.{name} %0, %1 : tensor<7xi1>", [a, b], expected, ["tensor<7xi1>"], False)
    a = cases.bools((7,))
    cases.add("not", "%r0 = graph.not %0 : tensor<7xi1>", [a], torch.logical_not, ["tensor<7xi1>"], False)

    c, a, b = cases.bools((5, 3)), cases.floats((5, 3)), cases.floats((5, 3))
    cases.add("select", "%r0 = graph.select %0, %1, %2 : tensor<5x3xF>", [c, a, b], torch.where, ["tensor<5x3xF>"])
    x = cases.floats((9,), -5, 5)
    cases.add("convert", "%r0 = graph.convert %0 : tensor<9xF> to tensor<9xi32>", [x], lambda x: x.to(torch.int32),
              ["tensor<9xi32>"], False)
    pixels = np.array([0, 1, 255], dtype=np.uint8)
    cases.add("convert", "%r0 = graph.convert %0 : tensor<3xui8> to tensor<3xF>", [pixels],
              lambda x: x.to(torch.float64), ["tensor<3xF>"], False)
    cases.add("stop_gradient", "%r0 = graph.stop_gradient %0 : tensor<9xF>", [x], lambda x: x, ["tensor<9xF>"], False)


def add_movement(cases):
    for _ in range(3):
        shape = cases.shape(4)
        axes = sorted(int(axis) for axis in cases.rng.choice(4, 2, replace=False))
        x = cases.floats([shape[axis] for axis in axes])
        view = [shape[axis] if axis in axes else 1 for axis in range(4)]
        cases.add("broadcast", f"%r0 = graph.broadcast %0 axes {axes} : {type_of(x)} to {tensor_type(shape)}", [x],
                  lambda x, view=view, shape=shape: x.reshape(view).expand(shape), [tensor_type(shape)])

        x = cases.floats(cases.shape(4))
        flat = tensor_type((x.size,))
        cases.add("reshape", f"%r0 = graph.reshape %0 : {type_of(x)} to {flat}", [x], torch.flatten, [flat])

        permutation = [int(axis) for axis in cases.rng.permutation(4)]
        result = tensor_type([x.shape[axis] for axis in permutation])
        cases.add("transpose", f"%r0 = graph.transpose %0 by {permutation} : {type_of(x)} to {result}", [x],
                  lambda x, p=permutation: x.permute(p), [result])
        add_slice(cases, x)
        add_pad(cases, cases.floats(cases.shape(3)))

    parts = [cases.floats((2, size, 3)) for size in (1, 4, 2)]
    cases.add("concat", "%r0 = graph.concat %0, %1, %2 along 1 : " + ", ".join(map(type_of, parts)) +
              " to tensor<2x7x3xF>", parts, lambda *parts: torch.cat(parts, 1), ["tensor<2x7x3xF>"])

    x, index = cases.floats((3, 5, 2)), np.array([4, 0, 4, -3, 9, 1], dtype=np.int32)
    held = torch.from_numpy(index).clamp(0, 4).long()
    cases.add("take", "%r0 = graph.take %0[%1] along 1 : tensor<3x5x2xF>, tensor<6xi32> to tensor<3x6x2xF>",
              [x, index], lambda x, _: x.index_select(1, held), ["tensor<3x6x2xF>"])
    g = cases.floats((3, 6, 2))
    cases.add("scatter_add",
              "%r0 = graph.scatter_add %0[%1] along 1 : tensor<3x6x2xF>, tensor<6xi32> to tensor<3x5x2xF>", [g, index],
              lambda g, _: torch.zeros(3, 5, 2, dtype=torch.float64).index_add(1, held, g), ["tensor<3x5x2xF>"])


def add_slice(cases, x):
    limit = [cases.pick(1, size) for size in x.shape]
    start = [cases.pick(0, end - 1) for end in limit]
    stride = [cases.pick(1, 3) for _ in limit]
    cut = tuple(slice(*bounds) for bounds in zip(start, limit, stride))
    result = tensor_type(x[cut].shape)
    cases.add("slice", f"%r0 = graph.slice %0 from {start} to {limit} by {stride} : {type_of(x)} to {result}", [x],
              lambda x: x[cut], [result])


def add_pad(cases, x):
    low, high, interior = ([cases.pick(0, 2) for _ in x.shape] for _ in range(3))
    crop = x.shape[0] > 2
    low[0] = -1 if crop else low[0]
    step = [count + 1 for count in interior]
    spread = [(size - 1) * s + 1 for size, s in zip(x.shape, step)]

    def expected(x):
        grid = torch.zeros(spread, dtype=x.dtype)
        grid[tuple(slice(None, None, s) for s in step)] = x
        widths = [width for pair in zip(reversed(low), reversed(high)) for width in pair]
        return functional.pad(grid, widths)

    result = tensor_type([a + b + s for a, b, s in zip(low, high, spread)])
    cases.add("pad", f"%r0 = graph.pad %0 low {low} high {high} interior {interior} : {type_of(x)} to {result}", [x],
              expected, [result])


def add_reductions(cases):
    whole = {"sum": torch.sum, "max": torch.amax, "min": torch.amin}
    for axes in ([0], [1, 3], [0, 2, 3], [0, 1, 2, 3]):
        x = cases.floats((3, 5, 2, 7))
        result = tensor_type([size for axis, size in enumerate(x.shape) if axis not in axes])
        for kind, expected in whole.items():
            cases.add(f"reduce_{kind}", f"%r0 = graph.reduce {kind} %0 over {axes} : {type_of(x)} to {result}", [x],
                      lambda x, f=expected, axes=axes: f(x, dim=axes), [result])
        cases.add("moments", f"%r0, %r1 = graph.moments %0 over {axes} : {type_of(x)} to {result}, {result}", [x + 3],
                  lambda x, axes=axes: (x.mean(axes), ((x - x.mean(axes, keepdim=True))**2).sum(axes)),
                  [result, result], False)
    ties = np.array([[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]])
    cases.add("reduce_max", "%r0 = graph.reduce max %0 over [1] : tensor<2x3xF> to tensor<2xF>", [ties],
              lambda x: torch.amax(x, dim=1), ["tensor<2xF>"])

    a, b = cases.floats((7, 4, 6)), cases.floats((6, 7, 3))
    cases.add("dot", "%r0 = graph.dot %0, %1 batch [0], [1] contract [2], [0] : "
              "tensor<7x4x6xF>, tensor<6x7x3xF> to tensor<7x4x3xF>", [a, b],
              lambda a, b: torch.einsum("bmk,kbn->bmn", a, b), ["tensor<7x4x3xF>"])
    a, b = cases.floats((3, 5, 2)), cases.floats((2, 4, 3))
    cases.add("dot", "%r0 = graph.dot %0, %1 batch [], [] contract [0, 2], [2, 0] : "
              "tensor<3x5x2xF>, tensor<2x4x3xF> to tensor<5x4xF>", [a, b],
              lambda a, b: torch.einsum("amb,bna->mn", a, b), ["tensor<5x4xF>"])
    a, b = cases.floats((5,)), cases.floats((5,))
    cases.add("dot", "%r0 = graph.dot %0, %1 batch [], [] contract [0], [0] : tensor<5xF>, tensor<5xF> to tensor<F>",
              [a, b], torch.dot, ["tensor<F>"])


def convolve(x, w, stride, low, high, dilation, groups):
    """PyTorch's convolution, with a padding of its own at each end."""
    widths = [width for pair in zip(reversed(low), reversed(high)) for width in pair]
    function = [functional.conv1d, functional.conv2d, functional.conv3d][len(stride) - 1]
    return function(functional.pad(x, widths), w, None, stride, 0, dilation, groups)


def add_convolution(cases, spatial, asymmetric):
    groups = cases.pick(1, 3)
    kernel, stride, dilation, low = ([cases.pick(1, top) for _ in range(spatial)] for top in (4, 3, 2, 3))
    low = [pad - 1 for pad in low]
    high = [cases.pick(0, 2) for _ in low] if asymmetric else low
    size = [max(1, d * (k - 1) + 1 - a - b) + cases.pick(0, 4)
            for d, k, a, b in zip(dilation, kernel, low, high)]
    x = cases.floats([cases.pick(1, 3), groups * cases.pick(1, 3)] + size)
    w = cases.floats([groups * cases.pick(1, 3), x.shape[1] // groups] + kernel)
    y = convolve(torch.from_numpy(x), torch.from_numpy(w), stride, low, high, dilation, groups).numpy()
    y = cases.floats(y.shape)
    geometry = (stride, low, high, dilation, groups)
    attributes = f"stride {stride} low {low} high {high} dilation {dilation} groups {groups}"
    tx, tw, ty = type_of(x), type_of(w), type_of(y)
    name = f"{spatial}d"

    def in_x(y, w):
        zero = torch.zeros(x.shape, dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(convolve(zero, w, *geometry), zero, y, create_graph=True)[0]

    def in_w(x, y):
        zero = torch.zeros(w.shape, dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(convolve(x, zero, *geometry), zero, y, create_graph=True)[0]

    cases.add("conv" + name, f"%r0 = graph.conv %0, %1 {attributes} : {tx}, {tw} to {ty}", [x, w],
              lambda x, w: convolve(x, w, *geometry), [ty])
    cases.add("conv_dx" + name, f"%r0 = graph.conv_dx %0, %1 {attributes} : {ty}, {tw} to {tx}", [y, w], in_x, [tx])
    cases.add("conv_dw" + name, f"%r0 = graph.conv_dw %0, %1 {attributes} : {tx}, {ty} to {tw}", [x, y], in_w, [tw])


def add_transposed_convolution(cases):
    x, w = cases.floats((2, 6, 4, 5)), cases.floats((6, 2, 3, 3))
    cases.add("conv_transpose", "%r0 = graph.conv_dx %0, %1 stride [2, 3] low [1, 0] high [1, 0] dilation [1, 2] "
              "groups 3 : tensor<2x6x4x5xF>, tensor<6x2x3x3xF> to tensor<2x6x8x18xF>", [x, w],
              lambda x, w: functional.conv_transpose2d(x, w, None, (2, 3), (1, 0), (1, 1), 3, (1, 2)),
              ["tensor<2x6x8x18xF>"])


def add_windows(cases, spatial):
    kernel, stride = ([cases.pick(1, top) for _ in range(spatial)] for top in (3, 3))
    pad = [cases.pick(0, k // 2) for k in kernel]
    size = [k + cases.pick(0, 5) for k in kernel]
    x = cases.floats([cases.pick(1, 3), cases.pick(1, 4)] + size)
    mean = [functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d][spatial - 1]
    largest = [functional.max_pool1d, functional.max_pool2d, functional.max_pool3d][spatial - 1]
    y = largest(torch.from_numpy(x), kernel, stride, pad)
    attributes = f"kernel {kernel} stride {stride} low {pad} high {pad}"
    tx, ty, tap = type_of(x), tensor_type(y.shape), tensor_type(y.shape, "i32")
    taps = int(np.prod(kernel))
    cases.add(f"window_sum{spatial}d", f"%r0 = graph.window_sum %0 {attributes} : {tx} to {ty}", [x],
              lambda x: mean(x, kernel, stride, pad) * taps, [ty])
    cases.add(f"window_max{spatial}d", f"%r0, %tap = graph.window_max %0 {attributes} : {tx} to {ty}, {tap}", [x],
              lambda x: largest(x, kernel, stride, pad), [ty])

    def adjoint(x, g):
        leaf = x.detach().clone().requires_grad_()
        return torch.autograd.grad(largest(leaf, kernel, stride, pad), leaf, g)[0]

    cases.add(f"window_max_dx{spatial}d", f"%y, %tap = graph.window_max %0 {attributes} : {tx} to {ty}, {tap}\n"
              f"  %r0 = graph.window_max_dx %1, %tap {attributes} : {ty}, {tap} to {tx}", [x, cases.floats(y.shape)],
              adjoint, [tx], False)


def all_cases():
    cases = Cases()
    add_scalar_functions(cases)
    add_integer_and_logic(cases)
    add_movement(cases)
    add_reductions(cases)
    for spatial in (1, 2, 3):
        for number in range(4):
            add_convolution(cases, spatial, asymmetric=number % 2 == 1)
        add_windows(cases, spatial)
        add_windows(cases, spatial)
    add_transposed_convolution(cases)
    return cases.list
