"""Update rules and schedules of the standard library against torch.optim."""

import unittest

import numpy
import torch
from torch.optim import lr_scheduler

import nacre
import updates
from blocks import Comparison, random

SIZE, STEPS, BOUNDS = 67, 5, Comparison.BOUNDS


class Updates(unittest.TestCase):
    def follow(self, update, stepper, precision="f64", bound=1e-9):
        """Steps on random gradients; `stepper(w)` makes a function that takes a gradient and changes w."""
        binary = updates.binary(self, "rule", "0.01", update, precision, SIZE)
        w = torch.tensor(random((SIZE,)), requires_grad=True)
        step, tensors = stepper(w), {"w": w.detach().numpy().copy()}
        for number in range(STEPS):
            w.grad = torch.tensor(random((SIZE,)))
            tensors = binary.step({**tensors, "field.g": w.grad.numpy().reshape(1, -1)}, step=number)
            step()
            gap = nacre.distance(tensors["w"], w.detach().numpy())
            self.assertLess(gap, bound, f"{update}, step {number}, {precision}")

    def test_rules(self):
        optim = torch.optim
        for update, make in {
                "SGD(p, g, lr)": lambda w: optim.SGD([w], 0.01),
                "SGD(p, g, lr, 0.9, 5e-4)": lambda w: optim.SGD([w], 0.01, 0.9, weight_decay=5e-4),
                "SGD(p, g, lr, 0.8, 0.1, nesterov = true)":
                    lambda w: optim.SGD([w], 0.01, 0.8, weight_decay=0.1, nesterov=True),
                "Adam(p, g, lr)": lambda w: optim.Adam([w], 0.01),
                "Adam(p, g, lr, 0.8, 0.95, 1e-4, 0.1)": lambda w: optim.Adam([w], 0.01, (0.8, 0.95), 1e-4, 0.1),
                "AdamW(p, g, lr)": lambda w: optim.AdamW([w], 0.01),
                "AdamW(p, g, lr, 0.9, 0.95, weight_decay = 1e-5)":
                    lambda w: optim.AdamW([w], 0.01, (0.9, 0.95), weight_decay=1e-5)}.items():
            for precision, (_, bound) in BOUNDS.items():
                with self.subTest(update=update, precision=precision):
                    self.follow(update, lambda w: make(w).step, precision, bound)

    def test_lion(self):
        def stepper(w):
            m = torch.zeros(SIZE, dtype=torch.float64)

            def step():
                with torch.no_grad():
                    w.sub_(0.01 * ((0.9 * m + 0.1 * w.grad).sign() + 0.1 * w))
                    m.mul_(0.99).add_(0.01 * w.grad)
            return step
        self.follow("Lion(p, g, lr, weight_decay = 0.1)", stepper)

    def test_clipping(self):
        """Above and below the limit."""
        for limit in (1.0, 100.0):
            def stepper(w):
                rule = torch.optim.SGD([w], 0.01)

                def step():
                    torch.nn.utils.clip_grad_norm_([w], limit)
                    rule.step()
                return step
            self.follow(f"SGD(p, clip_norm(g, {limit}), lr)", stepper)

    def schedule(self, rate, expected, steps, per_epoch):
        binary = updates.binary(self, "schedule", rate, "SGD(p, g, lr)")
        given = {"w": numpy.zeros(4), "field.g": numpy.zeros((1, 4))}
        for number, truth in enumerate(expected):
            result = binary.step(given, step=number, steps=steps, steps_per_epoch=per_epoch)
            self.assertAlmostEqual(float(result["lr"]), truth, delta=1e-12, msg=f"{rate}, step {number}")

    @staticmethod
    def rates(make, count, per_epoch=1):
        """The rates of `count` steps, if the schedule moves on after every `per_epoch`."""
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.3)
        schedule, rates = make(optimizer), []
        for number in range(count):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if (number + 1) % per_epoch == 0:
                schedule.step()
        return rates

    def test_schedules(self):
        cosine = self.rates(lambda o: lr_scheduler.CosineAnnealingLR(o, 21, 0.02), 21)
        self.schedule("cosine(0.3, floor_lr = 0.02)", cosine, 21, 5)
        epochs = self.rates(lambda o: lr_scheduler.CosineAnnealingLR(o, 4, 0.02), 21, 5)
        self.schedule("cosine(0.3, 4, 0.02, epoch)", epochs, 21, 5)
        falling = self.rates(lambda o: lr_scheduler.CosineAnnealingLR(o, 16, 0.02), 16)
        self.schedule("warmup_cosine(0.3, 5, floor_lr = 0.02)", [0.3 * i / 5 for i in range(5)] + falling, 21, 5)
        stairs = self.rates(lambda o: lr_scheduler.MultiStepLR(o, [1, 3], 0.2), 21, 5)
        self.schedule("multistep(0.3, [1, 3], 0.2)", stairs, 21, 5)
