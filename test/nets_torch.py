"""WideResNet, PyramidNet, DenseNet and EfficientNet of models/ in PyTorch, with the same
parameter names; those of the last two are torchvision's."""

import math
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn


def conv(channels, out, kernel, stride=1, groups=1):
    return nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)


class WideUnit(nn.Module):
    """Zagoruyko and Komodakis 2016, without dropout."""

    def __init__(self, channels, out, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = conv(channels, out, 3, stride)
        self.bn2 = nn.BatchNorm2d(out)
        self.conv2 = conv(out, out, 3)
        self.convShortcut = conv(channels, out, 1, stride) if channels != out else None

    def forward(self, x):
        active = F.relu(self.bn1(x))
        y = self.conv2(F.relu(self.bn2(self.conv1(active))))
        return y + (x if self.convShortcut is None else self.convShortcut(active))


class WideStage(nn.Module):
    def __init__(self, channels, out, count, stride):
        super().__init__()
        units = [WideUnit(out if i else channels, out, 1 if i else stride) for i in range(count)]
        self.layer = nn.Sequential(*units)

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, depth, width, classes=10):
        super().__init__()
        count, widths = (depth - 4) // 6, [16, 16 * width, 32 * width, 64 * width]
        self.conv1 = conv(3, 16, 3)
        for stage in range(3):
            units = WideStage(widths[stage], widths[stage + 1], count, 2 if stage else 1)
            self.add_module(f"block{stage + 1}", units)
        self.bn1 = nn.BatchNorm2d(widths[3])
        self.fc = nn.Linear(widths[3], classes)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(F.relu(self.bn1(x)).mean((2, 3)))


class PyramidUnit(nn.Module):
    """Han et al. 2017: no ReLU before the first conv, a norm behind the last, zeros for channels that the shortcut
    lacks."""

    def __init__(self, channels, width, stride, bottleneck):
        super().__init__()
        steps = [(width, 1, 1), (width, 3, stride), (4 * width, 1, 1)] if bottleneck else \
            [(width, 3, stride), (width, 3, 1)]
        self.count, self.stride = len(steps), stride
        self.bn1 = nn.BatchNorm2d(channels)
        for i, (out, kernel, step) in enumerate(steps, 1):
            self.add_module(f"conv{i}", conv(channels, out, kernel, step))
            self.add_module(f"bn{i + 1}", nn.BatchNorm2d(out))
            channels = out

    def forward(self, x):
        y = self.bn1(x)
        for i in range(1, self.count + 1):
            y = getattr(self, f"bn{i + 1}")(getattr(self, f"conv{i}")(y if i == 1 else F.relu(y)))
        x = x if self.stride == 1 else F.avg_pool2d(x, 2)
        return y + F.pad(x, (0, 0, 0, 0, 0, y.shape[1] - x.shape[1]))


class PyramidNet(nn.Module):
    def __init__(self, depth, alpha, bottleneck, classes=10):
        super().__init__()
        count = (depth - 2) // (9 if bottleneck else 6)
        self.conv1, self.bn1 = conv(3, 16, 3), nn.BatchNorm2d(16)
        channels = 16
        for stage in range(3):
            units = []
            for i in range(count):
                width = round(16 + alpha * (stage * count + i + 1) / (3 * count))
                units.append(PyramidUnit(channels, width, 2 if stage and not i else 1, bottleneck))
                channels = width * (4 if bottleneck else 1)
            self.add_module(f"layer{stage + 1}", nn.Sequential(*units))
        self.bn_final = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.bn1(self.conv1(x)))))
        return self.fc(F.relu(self.bn_final(x)).mean((2, 3)))


class DenseLayer(nn.Module):
    """Huang et al. 2017."""

    def __init__(self, channels, growth, bottleneck):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = conv(channels, 4 * growth, 1) if bottleneck else conv(channels, growth, 3)
        if bottleneck:
            self.norm2, self.conv2 = nn.BatchNorm2d(4 * growth), conv(4 * growth, growth, 3)

    def forward(self, x):
        y = self.conv1(F.relu(self.norm1(x)))
        return self.conv2(F.relu(self.norm2(y))) if hasattr(self, "conv2") else y


class DenseBlock(nn.ModuleDict):
    def forward(self, x):
        for layer in self.values():
            x = torch.cat([x, layer(x)], 1)
        return x


class DenseNet(nn.Module):
    def __init__(self, counts, growth, bottleneck=True, classes=10, imagenet=False):
        super().__init__()
        channels = 16 if not imagenet and not bottleneck else 2 * growth
        parts = OrderedDict(conv0=conv(3, channels, 7, 2) if imagenet else conv(3, channels, 3))
        if imagenet:
            parts.update(norm0=nn.BatchNorm2d(channels), relu0=nn.ReLU(), pool0=nn.MaxPool2d(3, 2, 1))
        for number, count in enumerate(counts, 1):
            if number > 1:
                out = channels // 2 if bottleneck else channels
                parts[f"transition{number - 1}"] = nn.Sequential(OrderedDict(
                    norm=nn.BatchNorm2d(channels), relu=nn.ReLU(), conv=conv(channels, out, 1), pool=nn.AvgPool2d(2)))
                channels = out
            layers = {f"denselayer{i + 1}": DenseLayer(channels + i * growth, growth, bottleneck)
                      for i in range(count)}
            parts[f"denseblock{number}"] = DenseBlock(layers)
            channels += count * growth
        parts["norm5"] = nn.BatchNorm2d(channels)
        self.features = nn.Sequential(parts)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x):
        return self.classifier(F.relu(self.features(x)).mean((2, 3)))


def conv_norm(channels, out, kernel=1, stride=1, groups=1, act=nn.SiLU, **norm):
    return nn.Sequential(conv(channels, out, kernel, stride, groups), nn.BatchNorm2d(out, **norm), act())


class SqueezeExcite(nn.Module):
    def __init__(self, channels, squeeze):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, squeeze, 1), nn.Conv2d(squeeze, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(F.silu(self.fc1(x.mean((2, 3), True)))))


class MBConv(nn.Module):
    """Tan and Le 2019, without stochastic depth."""

    def __init__(self, channels, expansion, kernel, stride, out, **norm):
        super().__init__()
        mid = eights(channels * expansion)
        parts = [] if mid == channels else [conv_norm(channels, mid, **norm)]
        parts += [conv_norm(mid, mid, kernel, stride, mid, **norm), SqueezeExcite(mid, max(1, channels // 4)),
                  conv_norm(mid, out, act=nn.Identity, **norm)]
        self.block = nn.Sequential(*parts)
        self.residual = stride == 1 and channels == out

    def forward(self, x):
        return x + self.block(x) if self.residual else self.block(x)


def eights(channels):
    """The multiple of 8 nearest to a width, but not more than a tenth below it."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


class EfficientNet(nn.Module):
    """Without dropout. For small images the stem and the second stage do not subsample."""

    STAGES = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3),
              (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]

    def __init__(self, wide, long, classes, small=False, **norm):
        super().__init__()
        channels = eights(32 * wide)
        features = [conv_norm(3, channels, 3, 1 if small else 2, **norm)]
        for expansion, kernel, stride, base, count in self.STAGES:
            blocks, stride = [], 1 if small and len(features) == 2 else stride
            for i in range(math.ceil(count * long)):
                out = eights(base * wide)
                blocks.append(MBConv(channels, expansion, kernel, 1 if i else stride, out, **norm))
                channels = out
            features.append(nn.Sequential(*blocks))
        features.append(conv_norm(channels, 4 * channels, **norm))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Identity(), nn.Linear(4 * channels, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))
