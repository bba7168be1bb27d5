# How lit runs the tests of contract/, dialect/, compiler/, tools/, codegen/,
# cells/, interpret/ and e2e/.
#
# A test is any .mlir or .test file with RUN lines. The tools under test and
# LLVM's FileCheck, not and split-file are on PATH, so a RUN line is what a user
# would type. lit.site.cfg.py, which CMake writes, sets the paths and then loads
# this file.

import os
import shutil
import subprocess

import lit.formats

config.name = "minrnn"
config.test_format = lit.formats.ShTest(execute_external=True)
config.pipefail = True
# A test may DEFINE a command from other substitutions.
config.recursiveExpansionLimit = 5
config.suffixes = [".mlir", ".test"]
# Inputs/ holds files that tests read; the rest is not lit's.
config.excludes = ["Inputs", "reference", "runtime", "fuzz", "bench"]

config.test_source_root = os.path.join(config.minrnn_source_root, "tests")
config.test_exec_root = os.path.join(config.minrnn_binary_root, "tests")

# Without a GPU toolkit on PATH, ptxas may still be at its usual place.
search_path = os.pathsep.join(
    [
        os.path.join(config.minrnn_binary_root, "bin"),
        config.llvm_tools_directory,
        config.environment.get("PATH", os.environ.get("PATH", "")),
        "/usr/local/cuda/bin",
    ]
)
config.environment["PATH"] = search_path

# REQUIRES: ptxas. Without it such a test is reported as UNSUPPORTED.
if shutil.which("ptxas", path=search_path):
    config.available_features.add("ptxas")

# UNSUPPORTED: usual-ptxas. That one is found whatever PATH says.
if shutil.which("ptxas", path="/usr/local/cuda/bin"):
    config.available_features.add("usual-ptxas")

# REQUIRES: emulator-training, cuda, cuda-training. What `minrnn devices` says can
# be used here, and be trained on: the latter needs NVRTC.
devices = subprocess.run(
    [os.path.join(config.minrnn_binary_root, "bin", "minrnn"), "devices"],
    stdout=subprocess.PIPE, text=True, check=False,
).stdout
for line in devices.splitlines():
    name, _, text = line.partition(": ")
    if not text.startswith("not usable"):
        config.available_features.add(name)
        if "; NVRTC " in text:
            config.available_features.add(name + "-training")

# UNSUPPORTED: sanitizer. Programs with one map terabytes of addresses.
if "-fsanitize" in config.minrnn_compiler_flags:
    config.available_features.add("sanitizer")

# Nobody is root in the eyes of a test that writes to a read-only place.
if os.geteuid() != 0:
    config.available_features.add("not-root")

# Kernels compiled by the tests stay in the build, out of the user's own cache.
config.environment["MINRNN_CACHE_DIR"] = os.path.join(config.test_exec_root, "cache")
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "OMP_NUM_THREADS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
# Tests run side by side: a thread that waits must not take a core from one that
# works.
config.environment.setdefault("OMP_WAIT_POLICY", "passive")

# %{tensors} writes a safetensors file, %{fails} runs a command that must fail
# well, %{limited} one that gets little memory; each explains itself in its file.
# %{fake_driver}: gives a command a fake CUDA driver and a fake cuBLAS.
fake_driver = os.path.join(config.test_exec_root, "device", "fake_driver", "libminrnn_fake_")
config.substitutions.append(
    (
        "%{fake_driver}",
        f"env MINRNN_CUDA_DRIVER={fake_driver}cuda.so MINRNN_CUBLAS={fake_driver}cublas.so",
    )
)
# %{failing_calls}: a library that lets the calls fail by which files change.
config.substitutions.append(
    ("%{failing_calls}", os.path.join(config.test_exec_root, "e2e", "libminrnn_failing_calls.so"))
)
# %{cells}: the folder of the cells as users read them. %{source}: the root of
# the sources. %{python}: a Python that needs nothing but its standard library.
config.substitutions.append(("%{cells}", os.path.join(config.minrnn_source_root, "specs", "cells")))
config.substitutions.append(("%{source}", config.minrnn_source_root))
config.substitutions.append(("%{python}", config.python_executable))
for tool in ("tensors", "fails", "limited"):
    script = os.path.join(config.test_source_root, "e2e", "Inputs", tool + ".py")
    config.substitutions.append(("%{" + tool + "}", config.python_executable + " " + script))

# REQUIRES: zsh. What it completes is tested where it is installed.
if shutil.which("zsh"):
    config.available_features.add("zsh")

# REQUIRES: tinyshakespeare. The text is not part of the repository: a minute of
# training on it is a test only where somebody has put it.
tinyshakespeare = os.environ.get("MINRNN_TINYSHAKESPEARE")
if not tinyshakespeare:
    for folder in ("data", os.path.join(os.pardir, "shared", "data")):
        candidate = os.path.join(config.minrnn_source_root, folder, "tinyshakespeare.txt")
        if os.path.exists(candidate):
            tinyshakespeare = os.path.realpath(candidate)
if tinyshakespeare:
    config.available_features.add("tinyshakespeare")
    config.substitutions.append(("%{tinyshakespeare}", tinyshakespeare))
