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

import torch  # noqa: E402  (the thread count must be set before)
from torch import nn  # noqa: E402


class Layer(nn.Module):
    def __init__(self, conv, inputs, outputs, act):
        super().__init__()
        self.bn = nn.BatchNorm2d(inputs)
        self.conv = conv(inputs, outputs, 3, padding=1)
        self.act = act

    def forward(self, x):
        return self.act(self.conv(self.bn(x)))


class ResConv(nn.Module):
    def __init__(self, layers, channels=32, skip=0.1):
        super().__init__()
        widths = [1] + [channels] * layers
        self.skip = skip
        self.encoder = nn.ModuleList(
            Layer(nn.Conv2d, widths[i], widths[i + 1], nn.GELU() if i + 1 < layers else nn.Identity())
            for i in range(layers))
        self.decoder = nn.ModuleList(
            Layer(nn.ConvTranspose2d, widths[layers - i], widths[layers - i - 1],
                  nn.GELU() if i + 1 < layers else nn.Sigmoid())
            for i in range(layers))

    def forward(self, x):
        seen = []
        for layer in self.encoder:
            x = layer(x)
            seen.append(x)
        for i, layer in enumerate(self.decoder):
            x = layer(x if i == 0 else x + self.skip * seen[-1 - i])
        return x


def main():
    torch.set_num_threads(ARGS.threads)
    torch.manual_seed(1)
    net = ResConv(ARGS.layers)
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
