#!/usr/bin/env python3
"""Runs what the READMEs show: every command of every `sh` block of README.md, in order,
in a scratch folder that sees the tree as it is (those after a line `# takes long` are
only checked to exist), and every `nacre` block of lang/README.md, which has to be a
file without errors, laid out as `nacre fmt` does it."""

import argparse
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def blocks(file, language):
    with open(os.path.join(ROOT, file)) as text:
        return re.findall(rf"^```{language}\n(.*?)^```", text.read(), re.S | re.M)


def run(command, folder, where):
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{where}: '{' '.join(command)}' failed:\n{result.stdout}{result.stderr}")


def run_examples(nacre, folder):
    examples = blocks("lang/README.md", "nacre")
    for number, example in enumerate(examples):
        file = os.path.join(folder, f"example{number}.nacre")
        with open(file, "w") as out:
            out.write(example)
        for command in ([nacre, "check", file], [nacre, "fmt", "--check", file]):
            run(command, folder, "lang/README.md")
    print(f"{len(examples)} examples of lang/README.md checked")


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
        run_examples(os.path.join(build, "bin/nacre"), folder)
        for block in blocks("README.md", "sh"):
            for command, runs in commands(block):
                program = command.split()[0]
                if not runs:
                    if "/" in program and not os.path.exists(os.path.join(folder, program)) and not program.startswith("out/"):
                        sys.exit(f"README.md: no such command: {command}")
                    continue
                print("  $", command, flush=True)
                run(["bash", "-euo", "pipefail", "-c", command], folder, "README.md")
                count += 1
    print(f"{count} commands of README.md run")


main()
