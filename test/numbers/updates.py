"""A model whose gradient is a field of the data: what an update rule makes of it."""

import os

import nacre

MODEL = """\
dataset given {{
  g: float[{size}]
  train = synthetic()
  eval = synthetic()
}}

block Weights(g: [N, K]) {{
  param w: [{size}] = 0
  v: [K] = w
  return sum(g * v)
}}

experiment numbers {{
  data = given
  batch = 1
  steps = 10
  lr = {rate}
  forward(g) {{
    loss = Weights(g)
  }}
  update(p, g) = {update}
}}
"""


def binary(test, name, rate, update, precision="f64", size=4):
    file = os.path.join(test.folder, name + ".nacre")
    with open(file, "w") as out:
        out.write(MODEL.format(rate=rate, update=update, size=size))
    return nacre.Binary(test.nacre, file, test.folder, name, precision=precision, target=test.target)
