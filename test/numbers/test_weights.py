"""Weights of PyTorch in, weights for PyTorch out: torchvision's ResNet-18 as a safetensors file."""

import json
import os
import shutil
import subprocess
import unittest

import numpy
import torch
import torch.nn.functional as F

import nacre
from resnet_torch import ResNet

MODEL = """\
import resnet

dataset few {
  image: float[3, 64, 64]
  label: int[] in 0..999
  train = numpy("few.npz")
  eval = numpy("few.npz")
}

fn picture(y: [N, K]) = reshape(y, [N, 1, 1, K])

experiment tuning {
  data = few
  batch = 2
  steps = 1
  ema = 0.9
  forward(image, label) {
    y = ResNet(image)
    loss = cross_entropy(y, onehot(label, classes))
    show picture(y)
  }
  update(p, g) = SGD(p, g, 0.1, momentum = 0.9)
}
"""


class Weights(unittest.TestCase):
    def setUp(self):
        """The net in PyTorch, a file of its state in f32, and data."""
        shutil.copy(os.path.join(self.root, "models/resnet.nacre"), self.folder)
        self.model = self.path("tuning.nacre")
        with open(self.model, "w") as out:
            out.write(MODEL)
        torch.manual_seed(1)
        self.net = ResNet(18, classes=1000, imagenet=True)
        for name, value in self.net.named_buffers():
            value.fill_(12345) if name.endswith("tracked") else value.uniform_(0.5, 1.5)
        self.state = {name: value.numpy() for name, value in self.net.state_dict().items()}
        nacre.save(self.path("resnet18.safetensors"), self.state)
        generator = numpy.random.default_rng(2)
        self.image = generator.normal(size=(2, 3, 64, 64)).astype(numpy.float32)
        self.label = generator.integers(1000, size=2).astype(numpy.int32)
        os.makedirs(self.path("few"), exist_ok=True)
        numpy.savez(self.path("few/few.npz"), image=self.image, label=self.label)

    def path(self, name):
        return os.path.join(self.folder, name)

    def build(self, precision):
        return nacre.Binary(self.nacre, self.model, self.folder, "tuning_" + precision,
                            ["stem=imagenet", "classes=1000"], precision=precision, target=self.target)

    def logits(self, dtype):
        with torch.no_grad():
            return self.net.eval().to(dtype)(torch.tensor(self.image, dtype=dtype)).double()

    def begun(self, binary, weights):
        """A checkpoint of a training that began with the weights, before its first step."""
        nacre.check([binary.path, "train", "--weights", weights, "--steps", "0", "--data", self.path("few"), "--out",
                     self.path("run")])
        return self.path("run/last.safetensors")

    def evaluated(self, binary, weights):
        command = [binary.path, "eval", "--checkpoint", weights, "--data", self.path("few"), "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["eval/loss"]

    def test_values(self):
        own, truth = self.logits(torch.float32), self.logits(torch.float64)
        loss = F.cross_entropy(truth, torch.tensor(self.label, dtype=torch.int64)).item()
        for precision, bound in (("f64", 1e-9), ("f32", max(1e-4, 3 * nacre.distance(own, truth)))):
            binary = self.build(precision)
            checkpoint = self.begun(binary, self.path("resnet18.safetensors"))
            fields = {"field.image": self.image, "field.label": self.label}
            result = binary.step({**nacre.load(checkpoint), **fields}, "eval")
            shown, = (value for name, value in result.items() if name.startswith("show."))
            self.assertLess(nacre.distance(shown, truth), bound)
            for file in (self.path("resnet18.safetensors"), checkpoint):
                self.assertLess(abs(self.evaluated(binary, file) - loss) / loss, bound)
            self.comes_back(binary, checkpoint)
            if precision == "f64":
                self.comes_back_in_f64(binary)
            else:
                self.wrong_files(binary)

    def exported(self, binary, checkpoint):
        nacre.check([binary.path, "export", "--checkpoint", checkpoint, "--out", self.path("back.safetensors")])
        return nacre.load(self.path("back.safetensors"))

    def comes_back(self, binary, checkpoint):
        back = self.exported(binary, checkpoint)
        self.assertEqual(back.keys(), self.state.keys())
        for name, value in self.state.items():
            self.assertEqual(back[name].shape, value.shape)
            numpy.testing.assert_array_equal(back[name].astype(value.dtype), value, name)
        if back["fc.weight"].dtype == numpy.float32:
            self.assertEqual({name: value.tobytes() for name, value in back.items()},
                             {name: value.tobytes() for name, value in self.state.items()})
        self.net.load_state_dict({name: torch.tensor(value) for name, value in back.items()})

    def comes_back_in_f64(self, binary):
        """Numbers that f32 has not."""
        state = {name: value / 3 if value.dtype == numpy.float64 else value
                 for name, value in ((name, value.numpy()) for name, value in self.net.double().state_dict().items())}
        nacre.save(self.path("fine.safetensors"), state)
        back = self.exported(binary, self.path("fine.safetensors"))
        self.assertEqual({name: (value.dtype, value.shape, value.tobytes()) for name, value in back.items()},
                         {name: (value.dtype, value.shape, value.tobytes()) for name, value in state.items()})

    def wrong_files(self, binary):
        def without(name):
            return {key: value for key, value in self.state.items() if key != name}

        weight = self.state["conv1.weight"]
        large = numpy.array(2**40)
        place = r"\(stdlib/\w+\.nacre:\d+:\d+\)"
        for given, words in [
            ({**without("layer2.0.conv1.weight"), "layer2.0.conv1.weights": self.state["layer2.0.conv1.weight"]},
             rf"lacks the tensor layer2\.0\.conv1\.weight {place}; it has layer2\.0\.conv1\.weights, which this model "
             "has not"),
            (without("bn1.running_var"), rf"lacks the tensor bn1\.running_var {place}"),
            ({**self.state, "conv1.weight": weight[:, :, 1:6, 1:6]},
             rf"has conv1\.weight as f32 \[64, 3, 5, 5\], this model as f32 \[64, 3, 7, 7\] {place}"),
            ({**self.state, "fc.bias": self.state["fc.bias"].astype(numpy.int32)},
             rf"has fc\.bias as i32 \[1000\], this model as f32 \[1000\] {place}"),
            ({**self.state, "layer1.2.conv1.weight": weight, "layer1.2.conv2.weight": weight},
             r"has layer1\.2\.conv1\.weight and 1 other, which this model has not"),
            ({**self.state, "bn1.num_batches_tracked": large},
             r"has numbers in bn1\.num_batches_tracked that i32 cannot hold")]:
            nacre.save(self.path("wrong.safetensors"), given)
            for command in (["train", "--out", self.path("never"), "--data", self.path("few"), "--weights"],
                            ["export", "--out", self.path("never.safetensors"), "--checkpoint"]):
                result = subprocess.run([binary.path, *command, self.path("wrong.safetensors")], capture_output=True,
                                        text=True)
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr, rf"^error: {self.path('wrong.safetensors')} {words}\n$")
