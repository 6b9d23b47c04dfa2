#!/usr/bin/env python3
"""Has ptxas compile every kernel of the models, and reads what it says of them.

    /usr/bin/python3 test/gpu/check.py --build build [--all-architectures]

Without ptxas (CUDA_ROOT, PATH, /usr/local/cuda, the package nvidia-cuda-nvcc) it says so and passes.
"""

import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ARCHITECTURES = ["sm_80", "sm_90a", "sm_100"]
# In this one every other architecture is tried, too.
SMALLEST = "convgru"


def find_ptxas():
    folders = [os.path.join(os.environ[name], "bin") for name in ("CUDA_ROOT", "CUDA_HOME") if name in os.environ]
    folders += os.environ["PATH"].split(os.pathsep) + ["/usr/local/cuda/bin"]
    packages = os.path.join(sysconfig.get_paths()["purelib"], "nvidia")
    folders += glob.glob(os.path.join(packages, "cuda_nvcc", "bin")) + glob.glob(os.path.join(packages, "cu*", "bin"))
    return shutil.which("ptxas", path=os.pathsep.join(folders))


def number(pattern, text):
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def complaints(ptxas, folder, ptx, architecture, precision):
    """What is wrong with a kernel, and its name."""
    name = re.search(r"\.entry (\w+)", ptx)[1]
    path = os.path.join(folder, name + ".ptx")
    with open(path, "w", encoding="utf-8") as file:
        file.write(ptx)
    run = subprocess.run([ptxas, "-v", "-arch=" + architecture, path, "-o", path + ".cubin"], capture_output=True,
                         text=True, check=False)
    said = run.stdout + run.stderr
    if run.returncode != 0:
        return [f"{name}: ptxas rejects it: {said.strip()[:400]}"]
    found = []
    registers, stack = number(r"Used (\d+) registers", said), number(r"(\d+) bytes stack frame", said)
    stores, loads = number(r"(\d+) bytes spill stores", said), number(r"(\d+) bytes spill loads", said)
    if stores or loads or (stack and name.startswith("conv")):
        found.append(f"{name}: {registers} registers, {stack} bytes of stack, {stores} bytes of spill stores, {loads} of "
                     "spill loads")
    if precision == "tf32" and name.startswith("conv") and "mma.sync" not in ptx:
        found.append(f"{name}: no tensor cores")
    return found


def check(nacre, ptxas, model, architecture, precision):
    command = [nacre, "emit", os.path.join(ROOT, "models", model + ".nacre"), "--stage", "asm", "--target",
               "cuda:" + architecture, "--precision", precision]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    kernels = re.split(r"(?m)^(?=\.version)", text)[1:]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda ptx: complaints(ptxas, folder, ptx, architecture, precision), kernels)
        found = [line for lines in found for line in lines]
    for access in "ld", "st":
        if not re.search(access + r"\.global\S*\.(v4\.[bf]32|v2\.[bf]64)", text):
            found.append(f"no {access}.global of 16 bytes")
    print(f"{model}, {architecture}, {precision}: {len(kernels)} kernels", *found, sep="\n  ", flush=True)
    return not found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--all-architectures", action="store_true", help="for every model: takes long")
    parser.add_argument("models", nargs="*", help="names without .nacre; all if none are given")
    arguments = parser.parse_args()
    ptxas = find_ptxas()
    if not ptxas:
        print("skipped: there is no ptxas")
        return 0
    nacre = os.path.join(os.path.abspath(arguments.build), "bin/nacre")
    models = arguments.models or sorted(os.path.basename(path)[:-len(".nacre")]
                                        for path in glob.glob(os.path.join(ROOT, "models", "*.nacre")))
    good = True
    for model in models:
        everywhere = arguments.all_architectures or model == SMALLEST
        for architecture in ARCHITECTURES if everywhere else ["sm_90a"]:
            for precision in "f32", "tf32":
                good &= check(nacre, ptxas, model, architecture, precision)
    return 0 if good else 1


sys.exit(main())
