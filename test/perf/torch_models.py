"""The nets of models/ in PyTorch, as its users write them: peers in time.

Each makes a net, its optimizer from the names of that one's implementations, and the loss of a batch.
"""

import os
import sys
from functools import partial

import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from convgru_torch import ConvGRU  # noqa: E402
from nets_torch import DenseNet, EfficientNet, WideResNet  # noqa: E402
from resconv_torch import ResConv  # noqa: E402
from resnet_torch import ResNet  # noqa: E402


def resconv(layers, batch, layout):
    net = ResConv(layers, skip=0.1).to(memory_format=layout)
    target = torch.rand(batch, 1, 32, 32).contiguous(memory_format=layout)
    seen = target.clone()
    seen[..., :16] = 0
    return net, partial(torch.optim.AdamW, list(net.parameters()), lr=3e-4), lambda: (net(seen) - target).abs().mean()


def classifier(make, batch, layout, smoothing=0.0, **rule):
    """Of images of 32 x 32, trained by SGD."""
    net = make().to(memory_format=layout)
    image, label = torch.rand(batch, 3, 32, 32).contiguous(memory_format=layout), torch.randint(10, (batch,))
    optimizer = partial(torch.optim.SGD, list(net.parameters()), lr=0.1, momentum=0.9, **rule)
    return net, optimizer, lambda: F.cross_entropy(net(image), label, label_smoothing=smoothing)


def convgru(batch, layout):
    net = ConvGRU(32, 64).to(memory_format=layout)
    x, target = torch.rand(batch, 32, 8, 16, 16), torch.rand(batch, 64, 16, 16)
    return net, partial(torch.optim.AdamW, list(net.parameters()), lr=1e-3), lambda: F.mse_loss(net(x)[-1], target)


def perceptron(width, batch, layout):
    """Layers of one width, trained by SGD, as in mlp.nacre; there is no layout to choose."""
    widths = [1024] + 6 * [width]
    layers = [part for ins, outs in zip(widths, widths[1:]) for part in (torch.nn.Linear(ins, outs), torch.nn.ReLU())]
    net = torch.nn.Sequential(*layers, torch.nn.Linear(width, 10))
    x, label = torch.rand(batch, 1024), torch.randint(10, (batch,))
    return net, partial(torch.optim.SGD, list(net.parameters()), lr=1e-3), lambda: F.cross_entropy(net(x), label)


def chain(channels, groups, kernel, size, batch, layout):
    """Convolutions of one kind behind one that makes the channels, as in convolutions.nacre."""
    convs = [torch.nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=groups, bias=False)
             for _ in range(4)]
    net = torch.nn.Sequential(torch.nn.Conv2d(1, channels, 1), *convs).to(memory_format=layout)
    x = torch.rand(batch, 1, size, size).contiguous(memory_format=layout)
    return net, partial(torch.optim.SGD, list(net.parameters()), lr=1e-3), lambda: net(x).square().mean()


MODELS = {
    "resconv-7": partial(resconv, 7),
    "resconv-15": partial(resconv, 15),
    "resnet18": partial(classifier, partial(ResNet, 18), weight_decay=5e-4),
    "resnet50": partial(classifier, partial(ResNet, 50), weight_decay=5e-4),
    "wrn-16-8": partial(classifier, partial(WideResNet, 16, 8), weight_decay=5e-4, nesterov=True),
    "densenet": partial(classifier, partial(DenseNet, [16, 16, 16], 12), weight_decay=1e-4, nesterov=True),
    "efficientnet": partial(classifier, partial(EfficientNet, 1.0, 1.0, 10, small=True), smoothing=0.1,
                            weight_decay=1e-5),
    "depthwise-3": partial(chain, 64, 64, 3, 32),
    "depthwise-5": partial(chain, 240, 240, 5, 16),
    "grouped-4": partial(chain, 128, 32, 3, 16),
    "grouped-8": partial(chain, 256, 32, 3, 8),
    "grouped-32": partial(chain, 128, 4, 3, 16),
    "mlp-128": partial(perceptron, 128),
    "mlp-512": partial(perceptron, 512),
    "mlp-1024": partial(perceptron, 1024),
    "mlp-2048": partial(perceptron, 2048),
    "convgru": convgru,
}
