"""How long it takes to import what every task needs, beside the four modules that it cannot do without.

Each sample is a fresh interpreter that times nothing but the imports, with bytecode compiled; the kinds alternate, so
that a busy machine slows all of them. Run it with `make bench`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

BASE = "msgpack, socket, json, logging"
PACKAGES = "dagfloe, dagfloe.runtime"
#: With everything that a task which makes no calls goes on to import.
SERVER = "dagfloe, dagfloe.runtime.server"
KINDS = (BASE, PACKAGES, SERVER)
LIMIT = 1.3


def sample(modules: str, bytecode: str) -> float:
    """The milliseconds that importing modules took in a fresh interpreter, with its bytecode in a folder."""
    # The packages alone would not import the base, which they need.
    code = f"import time; began = time.perf_counter(); import {BASE}, {modules}; print(time.perf_counter() - began)"
    env = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    return float(answer.stdout) * 1000


def main() -> None:
    """Print the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=61, help="of each kind")
    samples = parser.parse_args().samples
    with tempfile.TemporaryDirectory() as bytecode:
        for modules in KINDS:  # the first ones compile
            sample(modules, bytecode)
        rounds = [[sample(modules, bytecode) for modules in KINDS] for _ in range(samples)]
    for index, modules in enumerate(KINDS):
        ratios = [times[index] / times[0] for times in rounds]
        low, *_, high = statistics.quantiles(ratios, n=10)
        median = statistics.median(times[index] for times in rounds)
        print(f"import {modules + ':':35} {median:5.1f} ms, ratio {statistics.median(ratios):.2f}", end="")
        print(f" (8 of 10 rounds between {low:.2f} and {high:.2f}; limit {LIMIT})" if index else "")


if __name__ == "__main__":
    main()
