"""The nets of models/ in PyTorch, as its users write them: peers in time."""

import os
import sys

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from resconv_torch import ResConv  # noqa: E402


class BasicBlock(nn.Module):
    """He et al. 2015."""

    def __init__(self, channels, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = nn.Identity()
        if stride > 1 or channels != width:
            self.downsample = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(y)) + self.downsample(x), inplace=True)


class ResNet18(nn.Module):
    """For images of 32 x 32."""

    def __init__(self):
        super().__init__()
        layers, channels = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)], 64
        for stage, width in enumerate((64, 128, 256, 512)):
            for block in range(2):
                layers.append(BasicBlock(channels, width, 2 if stage and not block else 1))
                channels = width
        self.features = nn.Sequential(*layers)
        self.fc = nn.Linear(512, 10)

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3)))


class ConvGRU(nn.Module):
    """Frames [N, C, T, H, W] to the last state, with a group norm on the recurrent side."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.conv_x = nn.Conv2d(channels, 3 * hidden, 3, padding=1)
        self.conv_h = nn.Conv2d(hidden, 3 * hidden, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(min(32, hidden), 3 * hidden)
        self.h0 = nn.Parameter(torch.zeros(1, hidden, 1, 1))

    def forward(self, x):
        h = self.h0.expand(x.shape[0], -1, *x.shape[3:])
        for t in range(x.shape[2]):
            xz, xr, xn = self.conv_x(x[:, :, t]).chunk(3, 1)
            hz, hr, hn = self.norm(self.conv_h(h)).chunk(3, 1)
            z, r = torch.sigmoid(xz + hz), torch.sigmoid(xr + hr)
            h = (1 - z) * h + z * torch.tanh(xn + hn + r * h)
        return h


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
    return net, torch.optim.AdamW(net.parameters(), lr=1e-3), lambda: F.mse_loss(net(x), target)


MODELS = {"resconv": resconv, "resnet18": resnet18, "convgru": convgru}
