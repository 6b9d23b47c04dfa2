#!/usr/bin/env python3
"""Runs the comparisons with PyTorch.

    /usr/bin/python3 test/numbers/run.py --build build [--target cpu] [test names...]
"""

import argparse
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--target", default="cpu")
    parser.add_argument("--keep", help="folder for the models and binaries")
    parser.add_argument("--full", action="store_true", help="nets in full width, and all steps: takes long")
    parser.add_argument("names", nargs="*", help="test_ops, test_golden.Golden.test_f64, ...")
    arguments = parser.parse_args()
    os.environ["NACRE_BUILD"] = os.path.abspath(arguments.build)
    with tempfile.TemporaryDirectory() as folder:
        unittest.TestCase.nacre = os.path.abspath(os.path.join(arguments.build, "bin/nacre"))
        unittest.TestCase.folder = arguments.keep or folder
        unittest.TestCase.target = arguments.target
        unittest.TestCase.full = arguments.full
        unittest.TestCase.root = os.path.dirname(os.path.dirname(HERE))
        loader = unittest.defaultTestLoader
        tests = loader.loadTestsFromNames(arguments.names) if arguments.names else loader.discover(HERE)
        result = unittest.TextTestRunner(verbosity=2).run(tests)
    sys.exit(not result.wasSuccessful())


sys.path[:0] = [HERE, os.path.dirname(HERE)]
main()
