#!/usr/bin/env python3
"""One training step of ResConv in eager PyTorch: the peer of `BIN bench`.

Prints one JSON object: the median milliseconds of a step and the maximum resident
memory. Run by test/perf/compare.py, which alternates it with ours.
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
    parser.add_argument("--layers", type=int, default=15)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--channels-last", action="store_true")
    return parser.parse_args()


ARGS = parse()
os.environ["OMP_NUM_THREADS"] = str(ARGS.threads)

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import torch  # noqa: E402  (the thread count must be set before)
from resconv_torch import ResConv  # noqa: E402


def main():
    torch.set_num_threads(ARGS.threads)
    torch.manual_seed(1)
    net = ResConv(ARGS.layers, skip=0.1)
    layout = torch.channels_last if ARGS.channels_last else torch.contiguous_format
    net = net.to(memory_format=layout)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-4)
    target = torch.rand(ARGS.batch, 1, 32, 32).contiguous(memory_format=layout)
    seen = target.clone()
    seen[..., :16] = 0
    times = []
    for _ in range(ARGS.steps + 2):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = (net(seen) - target).abs().mean()
        loss.backward()
        optimizer.step()
        times.append(1000 * (time.perf_counter() - start))
    print(json.dumps({
        "step_ms": statistics.median(times[2:]),
        "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "loss": loss.item(),
    }))


main()
