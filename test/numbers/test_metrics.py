"""Functions of stored images and of whole evaluations, which are no block's value, against PyTorch."""

import json
import os
import subprocess
import unittest

import numpy
import torch

import blocks
import nacre
from blocks import random

IMAGES = """\
dataset images {
  image: u8[3, 5, 7]
  train = synthetic()
  eval = synthetic()
}

block Net(image: u8[N, C, H, W]) -> [] {
  param c: [3, 3, 5, 7] = 0
  return sum(normalize(image, cifar_mean, cifar_std) * c)
}

experiment given {
  data = images
  batch = 3
  steps = 1
  forward(image) {
    loss = Net(image)
  }
  update(p, g) = p - g
}
"""

SPIKES = """\
dataset nothing {
  unused: float[1]
  train = synthetic(3)
  eval = synthetic(3)
}

block Rates() {
  param rate: [7, 5] = 0
  return rate
}

block Counts() {
  param count: [7, 5] = 0
  return count
}

block Valid() {
  param mask: [7, 5] = 0
  return mask
}

experiment given {
  data = nothing
  batch = 1
  steps = 1
  forward(unused) {
    rate = Rates()
    count = Counts()
    mask = Valid()
    loss = poisson_nll(rate, count, mask) + 0 * sum(unused)
    metric bits = bits_per_spike(rate, count, mask)
  }
  update(p, g) = p - g
}
"""


class Metrics(unittest.TestCase):
    def binary(self, name, text, precision):
        file = os.path.join(self.folder, name + ".nacre")
        with open(file, "w") as out:
            out.write(text)
        return nacre.Binary(self.nacre, file, self.folder, name, precision=precision, target=self.target)

    def test_normalize(self):
        """Its value is the gradient of its factor."""
        image = numpy.random.default_rng(5).integers(0, 256, (3, 3, 5, 7), dtype=numpy.uint8)
        mean = torch.tensor([0.4914, 0.4822, 0.4465], dtype=torch.float64).reshape(1, 3, 1, 1)
        std = torch.tensor([0.2023, 0.1994, 0.2010], dtype=torch.float64).reshape(1, 3, 1, 1)
        for precision, (_, bound) in blocks.Comparison.BOUNDS.items():
            given = {"c": numpy.zeros((3, 3, 5, 7)), "field.image": image}
            ours = self.binary("images", IMAGES, precision).step(given)["grad.c"]
            truth = (torch.tensor(image).double() / 255 - mean) / std
            self.assertLess(nacre.distance(ours, truth), bound)

    def test_bits_per_spike(self):
        """The spikes of three equal batches, by an evaluation of the binary."""
        rate, count = random((7, 5), 0.1, 3), numpy.round(random((7, 5), 0, 3))
        mask = (numpy.arange(35).reshape(7, 5) % 3 != 0).astype(float)
        spikes, time = (count * mask).sum(0), mask.sum(0)
        flat = spikes / time
        ours = ((count * numpy.log(rate + 1e-8) - rate) * mask).sum(0)
        truth = ((ours - (spikes * numpy.log(flat + 1e-8) - flat * time)) / spikes).mean() / numpy.log(2)
        for precision, (dtype, bound) in blocks.Comparison.BOUNDS.items():
            binary = self.binary("spikes", SPIKES, precision)
            checkpoint = binary.path + ".safetensors"
            tensors = {"rate": rate, "count": count, "mask": mask}
            nacre.save(checkpoint, {name: value.astype(dtype) for name, value in tensors.items()})
            run = subprocess.run([binary.path, "eval", "--checkpoint", checkpoint, "--json"], capture_output=True,
                                 text=True)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertLess(nacre.distance(json.loads(run.stdout)["eval/bits"], truth), bound)
