"""Whole training steps of ResConv against PyTorch, teacher-forced: each step starts
from PyTorch's weights, moments and batch. Free-running only in f64, since f32
training drifts from f64 by 1 % within 100 steps in PyTorch itself."""

import gzip
import os
import unittest

import numpy
import torch
import torch.nn.functional as F
from torch import nn

import nacre

LAYERS, BATCH, STEPS, SKIP, RATE = 5, 16, 100, 0.1, 3e-4
IMAGES = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"


class Layer(nn.Module):
    def __init__(self, conv, inputs, outputs, act):
        super().__init__()
        self.bn = nn.BatchNorm2d(inputs)
        self.conv = conv(inputs, outputs, 3, padding=1)
        self.act = act

    def forward(self, x):
        return self.act(self.conv(self.bn(x)))


class ResConv(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [1] + [32] * LAYERS
        self.encoder, self.decoder = nn.Module(), nn.Module()
        for i in range(1, LAYERS + 1):
            act = F.gelu if i < LAYERS else nn.Identity()
            self.encoder.add_module(f"layer_{i}", Layer(nn.Conv2d, widths[i - 1], widths[i], act))
        for i in range(1, LAYERS + 1):
            act = F.gelu if i < LAYERS else torch.sigmoid
            self.decoder.add_module(f"layer_{i}",
                                    Layer(nn.ConvTranspose2d, widths[LAYERS - i + 1], widths[LAYERS - i], act))

    def forward(self, x):
        seen = []
        for layer in self.encoder.children():
            x = layer(x)
            seen.append(x)
        for i, layer in enumerate(self.decoder.children()):
            x = layer(x if i == 0 else x + SKIP * seen[-1 - i])
        return x


def batches():
    with gzip.open(IMAGES) as file:
        pixels = numpy.frombuffer(file.read(16 + 28 * 28 * BATCH * STEPS)[16:], numpy.uint8)
    return pixels.reshape(STEPS, BATCH, 1, 28, 28)


class Peer:
    """PyTorch's side: the net and AdamW with the schedule of the experiment."""

    def __init__(self, dtype, horizon):
        torch.manual_seed(7)
        self.net = ResConv().to(dtype)
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=RATE)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, horizon)
        self.dtype = dtype

    def tensors(self):
        """Weights, running statistics and moments under our names."""
        result = {key: value.detach().numpy().copy() for key, value in self.net.state_dict().items()}
        for name, parameter in self.net.named_parameters():
            state = self.optimizer.state.get(parameter, {})
            for ours, theirs in (("m", "exp_avg"), ("v", "exp_avg_sq")):
                value = state.get(theirs, torch.zeros_like(parameter))
                result[f"optimizer.{name}.{ours}"] = value.detach().numpy().copy()
        return {key: value.astype(numpy.int32) if value.dtype == numpy.int64 else value
                for key, value in result.items()}

    def step(self, seen, target):
        self.optimizer.zero_grad()
        loss = (self.net(torch.tensor(seen, dtype=self.dtype)) - torch.tensor(target, dtype=self.dtype)).abs().mean()
        loss.backward()
        gradients = {name: p.grad.numpy().copy() for name, p in self.net.named_parameters()}
        self.optimizer.step()
        self.schedule.step()
        return loss.item(), gradients


class Training(unittest.TestCase):
    HORIZON = 1000

    def binary(self, precision):
        return nacre.Binary(self.nacre, os.path.join(self.root, "models/resconv.nacre"), self.folder,
                            f"resconv_{precision}", [f"layers={LAYERS}", f"skip={SKIP}"], batch=BATCH,
                            precision=precision)

    def test_teacher_forced_f32(self):
        binary, peer = self.binary("f32"), Peer(torch.float32, self.HORIZON)
        worst = {"loss": 0.0, "gradient": 0.0, "weight": 0.0}
        for number, images in enumerate(batches()):
            given = {**peer.tensors(), "field.image": images}
            ours = binary.step(given, step=number, steps=self.HORIZON)
            truth = Peer(torch.float64, self.HORIZON)
            truth.net.load_state_dict({key: torch.tensor(given[key]) for key in truth.net.state_dict()})
            seen, target = ours["show.seen"], self.resized(images)
            loss, gradients = peer.step(seen, target)
            _, exact = truth.step(seen, target)
            after = peer.tensors()
            worst["loss"] = max(worst["loss"], abs(float(ours["loss"]) - loss) / loss)
            scale = numpy.sqrt(sum((g**2).sum() for g in exact.values()))
            for name, gradient in exact.items():
                gap = numpy.linalg.norm(ours["grad." + name] - gradient)
                own = numpy.linalg.norm(gradients[name] - gradient)
                norm = numpy.linalg.norm(gradient)
                bound = max(1e-4 * norm, 3 * own) + 1e-6 * scale
                self.assertLess(gap, bound, f"step {number}: gradient of {name}")
                worst["gradient"] = max(worst["gradient"], gap / scale)
                settled = numpy.abs(gradient) > 1e-4 * numpy.abs(gradient).max() + 1e-6 * scale
                moved = numpy.abs(ours[name] - after[name])[settled]
                if moved.size:
                    worst["weight"] = max(worst["weight"], moved.max())
                    self.assertLess(moved.max(), 0.02 * RATE, f"step {number}: new {name}")
        self.assertLess(worst["loss"], 1e-5)
        print("teacher-forced, f32, worst of 100 steps:", {key: f"{value:.1e}" for key, value in worst.items()})

    def test_free_running_f64(self):
        binary, peer = self.binary("f64"), Peer(torch.float64, self.HORIZON)
        ours = peer.tensors()
        worst = 0.0
        for number, images in enumerate(batches()[:50]):
            ours["field.image"] = images
            ours = binary.step(ours, step=number, steps=self.HORIZON)
            loss, _ = peer.step(ours["show.seen"], self.resized(images, numpy.float64))
            worst = max(worst, abs(float(ours["loss"]) - loss) / loss)
            ours = {key: value for key, value in ours.items() if key in peer.tensors()}
        self.assertLess(worst, 1e-6)
        print(f"free-running, f64, worst of 50 losses: {worst:.1e}")

    @staticmethod
    def resized(images, dtype=numpy.float32):
        rows = numpy.arange(32) * 28 // 32
        return (images.astype(dtype) / dtype(255))[:, :, rows][:, :, :, rows]
