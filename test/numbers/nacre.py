"""Builds model files and runs single steps of their binaries, for comparison with PyTorch."""

import json
import os
import struct
import subprocess

import numpy

DTYPES = {"F64": numpy.float64, "F32": numpy.float32, "I64": numpy.int64, "I32": numpy.int32, "U8": numpy.uint8}
NAMES = {numpy.dtype(value): key for key, value in DTYPES.items()}


def save(path, tensors):
    """Writes a safetensors file."""
    header, blobs, offset = {}, [], 0
    for name, value in tensors.items():
        value = numpy.asarray(value, order="C")
        blob = value.tobytes()
        header[name] = {"dtype": NAMES[value.dtype], "shape": list(value.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def load(path):
    """Reads a safetensors file."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    start = 8 + length
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        low, high = entry["data_offsets"]
        value = numpy.frombuffer(data[start + low:start + high], DTYPES[entry["dtype"]])
        tensors[name] = value.reshape(entry["shape"])
    return tensors


class Binary:
    """A built model; `step` runs one entry once on given tensors."""

    def __init__(self, nacre, model, folder, name, defines=(), **options):
        self.path = os.path.join(folder, name)
        self.folder = folder
        command = [nacre, "build", model, "-o", self.path]
        for define in defines:
            command += ["-D", define]
        for key, value in options.items():
            command += ["--" + key, str(value)]
        check(command)

    def step(self, tensors, entry="train", step=0, **options):
        given, made = self.path + ".in", self.path + ".out"
        save(given, tensors)
        command = [self.path, "step", "--in", given, "--out", made, "--entry", entry, "--step", str(step)]
        for key, value in options.items():
            command += ["--" + key.replace("_", "-"), str(value)]
        check(command)
        return load(made)


def check(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(command)}\nexit {result.returncode}\n{result.stdout}{result.stderr}")


def distance(ours, theirs):
    """Relative distance in the 2-norm; absolute where the truth is 0."""
    ours, theirs = numpy.asarray(ours, numpy.float64), numpy.asarray(theirs, numpy.float64)
    if ours.size != theirs.size:
        return numpy.inf
    scale = numpy.linalg.norm(theirs)
    gap = numpy.linalg.norm(ours.reshape(-1) - theirs.reshape(-1))
    return gap / scale if scale > 1e-30 else gap
