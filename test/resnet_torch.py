"""ResNet-18 and the blocks of models/resnet.nacre in PyTorch, with the same parameter
names: the peer of test/numbers (values) and test/perf (time)."""

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

    def __init__(self, channels, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = nn.Identity()
        if stride > 1 or channels != 4 * width:
            projection = nn.Conv2d(channels, 4 * width, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(4 * width))

    def forward(self, x):
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        return (self.bn3(self.conv3(y)) + self.downsample(x)).relu()


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
        y = active = self.bn1(x).relu()
        for i in range(1, self.count + 1):
            y = y if i == 1 else getattr(self, f"bn{i}")(y).relu()
            y = getattr(self, f"conv{i}")(y)
        return y + (self.downsample(active) if hasattr(self, "downsample") else x)


class ResNet18(nn.Module):
    """For images of 32 x 32."""

    def __init__(self, width=64, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU(inplace=True)
        channels = width
        for stage in range(4):
            wide = width * 2**stage
            blocks = BasicBlock(channels, wide, 2 if stage else 1), BasicBlock(wide, wide, 1)
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
            channels = wide
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.relu1(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))
