"""How long it takes to import what every task needs, beside the four modules that it cannot do without.

Each sample is a fresh interpreter that times nothing but the imports, with bytecode compiled; the two kinds alternate,
so that a busy machine slows both. Run it with `make bench`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

BASE = "msgpack, socket, json, logging"
OURS = "dagfloe, dagfloe.runtime.server"
LIMIT = 1.3


def sample(modules: str, bytecode: str) -> float:
    """The milliseconds that importing modules took in a fresh interpreter, with its bytecode in a folder."""
    code = f"import time; began = time.perf_counter(); import {modules}; print(time.perf_counter() - began)"
    env = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    return float(answer.stdout) * 1000


def main() -> None:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=41, help="of each kind")
    samples = parser.parse_args().samples
    with tempfile.TemporaryDirectory() as bytecode:
        sample(BASE, bytecode), sample(OURS, bytecode)  # the first ones compile
        pairs = [(sample(BASE, bytecode), sample(OURS, bytecode)) for _ in range(samples)]
    base, ours = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for theirs, mine in pairs)
    low, *_, high = statistics.quantiles((mine / theirs for theirs, mine in pairs), n=10)
    print(f"import {BASE}: median {base:.1f} ms")
    print(f"import {OURS}: median {ours:.1f} ms")
    verdict = "within" if ratio <= LIMIT else "ABOVE"
    print(f"ratio: {ratio:.2f} (8 of 10 pairs between {low:.2f} and {high:.2f}), {verdict} the limit of {LIMIT}")


if __name__ == "__main__":
    main()
