#!/usr/bin/env python3
"""How exact the gradients of a whole net are in f32, with its convolutions computed directly and by Winograd's method.

    /usr/bin/python3 test/perf/gradient_error.py [--batches 3]

ResConv with 7 layers, which has no kinks but those of its loss, on batches of Fashion-MNIST, from weights as they are
drawn but for norms with scales in 0.5..1.5 and shifts in -0.5..0.5. Prints for each batch the norm of the error of all
gradients relative to that of the gradients in f64. A sign of the L1 loss that differs between f32 and f64, which happens
to any method where an output is as good as its target, shows as 1e-4.
"""

import argparse
import gzip
import os
import sys
import tempfile

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "test/numbers"))

import nacre  # noqa: E402  (is there from here on)

IMAGES = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"
BATCH = 64
WAYS = {"direct": "off", "F(2, 3)": "f2", "F(4, 3)": "f4"}


def images(count):
    with gzip.open(IMAGES) as file:
        return numpy.frombuffer(file.read(16 + 28 * 28 * count)[16:], numpy.uint8).reshape(count, 1, 28, 28)


def start(binary):
    """Weights as they are drawn, norms as they may become."""
    random = numpy.random.default_rng(0)
    tensors = binary.step({}, entry="init", seed=3)
    for name, value in tensors.items():
        if ".bn." in name and not name.startswith("optimizer."):
            low = 0.5 if name.endswith("weight") else -0.5
            if name.endswith(("weight", "bias")):
                tensors[name] = random.uniform(low, low + 1, value.shape).astype(value.dtype)
    return tensors


def gradients(binary, tensors, dtype):
    given = {name: value.astype(dtype) if value.dtype == numpy.float32 else value for name, value in tensors.items()}
    return {name: value.astype(numpy.float64) for name, value in binary.step(given).items() if name.startswith("grad.")}


def norm(tensors):
    return numpy.sqrt(sum((value**2).sum() for value in tensors.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=3)
    parser.add_argument("--nacre", default=os.path.join(ROOT, "build/bin/nacre"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        def build(name, **how):
            return nacre.Binary(options.nacre, os.path.join(ROOT, "models/resconv.nacre"), folder, name, ["layers=7"],
                                **how)

        reference = build("f64", precision="f64")
        binaries = [build(tile, winograd=tile) for tile in WAYS.values()]
        tensors, data = start(binaries[0]), images(BATCH * options.batches)
        print("batch" + "".join(f"{way:>12}" for way in WAYS))
        for number in range(options.batches):
            tensors["field.image"] = data[BATCH * number:BATCH * (number + 1)]
            exact = gradients(reference, tensors, numpy.float64)
            found = [gradients(binary, tensors, numpy.float32) for binary in binaries]
            errors = [norm({name: some[name] - value for name, value in exact.items()}) / norm(exact) for some in found]
            print(f"{number + 1:5}" + "".join(f"{error:12.1e}" for error in errors))


if __name__ == "__main__":
    main()
