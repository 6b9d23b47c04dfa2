#!/usr/bin/env python3
"""Has ptxas compile the kernels of models for GPUs, and reads what it says and what it makes of them.

    /usr/bin/python3 test/gpu/check.py --build build [--quick]
        [--architectures sm_80,sm_90a,sm_100] [--precisions f32,tf32,bf16,f16] [model...]

No kernel may be rejected, no convolution may spill registers or have local memory; with a precision for tensor cores
convolutions multiply on them, but for those in small groups; in bf16 and f16 on sm_90a by warpgroups whose products are
not put in series. Where there is a disassembler, too, the same is read from the machine code, and that vectors of 16
bytes are moved by one instruction. Without ptxas (CUDA_ROOT, CUDA_HOME, PATH, /usr/local/cuda, the package nvidia-cuda-nvcc) it
says so and passes; without nvdisasm (the same places, nvidia-cuda-nvdisasm) machine code is not read.
"""

import argparse
import collections
import concurrent.futures
import glob
import hashlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ARCHITECTURES, PRECISIONS = ["sm_80", "sm_90a", "sm_100"], ["f32", "tf32", "bf16", "f16"]
# What `--quick` looks at. To disassemble takes longer than to compile: it is done with the same models.
FEW = {"models": ["convgru", "resnet"], "architectures": ["sm_90a"], "precisions": ["f32", "bf16"]}

# The instructions that move 16 bytes, in PTX and in machine code.
VECTORS = {"load": (r"ld\.global\S*\.(v4\.[bfu]32|v2\.[bfu]64)", r"LDG\.E\.128"),
           "store": (r"st\.global\S*\.(v4\.[bfu]32|v2\.[bfu]64)", r"STG\.E\.128"),
           "copy": (r"cp\.async\.\S+ .*, 16", r"LDGSTS\.E\S*\.128")}


def find_tool(name):
    folders = [os.path.join(os.environ[root], "bin") for root in ("CUDA_ROOT", "CUDA_HOME") if root in os.environ]
    folders += os.environ["PATH"].split(os.pathsep) + ["/usr/local/cuda/bin"]
    folders += glob.glob(os.path.join(sysconfig.get_paths()["purelib"], "nvidia", "*", "bin"))
    return shutil.which(name, path=os.pathsep.join(folders))


def number(pattern, text):
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


class Kernel:
    """One kernel as PTX. Kernels that differ in their name alone are the same."""

    def __init__(self, ptx, architecture):
        self.name = re.search(r"\.entry (\w+)", ptx)[1]
        self.architecture = architecture
        self.ptx = re.sub(r"//.*", "", ptx).replace(self.name, "kernel")
        self.key = hashlib.sha256((architecture + self.ptx).encode()).hexdigest()

    def is_convolution(self):
        return self.name.startswith("conv")

    def is_product(self):
        """Whether it is one of matrices: those in small groups are not."""
        return self.is_convolution() and "_groups_" not in self.name


class Assembler:
    """Compiles each distinct kernel once, some of them at the same time."""

    def __init__(self, ptxas, disassembler, folder):
        self.ptxas, self.disassembler, self.folder = ptxas, disassembler, folder
        self.pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
        self.lock = threading.Lock()
        self.said, self.code = {}, {}

    def remarks(self, kernel):
        """What ptxas says: its exit status and its text, later."""
        return self.once(self.said, kernel, lambda: self.compile(kernel))

    def machine_code(self, kernel):
        return self.once(self.code, kernel, lambda: self.disassemble(kernel))

    def once(self, known, kernel, work):
        with self.lock:
            if kernel.key not in known:
                known[kernel.key] = self.pool.submit(work)
            return known[kernel.key]

    def path(self, kernel, ending):
        return os.path.join(self.folder, kernel.key + ending)

    def compile(self, kernel):
        with open(self.path(kernel, ".ptx"), "w", encoding="utf-8") as file:
            file.write(kernel.ptx)
        command = [self.ptxas, "-v", "-arch=" + kernel.architecture, file.name, "-o", self.path(kernel, ".cubin")]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        os.remove(file.name)
        return run.returncode, run.stdout + run.stderr

    def disassemble(self, kernel):
        command = [self.disassembler, "-c", self.path(kernel, ".cubin")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def complaints_of_ptxas(kernel, said, precision):
    """What is wrong with a kernel, and what is merely not good."""
    status, text = said
    if status != 0:
        return [f"ptxas rejects it: {text.strip()[:400]}"], []
    registers, stack = number(r"Used (\d+) registers", text), number(r"(\d+) bytes stack frame", text)
    stores, loads = number(r"(\d+) bytes spill stores", text), number(r"(\d+) bytes spill loads", text)
    wrong = []
    if kernel.is_product() and precision != "f32" and not re.search(r"mma(\.sync|_async)", kernel.ptx):
        wrong.append("no tensor cores")
    if kernel.architecture == "sm_90a" and precision in ("bf16", "f16") and "mma.sync" in kernel.ptx:
        wrong.append("tensor cores by mma.sync where there is wgmma")
    if "wgmma" in text and "serialized" in text:
        wrong.append("products of a warpgroup in series")
    if not stores and not loads and not stack:
        return wrong, []
    spilled = [f"{registers} registers, {stack} bytes of stack, {stores} of spill stores, {loads} of spill loads"]
    return (wrong + spilled, []) if kernel.is_convolution() else (wrong, spilled)


def complaints_of_code(kernel, code):
    wrong = []
    for virtual, real in ("mma.sync", "HMMA"), ("wgmma.mma_async", "HGMMA"):
        if virtual in kernel.ptx and not re.search(rf"\b{real}\.", code):
            wrong.append(f"its machine code has no {real}")
    if re.search(r"\b(LDL|STL)\b", code):
        wrong.append("its machine code has local memory")
    for what, (virtual, real) in VECTORS.items():
        if re.search(virtual, kernel.ptx) and not re.search(real, code):
            wrong.append(f"its machine code has no {what} of 16 bytes, but its PTX has")
    return wrong


def kernels_of(nacre, model, architecture, precision):
    command = [nacre, "emit", os.path.join(ROOT, "models", model + ".nacre"), "--stage", "asm", "--target",
               "cuda:" + architecture, "--precision", precision]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [Kernel(ptx, architecture) for ptx in re.split(r"(?m)^(?=\.version)", text)[1:]]


def check(assembler, kernels, precision, reads_code):
    """Lines to print, and whether there is nothing wrong."""
    said = [assembler.remarks(kernel) for kernel in kernels]
    found, notes = collections.defaultdict(list), collections.defaultdict(list)
    for kernel, remarks in zip(kernels, said):
        wrong, poor = complaints_of_ptxas(kernel, remarks.result(), precision)
        found[kernel.name] += wrong
        notes[kernel.name] += poor
    if reads_code:
        good = [kernel for kernel in kernels if kernel.is_convolution() and not found[kernel.name]]
        codes = [assembler.machine_code(kernel) for kernel in good]
        for kernel, code in zip(good, codes):
            found[kernel.name] += complaints_of_code(kernel, code.result())
    for what in "load", "store":
        if not any(re.search(VECTORS[what][0], kernel.ptx) for kernel in kernels):
            found["no kernel"].append(f"has a {what} of 16 bytes")
    lines = [f"{name}: {line}" for name, wrong in found.items() for line in wrong]
    lines += [f"{name}, no convolution: {line}" for name, poor in notes.items() for line in poor]
    return lines, not any(found.values())


def judge(assembler, case, kernels):
    """Prints what is found in the kernels of a model; whether there is nothing wrong."""
    model, architecture, precision = case
    reads_code = assembler.disassembler is not None and model in FEW["models"]
    lines, is_good = check(assembler, kernels, precision, reads_code)
    convolutions = sum(kernel.is_convolution() for kernel in kernels)
    print(f"{model}, {architecture}, {precision}: {len(kernels)} kernels, {convolutions} of convolutions", *lines,
          sep="\n  ", flush=True)
    return is_good


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--quick", action="store_true", help="a few models, one architecture")
    parser.add_argument("--architectures", type=lambda text: text.split(","))
    parser.add_argument("--precisions", type=lambda text: text.split(","))
    parser.add_argument("models", nargs="*", help="names without .nacre; all if none are given")
    arguments = parser.parse_args()
    every = sorted(os.path.basename(path)[:-len(".nacre")] for path in glob.glob(os.path.join(ROOT, "models", "*.nacre")))
    usual = FEW if arguments.quick else {"models": every, "architectures": ARCHITECTURES, "precisions": PRECISIONS}
    for name, value in usual.items():
        setattr(arguments, name, getattr(arguments, name) or value)
    return arguments


def main():
    arguments = parse_arguments()
    ptxas, disassembler = find_tool("ptxas"), find_tool("nvdisasm")
    if not ptxas:
        print("skipped: there is no ptxas")
        return 0
    if not disassembler:
        print("there is no nvdisasm: machine code is not read")
    nacre = os.path.join(os.path.abspath(arguments.build), "bin/nacre")
    cases = list(itertools.product(arguments.models, arguments.architectures, arguments.precisions))
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as emitters:
        assembler = Assembler(ptxas, disassembler, folder)
        results = [judge(assembler, case, kernels)
                   for case, kernels in zip(cases, emitters.map(lambda case: kernels_of(nacre, *case), cases))]
    return 0 if all(results) else 1


sys.exit(main())
