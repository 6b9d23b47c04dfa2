"""Runs graph functions by the reference evaluator: bin/nacre-eval."""

import json
import os
import subprocess
import tempfile

import numpy as np

BUILD = os.environ.get("NACRE_BUILD", os.path.join(os.path.dirname(__file__), "..", "..", "build"))
DTYPES = {"f32": np.float64, "f64": np.float64, "i32": np.int32, "ui8": np.uint8, "i1": bool}


def tool(name):
    return os.path.join(BUILD, "bin", name)


def optimize(module, *flags):
    """The module after passes."""
    run = subprocess.run([tool("nacre-opt"), *flags], input=module, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr)
    return run.stdout


def rounded(operand, element):
    """A float operand as the function receives it."""
    if operand.dtype == np.float64 and element == "f32":
        return np.asarray(operand.astype(np.float32).astype(np.float64))
    return np.asarray(operand)


def _plain(array):
    """As JSON: what it cannot write, as strings."""
    return [value if np.isfinite(value) else str(value) for value in np.asarray(array).astype(float).ravel()]


def evaluate(module, runs):
    """Results of each run (function name, operands, control values), as lists of arrays."""
    requests = [{"function": name, "arguments": [_plain(operand) for operand in operands], **control}
                for name, operands, control in runs]
    with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
        file.write(module)
        file.flush()
        run = subprocess.run([tool("nacre-eval"), file.name], input=json.dumps(requests), capture_output=True,
                             text=True)
    if run.returncode:
        raise RuntimeError(run.stderr)
    return [[np.array([float(value) for value in result["data"]]).astype(DTYPES[result["type"]])
             .reshape(result["shape"]) for result in results] for results in json.loads(run.stdout)]
