"""How lit finds and runs the tests: shell lines in .mlir, .nacre and .test files."""

import os

import lit.formats

config.name = "nacre"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".nacre", ".test"]
config.excludes = ["inputs", "fuzz", "perf", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.nacre_build, "test")

# nacre, nacre-opt, nacre-eval; FileCheck, not.
tools = [os.path.join(config.nacre_build, "bin"), config.llvm_tools]
config.environment["PATH"] = os.pathsep.join(tools + [os.environ["PATH"]])
config.substitutions.append(("%python", "/usr/bin/python3"))
config.substitutions.append(("%root", config.nacre_root))
