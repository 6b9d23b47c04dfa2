"""The ConvGRU of models/convgru.nacre in PyTorch, with the same parameter names: the peer
of test/numbers (values) and test/perf (time)."""

import torch
from torch import nn


class Cell(nn.Module):
    """One step, with a group norm on the recurrent side."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.conv_x = nn.Conv2d(channels, 3 * hidden, 3, padding=1)
        self.conv_h = nn.Conv2d(hidden, 3 * hidden, 3, padding=1, bias=False)
        self.layer_norm = nn.GroupNorm(min(32, hidden), 3 * hidden)

    def forward(self, x, h):
        xz, xr, xn = self.conv_x(x).chunk(3, 1)
        hz, hr, hn = self.layer_norm(self.conv_h(h)).chunk(3, 1)
        z, r = torch.sigmoid(xz + hz), torch.sigmoid(xr + hr)
        return (1 - z) * h + z * torch.tanh(xn + hn + r * h)


class ConvGRU(nn.Module):
    """Frames [N, C, T, H, W] to the list of the states."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.cell = Cell(channels, hidden)
        self.h0 = nn.Parameter(torch.zeros(1, hidden, 1, 1))

    def forward(self, x):
        states = [self.h0.expand(x.shape[0], -1, *x.shape[3:])]
        for t in range(x.shape[2]):
            states.append(self.cell(x[:, :, t], states[-1]))
        return states[1:]


class Predictor(nn.Module):
    """Each frame from those before it."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.gru = ConvGRU(channels, hidden)
        self.out = nn.Conv3d(hidden, channels, 1)

    def forward(self, x):
        return torch.sigmoid(self.out(torch.stack(self.gru(x), 2)))
