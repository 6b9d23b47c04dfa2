"""VisionCore of models/visioncore.nacre in PyTorch, with the same parameter names."""

import torch
import torch.nn.functional as F
from torch import nn

from convgru_torch import ConvGRU


class Adapter(nn.Module):
    """A Gaussian blur that renormalises at the border, then bilinear sampling of a zoomed grid."""

    def __init__(self):
        super().__init__()
        self.log_sigma, self.log_scale = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(2))

    def blur(self, x, axis):
        size = x.shape[axis]
        offsets = torch.arange(1 - size, size, dtype=x.dtype)
        line = (-((offsets / F.softplus(self.log_sigma))**2) / 2).exp()[None, None]
        x = x.transpose(axis, -1)
        rows = x.reshape(-1, 1, size)
        y = F.conv1d(rows, line, padding=size - 1) / F.conv1d(torch.ones_like(rows), line, padding=size - 1)
        return y.reshape(x.shape).transpose(axis, -1)

    def forward(self, x, grid):
        n, c, t, h, w = x.shape
        frames = self.blur(self.blur(x, 3), 4).transpose(1, 2).reshape(n * t, c, h, w)
        line, (wide, high) = torch.linspace(-1, 1, grid, dtype=x.dtype), F.softplus(self.log_scale)
        places = torch.stack([(wide * line).expand(grid, grid), (high * line)[:, None].expand(grid, grid)], 2)
        y = F.grid_sample(frames, places.expand(n * t, grid, grid, 2), align_corners=True)
        return y.reshape(n, t, c, grid, grid).transpose(1, 2)


class RMSNorm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        y = x / (x.square().mean(1, True) + 1e-5).sqrt()
        return y * self.gamma.view(-1, 1, 1, 1) + self.beta.view(-1, 1, 1, 1)


class CausalConv(nn.Module):
    """Plain, separable or with normalised weight; `pad` is that of space."""

    def __init__(self, channels, out, kernel, pad, kind, stride=1, dilation=1):
        super().__init__()
        self.pad = (*[pad] * 4, dilation * (kernel[0] - 1), 0)
        self.options = {"stride": stride, "dilation": dilation}
        if kind == "separable":
            self.depthwise = nn.Conv3d(channels, channels, kernel, groups=channels, bias=False, **self.options)
            self.pointwise = nn.Conv3d(channels, out, 1, bias=False)
            return
        weight = nn.Parameter(nn.Conv3d(channels, out, kernel).weight.data)
        if kind == "plain":
            self.weight = weight
        else:
            self.weight_v, self.weight_g = weight, nn.Parameter(torch.ones(out, 1, 1, 1, 1))

    def forward(self, x):
        x = F.pad(x, self.pad, mode="replicate")
        if hasattr(self, "pointwise"):
            return self.pointwise(self.depthwise(x))
        if hasattr(self, "weight"):
            return F.conv3d(x, self.weight, **self.options)
        length = self.weight_v.square().sum((1, 2, 3, 4), True).sqrt()
        return F.conv3d(x, self.weight_g * self.weight_v / length, **self.options)


class BlurPool(nn.Module):
    """Each frame is blurred and soft-pooled, then gated by its own means."""

    def __init__(self, channels, ratio):
        super().__init__()
        squeeze = nn.Conv3d(channels, channels // ratio, 1)
        self.se = nn.Sequential(nn.Identity(), squeeze, nn.SiLU(), nn.Conv3d(channels // ratio, channels, 1))

    def forward(self, x):
        line = torch.tensor([1.0, 2, 1], dtype=x.dtype) / 4
        y = F.conv3d(x, (line[:, None] * line).expand(x.shape[1], 1, 1, 3, 3), padding=(0, 1, 1), groups=x.shape[1])
        y = F.avg_pool3d(y * y.exp(), (1, 2, 2)) / (F.avg_pool3d(y.exp(), (1, 2, 2)) + 1e-6)
        return y * self.se(y.mean((3, 4), True)).sigmoid()


def cut(a, b):
    """The last frames, and the middle of the rest."""
    a = a[:, :, a.shape[2] - min(a.shape[2], b.shape[2]):]
    for axis in (3, 4):
        size = min(a.shape[axis], b.shape[axis])
        a = a.narrow(axis, (a.shape[axis] - size) // 2, size)
    return a


class Parts(nn.Module):
    """The parts of a block, in their order."""

    def __init__(self, **parts):
        super().__init__()
        self.components = nn.ModuleDict(parts)

    def forward(self, x):
        for part in self.components.values():
            x = part(x)
        return x


class ResBlock(nn.Module):
    def __init__(self, channels, out, **parts):
        super().__init__()
        self.main_block = Parts(**parts)
        self.shortcut = nn.Conv3d(channels, out, 1, 2, bias=False)

    def forward(self, x):
        y, s = self.main_block(x), self.shortcut(x)
        return cut(y, s) + cut(s, y)


class ResNet(nn.Module):
    def __init__(self, standard):
        super().__init__()
        kinds = ["normalised", "plain", "plain"] if standard else 3 * ["separable"]
        large = {"kernel": (3, 5, 5), "pad": 3}
        convs = [CausalConv(4, 64, **large, kind=kinds[0], stride=2), CausalConv(64, 128, **large, kind=kinds[1]),
                 CausalConv(128, 256, (3, 3, 3), 2, kinds[2], dilation=2)]
        self.layers = nn.Sequential(
            ResBlock(4, 64, conv=convs[0], norm=RMSNorm(64), act=nn.SiLU()),
            ResBlock(64, 128, conv=convs[1], norm=RMSNorm(128), act=nn.SiLU(), pool=BlurPool(128, 8)),
            ResBlock(128, 256, conv=convs[2], norm=RMSNorm(256), act=nn.SiLU(), pool=BlurPool(256, 16)))

    def forward(self, x):
        return self.layers(x)


class Modulator(nn.Module):
    def __init__(self, channels, hidden, behavior, embedding):
        super().__init__()
        self.beh_emb = nn.Linear(behavior, embedding)
        self.gru = ConvGRU(channels + embedding, hidden)
        self.output_proj = nn.Conv2d(hidden, hidden, 1)

    def forward(self, x, behavior):
        under = self.beh_emb(behavior)[:, :, None, None, None].expand(-1, -1, *x.shape[2:])
        return self.output_proj(self.gru(torch.cat([x, under], 1))[-1])


class GaussianReadout(nn.Module):
    """The features of each unit, weighted by a rotated Gaussian whose weights sum to 1."""

    def __init__(self, channels, units):
        super().__init__()
        self.features = nn.Conv2d(channels, units, 1, bias=False)
        self.mean, self.std = nn.Parameter(torch.randn(units, 2)), nn.Parameter(torch.rand(units, 2) + 1)
        self.theta, self.bias = nn.Parameter(torch.randn(units)), nn.Parameter(torch.randn(units))

    def forward(self, x):
        rows, columns = (torch.arange(size, dtype=x.dtype) - (size - 1) / 2 for size in x.shape[2:])
        dy, dx = (rows - self.mean[:, :1])[:, :, None], (columns - self.mean[:, 1:])[:, None, :]
        cos, sin = self.theta.cos()[:, None, None], self.theta.sin()[:, None, None]
        along = (dy * cos + dx * sin) / self.std[:, 0, None, None]
        across = (dx * cos - dy * sin) / self.std[:, 1, None, None]
        mask = (-(along**2 + across**2) / 2).exp()
        mask = mask / (mask.sum((1, 2), True) + 1e-8)
        return (self.features(x) * mask).sum((2, 3)) + self.bias


class VisionCore(nn.Module):
    """Two sessions, without dropout; log rates."""

    def __init__(self, standard, grid, units):
        super().__init__()
        self.grid = grid
        self.adapters = nn.ModuleList(Adapter() for _ in units)
        self.frontend = nn.ModuleDict({"temporal_conv": nn.Conv3d(1, 4, (16, 1, 1), bias=False)})
        self.convnet = ResNet(standard)
        self.modulator = Modulator(256, 256, 42, 32)
        self.readouts = nn.ModuleList(GaussianReadout(256, count) for count in units)

    def forward(self, stimuli, behaviors):
        return [readout(self.modulator(self.convnet(self.frontend["temporal_conv"](adapter(x, self.grid))), behavior))
                for adapter, readout, x, behavior in zip(self.adapters, self.readouts, stimuli, behaviors)]


def gaussian_derivatives(length):
    """A Gaussian and its two derivatives as filters of unit length, by differentiation."""
    t = (torch.arange(length, dtype=torch.float64) - (length - 1) / 2).requires_grad_()
    rows = [(-((t / (length / 6))**2) / 2).exp()]
    for _ in range(2):
        rows.append(torch.autograd.grad(rows[-1].sum(), t, create_graph=True)[0])
    return torch.stack([row / row.norm() for row in rows]).detach()
