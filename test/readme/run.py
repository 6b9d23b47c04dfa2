#!/usr/bin/env python3
"""Runs the commands of README.md: every line of every `sh` block, in order, in a
scratch folder that sees the tree as it is. Commands that install, and those after a
line `# takes long`, are only checked to exist."""

import argparse
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def blocks(text):
    return re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M)


def commands(block):
    """Lines, with continuations joined; what follows `# takes long` is only looked at."""
    runs = True
    for line in block.replace("\\\n", " ").splitlines():
        if line.strip() == "# takes long":
            runs = False
        elif line.strip() and not line.startswith("#"):
            yield line.strip(), runs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    arguments = parser.parse_args()
    build = os.path.abspath(arguments.build)
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in os.listdir(ROOT):
            if not name.startswith("build") and name != "out":
                os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
        os.symlink(build, os.path.join(folder, "build"))
        for block in blocks(open(os.path.join(ROOT, "README.md")).read()):
            for command, runs in commands(block):
                program = command.split()[0]
                if not runs:
                    if "/" in program and not os.path.exists(os.path.join(folder, program)) and not program.startswith("out/"):
                        sys.exit(f"README.md: no such command: {command}")
                    continue
                print("  $", command, flush=True)
                result = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, capture_output=True, text=True)
                if result.returncode != 0:
                    sys.exit(f"README.md: '{command}' failed:\n{result.stdout}{result.stderr}")
                count += 1
    print(f"{count} commands of README.md run")


main()
