"""The nets and blocks of models/resnet.nacre in PyTorch, with the same parameter names,
which are torchvision's: the peer of test/numbers (values) and test/perf (time)."""

import torch.nn.functional as F
from torch import nn


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
        self.relu1, self.relu2 = nn.ReLU(inplace=True), nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.relu1(self.bn1(self.conv1(x)))
        return self.relu2(self.bn2(self.conv2(y)) + self.downsample(x))


class Bottleneck(nn.Module):
    """He et al. 2015; the 3 x 3 conv has the stride."""

    def __init__(self, channels, width, stride, wide=1):
        super().__init__()
        inner = width * wide
        self.conv1 = nn.Conv2d(channels, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = nn.Identity()
        if stride > 1 or channels != 4 * width:
            projection = nn.Conv2d(channels, 4 * width, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(4 * width))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class PreActivation(nn.Module):
    """He et al. 2016: norms and ReLUs come before their convs, which have these kernels. A projection sees the
    activated input, an identity the input itself."""

    def __init__(self, channels, widths, kernels, stride):
        super().__init__()
        self.count = len(kernels)
        at = 1 if len(kernels) == 3 else 0
        for i, (before, width, kernel) in enumerate(zip([channels, *widths], widths, kernels)):
            self.add_module(f"bn{i + 1}", nn.BatchNorm2d(before))
            conv = nn.Conv2d(before, width, kernel, stride if i == at else 1, kernel // 2, bias=False)
            self.add_module(f"conv{i + 1}", conv)
        if stride > 1 or channels != widths[-1]:
            self.downsample = nn.Sequential(nn.Conv2d(channels, widths[-1], 1, stride, bias=False))

    def forward(self, x):
        y = active = F.relu(self.bn1(x))
        for i in range(1, self.count + 1):
            y = y if i == 1 else F.relu(getattr(self, f"bn{i}")(y))
            y = getattr(self, f"conv{i}")(y)
        return y + (self.downsample(active) if hasattr(self, "downsample") else x)


class ResNet(nn.Module):
    """With the stem for images of 32 x 32, or for ImageNet. `wide` widens what is inside bottlenecks."""

    COUNTS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}

    def __init__(self, depth=18, width=64, classes=10, imagenet=False, pre_activation=False, wide=1):
        super().__init__()
        self.pre_activation = pre_activation
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False) if imagenet else nn.Conv2d(3, width, 3, 1, 1, bias=False)
        if not pre_activation:
            self.bn1 = nn.BatchNorm2d(width)
            self.relu1 = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if imagenet else nn.Identity()
        channels = width
        for stage, count in enumerate(self.COUNTS[depth]):
            blocks = []
            for number in range(count):
                block = self.block(depth >= 50, channels, width * 2**stage, 2 if stage and not number else 1, wide)
                channels = width * 2**stage * (4 if depth >= 50 else 1)
                blocks.append(block)
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        if pre_activation:
            self.bn = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels, classes)

    def block(self, deep, channels, width, stride, wide):
        if not self.pre_activation:
            return Bottleneck(channels, width, stride, wide) if deep else BasicBlock(channels, width, stride)
        widths, kernels = ([width, width, 4 * width], [1, 3, 1]) if deep else ([width, width], [3, 3])
        return PreActivation(channels, widths, kernels, stride)

    def forward(self, x):
        x = self.conv1(x) if self.pre_activation else self.relu1(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.maxpool(x)))))
        return self.fc((F.relu(self.bn(x)) if self.pre_activation else x).mean((2, 3)))


def ResNet18(width=64):
    return ResNet(18, width)
