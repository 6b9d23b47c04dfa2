#!/usr/bin/env python3
"""What can be relied on, tried on a real binary: exact resume, the same bytes for any
number of threads and for every build, checkpoints that survive being killed.

    /usr/bin/python3 test/trust/run.py --build build
"""

import argparse
import filecmp
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# ResConv on generated images: 5 updates an epoch, and evaluations with a rest.
MODEL = """\
import resconv

config layers = 2
config size = 28

dataset noise {
  image: u8[1, 28, 28]
  train = synthetic(80)
  eval = synthetic(35)
}

experiment short {
  data = noise
  batch = 16
  epochs = 4
  lr = cosine(3e-4)
  forward(image) {
    x = float(image) / 255
    seen = x * half_mask(x)
    y = ResConv(seen)
    loss = l1(y, x)
    show seen, y
  }
  update(p, g) = AdamW(p, g, lr)
}
"""
FILES = ["last.safetensors", "best.safetensors", "metrics.jsonl"]


def readable(path):
    """Whether a safetensors file is whole: its header parses and all its bytes are there."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    end = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
    return len(data) == 8 + length + end


class Trust(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(ROOT, "models/resconv.nacre")) as source:
            cls.write("resconv.nacre", source.read())
        cls.model = cls.write("short.nacre", MODEL)
        cls.binary = cls.build("short")
        cls.whole = cls.path("whole")
        cls.train(cls.whole)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def write(cls, name, text):
        with open(cls.path(name), "w") as file:
            file.write(text)
        return cls.path(name)

    @staticmethod
    def run_silently(*command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")

    @classmethod
    def build(cls, name):
        cls.run_silently(cls.nacre, "build", cls.model, "-o", cls.path(name))
        return cls.path(name)

    @classmethod
    def train(cls, out, *options):
        cls.run_silently(cls.binary, "train", "--out", out, *options)

    def assertSameRun(self, out):
        for name in FILES:
            self.assertTrue(filecmp.cmp(os.path.join(self.whole, name), os.path.join(out, name), shallow=False),
                            f"{name} differs")

    def test_resume_is_exact(self):
        for steps in (1, 4, 5, 8, 13, 19):
            with self.subTest(steps=steps):
                out = self.path(f"resumed{steps}")
                self.train(out, "--steps", str(steps))
                self.train(out, "--resume", os.path.join(out, "last.safetensors"))
                self.assertSameRun(out)

    def test_threads_do_not_matter(self):
        for threads in (1, 2, 3):
            with self.subTest(threads=threads):
                out = self.path(f"threads{threads}")
                self.train(out, "--threads", str(threads))
                self.assertSameRun(out)

    def test_builds_are_equal(self):
        self.assertTrue(filecmp.cmp(self.binary, self.build("again"), shallow=False))

    def test_interrupt_saves(self):
        out = self.path("interrupted")
        process = subprocess.Popen([self.binary, "train", "--out", out], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        metrics = os.path.join(out, "metrics.jsonl")
        while not (os.path.exists(metrics) and os.path.getsize(metrics)) and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(), 0)
        self.train(out, "--resume", os.path.join(out, "last.safetensors"))
        self.assertSameRun(out)

    def test_best_is_saved_as_last(self):
        out = self.path("best")
        best = os.path.join(out, "best.safetensors")
        process = subprocess.Popen([self.binary, "train", "--out", out, "--epochs", "1000"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        versions = set()
        while len(versions) < 2 and process.poll() is None:
            if os.path.exists(best):
                versions.add(os.stat(best).st_ino)
            time.sleep(0.001)
        process.kill()
        process.wait()
        self.assertEqual(len(versions), 2)
        self.assertTrue(readable(os.path.join(out, "last.safetensors")))

    def test_killed_at_any_moment(self):
        generator = random.Random(11)
        start = time.monotonic()
        self.train(self.path("timed"))
        length = time.monotonic() - start
        out, rounds, survived = self.path("killed"), 0, 0
        last = os.path.join(out, "last.safetensors")
        while rounds < 50 or not os.path.exists(last):
            rounds += 1
            resume = ["--resume", last] if os.path.exists(last) else []
            process = subprocess.Popen([self.binary, "train", "--out", out, *resume], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(generator.uniform(0, length))
            process.kill()
            process.wait()
            for name in ("last.safetensors", "best.safetensors"):
                checkpoint = os.path.join(out, name)
                if os.path.exists(checkpoint):
                    self.assertTrue(readable(checkpoint))
                    survived += 1
        self.assertGreater(survived, 0)
        self.train(out, "--resume", last)
        self.assertSameRun(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Trust.folder = folder
        Trust.nacre = os.path.abspath(os.path.join(arguments.build, "bin/nacre"))
        result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(Trust))
    sys.exit(not result.wasSuccessful())


main()
