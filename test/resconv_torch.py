"""ResConv of models/resconv.nacre in PyTorch, with the same parameter names: the peer
of test/numbers (values) and test/perf (time)."""

import torch
import torch.nn.functional as F
from torch import nn


class Layer(nn.Module):
    def __init__(self, conv, inputs, outputs, act):
        super().__init__()
        self.bn = nn.BatchNorm2d(inputs)
        self.conv = conv(inputs, outputs, 3, padding=1)
        self.act = act

    def forward(self, x):
        return self.act(self.conv(self.bn(x)))


class ResConv(nn.Module):
    def __init__(self, layers, skip, channels=32):
        super().__init__()
        widths = [1] + [channels] * layers
        self.skip = skip
        self.encoder, self.decoder = nn.Module(), nn.Module()
        for i in range(1, layers + 1):
            act = F.gelu if i < layers else nn.Identity()
            self.encoder.add_module(f"layer_{i}", Layer(nn.Conv2d, widths[i - 1], widths[i], act))
        for i in range(1, layers + 1):
            act = F.gelu if i < layers else torch.sigmoid
            layer = Layer(nn.ConvTranspose2d, widths[layers - i + 1], widths[layers - i], act)
            self.decoder.add_module(f"layer_{i}", layer)

    def forward(self, x):
        seen = []
        for layer in self.encoder.children():
            x = layer(x)
            seen.append(x)
        for i, layer in enumerate(self.decoder.children()):
            x = layer(x if i == 0 else x + self.skip * seen[-1 - i])
        return x
