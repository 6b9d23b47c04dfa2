"""The nets of models/ in PyTorch, as its users write them: peers in time."""

import os
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from convgru_torch import ConvGRU  # noqa: E402
from resconv_torch import ResConv  # noqa: E402
from resnet_torch import ResNet18  # noqa: E402


def resconv(batch, layout, layers=15):
    net = ResConv(layers, skip=0.1).to(memory_format=layout)
    target = torch.rand(batch, 1, 32, 32).contiguous(memory_format=layout)
    seen = target.clone()
    seen[..., :16] = 0
    return net, torch.optim.AdamW(net.parameters(), lr=3e-4), lambda: (net(seen) - target).abs().mean()


def resnet18(batch, layout):
    net = ResNet18().to(memory_format=layout)
    image, label = torch.rand(batch, 3, 32, 32).contiguous(memory_format=layout), torch.randint(10, (batch,))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    return net, optimizer, lambda: F.cross_entropy(net(image), label)


def convgru(batch, layout):
    net = ConvGRU(32, 64).to(memory_format=layout)
    x, target = torch.rand(batch, 32, 8, 16, 16), torch.rand(batch, 64, 16, 16)
    return net, torch.optim.AdamW(net.parameters(), lr=1e-3), lambda: F.mse_loss(net(x)[-1], target)


MODELS = {"resconv": resconv, "resnet18": resnet18, "convgru": convgru}
