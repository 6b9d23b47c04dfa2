#!/usr/bin/env python3
"""Computes MathTables.def: coefficients of the monomials, lowest first.

Tables for f64 are Chebyshev interpolations, within a small factor of the best
polynomials; those for f32 minimise the largest error (Lawson's iteration).
The errors printed beside them are of evaluations in the precision they are
meant for. Needs mpmath and numpy:  fit-math.py > MathTables.def
"""
import mpmath as mp
import numpy as np

mp.mp.dps = 60


def interpolate(function, low, high, degree):
    """The interpolation at the Chebyshev nodes of low..high."""
    nodes = [mp.cos(mp.pi * (2 * i + 1) / (2 * degree + 2)) for i in range(degree + 1)]
    points = [(high + low) / 2 + (high - low) / 2 * t for t in nodes]
    system = mp.matrix(degree + 1, degree + 1)
    for row, point in enumerate(points):
        for column in range(degree + 1):
            system[row, column] = point**column
    return list(mp.lu_solve(system, mp.matrix([function(point) for point in points])))


def minimise(values, weights, nodes, degree):
    """The polynomial on -1..1 whose largest weighted error at `nodes` is least."""
    basis = np.polynomial.chebyshev.chebvander(nodes, degree) * weights[:, None]
    target = values * weights
    importance = np.ones(len(nodes))
    for _ in range(200):
        root = np.sqrt(importance)
        coefficients = np.linalg.lstsq(basis * root[:, None], target * root, rcond=None)[0]
        error = np.abs(basis @ coefficients - target)
        importance *= error / error.max() + 1e-9
        importance /= importance.sum()
    return np.polynomial.chebyshev.cheb2poly(coefficients)


def fma(a, b, c):
    """A fused multiply-add of f32, rounded once."""
    return (a.astype(np.float64) * b + np.float64(np.float32(c))).astype(np.float32)


def horner(coefficients, x):
    result = np.full_like(x, np.float32(coefficients[-1]))
    for c in coefficients[-2::-1]:
        result = fma(result, x, c)
    return result


def show(name, coefficients, comment):
    print(f"// {comment}")
    lines, line = [], f"TABLE({name}"
    for text in (", " + mp.nstr(mp.mpf(c), 18) for c in coefficients):
        if len(line + text) > 116:
            lines.append(line + ",")
            line, text = "     ", text[1:]
        line += text
    print("\n".join(lines + [line + ")"]) + "\n")


def exp32(degree=4):
    half = float(mp.log(2) / 2)
    nodes = np.cos(np.linspace(0, np.pi, 2000))
    exact = [(mp.exp(r) - 1 - r) / r**2 for r in (mp.mpf(v) * half + mp.mpf("1e-20") for v in nodes)]
    p = minimise(np.array([float(v) for v in exact]), (nodes * half) ** 2 + 1e-6, nodes, degree)
    p = p / half ** np.arange(degree + 1)
    r = np.linspace(-half, half, 200001).astype(np.float32)
    value = fma(fma(horner(p, r), r, 1.0), r, 1.0)
    error = np.max(np.abs(value / np.exp(r.astype(np.float64)) - 1))
    show("exp32", p, f"e^r = 1 + r (1 + r P(r)), |r| <= ln(2) / 2; relative error {error:.2g}")


def erf32(degree=14, end=3.8):
    nodes = np.cos(np.linspace(0, np.pi, 3000))
    x = np.maximum(end * np.sqrt((nodes + 1) / 2), 1e-9)
    p = minimise(np.array([float(mp.erf(v) / v) for v in x]), x, nodes, degree)
    x = np.linspace(0, end, 2000001).astype(np.float32)
    s = fma(x, x * np.float32(2 / end**2), -1.0)
    value = x * horner(p, s)
    error = np.abs(value[::200] - np.array([float(mp.erf(float(v))) for v in x[::200]])).max()
    show("erf32", p, f"erf(x) = x P(2 (x / {end})^2 - 1), |x| <= {end}; absolute error {error:.2g}")


def erf64():
    p = interpolate(lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z), mp.mpf(0), mp.mpf(1), 12)
    error = max(abs(v * mp.polyval(p[::-1], v * v) / mp.erf(v) - 1) for v in (mp.mpf(i) / 500 for i in range(1, 501)))
    show("erf64", p, f"erf(x) = x P(x^2), |x| <= 1; relative error {mp.nstr(error, 2)}")

    def tail(t):
        a = 3 * (1 + t) / (1 - t)
        return mp.erfc(a) * mp.exp(a * a)
    q = interpolate(tail, mp.mpf(-1) / 2, mp.mpf(1) / 3, 18)
    points = [mp.mpf(1) + mp.mpf(5) * i / 500 for i in range(501)]
    error = max(abs(mp.polyval(q[::-1], (v - 3) / (v + 3)) * mp.exp(-v * v) / mp.erfc(v) - 1) for v in points)
    show("erfc64", q, f"erfc(a) = exp(-a^2) P((a - 3) / (a + 3)), 1 <= a <= 6; relative error {mp.nstr(error, 2)}")


def taylor(name, comment, terms):
    show(name, [mp.mpf(1) / t for t in terms], comment)


print("""//===- MathTables.def - Polynomials of elementary functions -----*- C++ -*-===//
//
// Made by fit-math.py. Coefficients of the monomials, lowest first.
//
//===----------------------------------------------------------------------===//
// clang-format off
""")
exp32()
taylor("exp64", "the same for f64, by Taylor", [mp.factorial(n) for n in range(2, 14)])
taylor("log", "log((1 + s) / (1 - s)) = 2 s + s^3 P(s^2), |s| <= 0.172", [mp.mpf(2 * n + 1) / 2 for n in range(1, 12)])
taylor("sin", "sin(x) = x + x^3 P(x^2), |x| <= pi / 4",
       [(-1) ** n * mp.factorial(2 * n + 1) for n in range(1, 9)])
taylor("cos", "cos(x) = 1 + x^2 P(x^2), |x| <= pi / 4", [(-1) ** n * mp.factorial(2 * n) for n in range(1, 9)])
erf32()
erf64()
print("#undef TABLE")
