"""How long it takes to import what every task needs, beside the four modules that it cannot do without.

Each sample is a fresh interpreter that times nothing but the imports, with bytecode compiled; the kinds alternate, so
that a busy machine slows all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial

from benchmarks.report import Limit, Table, rows_of
from benchmarks.samples import alternate, ratios

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


def measure(samples: int) -> Table:
    """The kinds in turns."""
    with tempfile.TemporaryDirectory() as bytecode:
        # Warming up compiles.
        figures = alternate({kind: partial(sample, kind, bytecode) for kind in KINDS}, samples)
    base = figures[BASE]
    return Table(
        "Imports",
        "Imports of compiled modules in a new interpreter. The modules of each row include those of the first row.",
        rows_of("ms", figures),
        tuple(Limit(f"import {kind}", ratios(figures[kind], base), LIMIT) for kind in KINDS[1:]),
    )
