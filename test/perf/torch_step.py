#!/usr/bin/env python3
"""One training step of a net in eager PyTorch: the peer of `BIN bench`.

Prints one JSON object: the median milliseconds of a step and the maximum resident
memory. Run by test/perf/compare.py, which alternates it with ours.
"""

import argparse
import json
import os
import resource
import statistics
import time


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--channels-last", action="store_true")
    return parser.parse_args()


ARGS = parse()
os.environ["OMP_NUM_THREADS"] = str(ARGS.threads)

import torch  # noqa: E402  (the thread count must be set before)
from torch_models import MODELS  # noqa: E402


def main():
    torch.set_num_threads(ARGS.threads)
    torch.manual_seed(1)
    layout = torch.channels_last if ARGS.channels_last else torch.contiguous_format
    options = {} if ARGS.layers is None else {"layers": ARGS.layers}
    net, optimizer, loss_of = MODELS[ARGS.model](ARGS.batch, layout, **options)
    times = []
    for _ in range(ARGS.steps + 2):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of()
        loss.backward()
        optimizer.step()
        times.append(1000 * (time.perf_counter() - start))
    print(json.dumps({
        "step_ms": statistics.median(times[2:]),
        "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "loss": loss.item(),
    }))


main()
