"""Blocks of models/visioncore.nacre against PyTorch: values and all gradients."""

import unittest

import torch
import torch.nn.functional as F

import blocks
from blocks import Case, random


def blur_pool(x, v, a, w, b):
    """Each frame is blurred and pooled, then gated by its own means."""
    line = torch.tensor([1.0, 2, 1], dtype=x.dtype) / 4
    y = F.conv3d(x, (line[:, None] * line).expand(x.shape[1], 1, 1, 3, 3), padding=(0, 1, 1), groups=x.shape[1])
    y = F.avg_pool3d(y * y.exp(), (1, 2, 2)) / (F.avg_pool3d(y.exp(), (1, 2, 2)) + 1e-6)
    return y * F.conv3d(F.silu(F.conv3d(y.mean((3, 4), True), v, a)), w, b).sigmoid()


def gaussian_readout(x, weight, mean, std, theta, bias):
    """The features of each unit, weighted by a rotated Gaussian whose weights sum to 1."""
    rows, columns = (torch.arange(size, dtype=x.dtype) - (size - 1) / 2 for size in x.shape[2:])
    dy = (rows - mean[:, :1])[:, :, None]
    dx = (columns - mean[:, 1:])[:, None, :]
    cos, sin = theta.cos()[:, None, None], theta.sin()[:, None, None]
    along = (dy * cos + dx * sin) / std[:, 0, None, None]
    across = (dx * cos - dy * sin) / std[:, 1, None, None]
    mask = (-(along**2 + across**2) / 2).exp()
    mask = mask / (mask.sum((1, 2), True) + 1e-8)
    return (F.conv2d(x, weight) * mask).sum((2, 3)) + bias


class VisionCore(blocks.Comparison, unittest.TestCase):
    imports = ("visioncore",)

    def cases(self):
        gate = {"layer.se.1.weight": random((3, 6, 1, 1, 1)), "layer.se.1.bias": random((3,)),
                "layer.se.3.weight": random((6, 3, 1, 1, 1)), "layer.se.3.bias": random((6,))}
        yield Case("BlurPool", {"x": random((2, 6, 3, 7, 5), -2, 2), **gate}, "layer: BlurPool(x, 2)", blur_pool)
        window = {"layer.features.weight": random((7, 5, 1, 1)), "layer.mean": random((7, 2)),
                  "layer.std": random((7, 2), 1, 3), "layer.theta": random((7,)), "layer.bias": random((7,))}
        yield Case("GaussianReadout", {"x": random((3, 5, 7, 6)), **window}, "layer: GaussianReadout(x, 7)",
                   gaussian_readout)
