#!/usr/bin/env python3
"""Training steps of a net in PyTorch: the peer of `BIN bench`.

Says when it is ready. For each line that it reads it does some steps and prints a JSON object: the median milliseconds
of a step and the maximum memory: what is resident, or what is allocated on a GPU. Run by test/perf/compare.py, which
alternates it with ours, and by tools/gpu-check.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", metavar="MODE", help="torch.compile: default, max-autotune; eager if not given")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="f32", choices=("f32", "tf32", "bf16", "f16"), help="on a GPU")
    return parser.parse_args()


ARGS = parse()
os.environ["OMP_NUM_THREADS"] = str(ARGS.threads)

import torch  # noqa: E402  (the thread count must be set before)
from torch_models import MODELS  # noqa: E402


ON_GPU = ARGS.device != "cpu"


def timed(run):
    start = time.perf_counter()
    run()
    if ON_GPU:
        torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - start)


def prepare_gpu():
    """The fastest convolutions of this precision, each found by trial."""
    torch.set_default_device(ARGS.device)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = ARGS.precision != "f32"


def in_half(loss_of):
    """The loss in bf16 or f16, where that is asked for."""
    dtype = {"bf16": torch.bfloat16, "f16": torch.float16}.get(ARGS.precision)

    def run():
        with torch.autocast(ARGS.device, dtype=dtype):
            return loss_of()

    return run if dtype else loss_of


def peak_bytes():
    return torch.cuda.max_memory_allocated() if ON_GPU else 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def fastest_optimizer(make):
    """Of those that this PyTorch has for the device, by a few updates with the gradients at hand."""
    found = []
    for implementation in ({"foreach": False}, {"foreach": True}, {"fused": True}):
        try:
            optimizer = make(**implementation)
            found.append((min(timed(optimizer.step) for _ in range(4)), len(found), optimizer))
        except (RuntimeError, TypeError):
            pass  # not there, or not known
    return min(found)[-1]


def main():
    torch.set_num_threads(ARGS.threads)
    torch.manual_seed(1)
    if ON_GPU:
        prepare_gpu()
    layout = torch.channels_last if ARGS.channels_last else torch.contiguous_format
    net, make_optimizer, loss_of = MODELS[ARGS.model](ARGS.batch, layout)
    loss_of = in_half(loss_of)
    if ARGS.compile:
        loss_of = torch.compile(loss_of, mode=ARGS.compile)
    loss_of().backward()
    optimizer = fastest_optimizer(make_optimizer)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss_of().backward()
        optimizer.step()

    for _ in range(2):
        step()
    print("ready", flush=True)
    for _ in sys.stdin:
        times = [timed(step) for _ in range(ARGS.steps + 1)][1:]
        print(json.dumps({"step_ms": statistics.median(times), "peak_bytes": peak_bytes()}), flush=True)


main()
