"""Whole training steps of ResNet-18 and of the ConvGRU predictor against PyTorch, teacher-forced, as models/ trains
them: mixup, label smoothing, clipping, and a cosine with warm-up. What a step draws is kept in a state, for the peer."""

import os
import shutil
import unittest

import numpy
import torch
import torch.nn.functional as F

import forced
import nacre
from convgru_torch import Predictor
from resnet_torch import ResNet18

STEPS, WARMUP = 100, 10

# The share of each image in each mixture, beside what `mix` returns.
MIXED = """
block Mixed(x: [N, C, H, W], y: [N, K], alpha: float, prob: float, cut: float) {
  state shares: [N, N] = 0
  each = onehot(iota([N], 0), N)
  images, targets = mix(x, concat([y, each] over 1), alpha, prob, cut)
  shares' = targets[K..K + N - 1 over 1]
  return [images, targets[0..K - 1 over 1]]
}
"""

FILM = """
block Film(image: [N, C, H, W], count: int, side: int) -> [N, C, count, side, side] {
  state film: [N, C, count, side, side] = 0
  clip = moving_shapes(image, count, side)
  film' = clip
  return clip
}
"""


class Training(forced.TeacherForced):
    def binary(self, model, replacements, added, defines, needs=()):
        """Builds a file of models/ with some words replaced and blocks added."""
        for name in needs:
            shutil.copy(os.path.join(self.root, "models", name + ".nacre"), self.folder)
        with open(os.path.join(self.root, "models", model + ".nacre")) as file:
            text = file.read()
        for old, new in replacements.items():
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        name = "forced_" + model
        file = os.path.join(self.folder, name + ".nacre")
        with open(file, "w") as out:
            out.write(text + added)
        return nacre.Binary(self.nacre, file, self.folder, name, defines, target=self.target)


class ResNet(Training, unittest.TestCase):
    BATCH = 32

    def feed(self, number, peer, step):
        """Three shifted copies of an image are its colours. The mixtures have the shares that were drawn."""
        part = slice(number * self.BATCH, (number + 1) * self.BATCH)
        frame = numpy.pad(self.images[part], ((0, 0), (2, 2), (2, 2)))
        colours = numpy.stack([numpy.roll(frame, shift, 2) for shift in (0, 3, -5)], 1)
        fields = {"field.image": colours, "field.label": self.labels[part].astype(numpy.int32),
                  "watched.shares": numpy.zeros((self.BATCH, self.BATCH), numpy.float32)}
        shares = self.shares(step(fields)["watched.shares"].astype(numpy.float64))
        mean, std = (numpy.array(values)[:, None, None] for values in
                     ([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]))
        x = numpy.tensordot(shares, (colours / 255 - mean) / std, 1)
        forced.off_the_kinks(peer.net, lambda net: net(torch.tensor(x)))
        return fields, (x, shares @ numpy.eye(10)[self.labels[part]])

    def shares(self, shares):
        """Each image has one share in its own mixture, and one in another's: the same for all."""
        self.drawn.append(shares.diagonal().min())
        for axis in (0, 1):
            numpy.testing.assert_allclose(shares.sum(axis), 1, atol=1e-6)
            self.assertLessEqual((shares > 0).sum(axis).max(), 2)
        return shares

    def follow_width(self, width, steps):
        binary = self.binary("cifar", {"mixed = mix(": "mixed = watched: Mixed("}, MIXED,
                             [f"width={width}", f"batch_size={self.BATCH}", "cutmix=false", "pre_activation=false",
                              "grad_clip=1.0"], ["resnet"])
        self.images, self.labels, self.drawn = forced.images(steps * self.BATCH), forced.labels(steps * self.BATCH), []
        torch.manual_seed(7)
        net = ResNet18(width)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
        peer = forced.Peer(net, optimizer, lambda net, x, target: F.cross_entropy(net(x), target, label_smoothing=0.1),
                           forced.warmup_cosine(0.1, WARMUP, STEPS), limit=1.0)
        self.follow(binary, peer, steps, steps=STEPS, steps_per_epoch=WARMUP / 5)
        if len(self.drawn) > 10:
            self.assertGreater(numpy.ptp(self.drawn), 0.3)

    def test_steps(self):
        """With --full the net that is published, and all steps."""
        self.follow_width(64, STEPS) if self.full else self.follow_width(8, 40)


class ConvGRU(Training, unittest.TestCase):
    BATCH, FRAMES, HIDDEN, SIZE = 8, 5, 32, 16

    def feed(self, number, peer, step):
        part = slice(number * self.BATCH, (number + 1) * self.BATCH)
        film = numpy.zeros((self.BATCH, 1, self.FRAMES + 1, self.SIZE, self.SIZE), numpy.float32)
        fields = {"field.image": self.images[part, None], "watched.film": film}
        film = step(fields)["watched.film"].astype(numpy.float64)
        self.assertGreater(numpy.abs(numpy.diff(film, axis=2)).mean(), 1e-3)
        return fields, (film[:, :, :-1], film[:, :, 1:])

    def test_predictor(self):
        binary = self.binary("convgru", {"clip = moving_shapes(": "clip = watched: Film(",
                                         "warmup_cosine(1e-3, 100)": f"warmup_cosine(1e-3, {WARMUP})"}, FILM,
                             [f"frames={self.FRAMES}", f"hidden={self.HIDDEN}", f"size={self.SIZE}"])
        self.images = forced.images(STEPS * self.BATCH)
        torch.manual_seed(7)
        net = Predictor(1, self.HIDDEN)
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
        peer = forced.Peer(net, optimizer, lambda net, seen, whole: F.mse_loss(net(seen), whole),
                           forced.warmup_cosine(1e-3, WARMUP, STEPS), limit=1.0)
        self.follow(binary, peer, STEPS, steps=STEPS)
