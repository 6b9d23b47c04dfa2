"""The blocks of models/resnet.nacre against PyTorch: values, all gradients, running statistics."""

import unittest

import numpy
import torch
from torch.nn.utils.stateless import functional_call

import blocks
from blocks import Case, random
from resnet_torch import BasicBlock, Bottleneck, PreActivation


class ResNet(blocks.Comparison, unittest.TestCase):
    imports = ("resnet",)

    @staticmethod
    def block(call, channels, net):
        net.double()
        names = [name for name, _ in net.named_parameters()]
        # Norms have positive factors: where a ReLU cuts off most channels, gradients are differences of equal numbers.
        inputs = {"x": random((3, channels, 7, 5))}
        for name, value in net.named_parameters():
            factor = value.ndim == 1 and name.endswith("weight")
            inputs["layer." + name] = random(tuple(value.shape), *((0.5, 1.5) if factor else (-1, 1)))

        def states():
            values = {"layer." + name: value.numpy().copy() for name, value in net.named_buffers()}
            return {name: value.astype(numpy.int32) if value.dtype == numpy.int64 else value
                    for name, value in values.items()}

        before = states()
        return Case(f"{call} of {channels}", inputs, f"layer: {call}",
                    lambda x, *values: functional_call(net, dict(zip(names, values)), (x,)), states=before,
                    after=lambda *_: {name: torch.tensor(value) for name, value in states().items()})

    def cases(self):
        for channels, stride in ((6, 1), (5, 1), (6, 2)):
            yield self.block(f"Basic(x, 6, {stride}, 0.0)", channels, BasicBlock(channels, 6, stride))
            yield self.block(f"PreBasic(x, 6, {stride}, 0.0)", channels,
                             PreActivation(channels, [6, 6], [3, 3], stride))
        for channels, stride in ((12, 1), (5, 1), (12, 2)):
            yield self.block(f"Bottleneck(x, 3, {stride}, 0.0)", channels, Bottleneck(channels, 3, stride))
            yield self.block(f"PreBottleneck(x, 3, {stride}, 0.0)", channels,
                             PreActivation(channels, [3, 3, 12], [1, 3, 1], stride))
