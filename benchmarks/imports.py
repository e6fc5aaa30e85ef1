"""Measures the imports of a task, in comparison with the four modules that every task needs.

Each sample is a new interpreter, which times only the imports of compiled modules. The kinds of samples alternate, so
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
#: The modules of a task that makes no calls.
SERVER = "dagfloe, dagfloe.runtime.server"
KINDS = (BASE, PACKAGES, SERVER)
LIMIT = 1.3


def sample(modules: str, bytecode: str) -> float:
    """Import modules in a new interpreter with its bytecode in a folder. Returns the milliseconds."""
    # The packages import some of the base only when they need it.
    code = f"import time; start = time.perf_counter(); import {BASE}, {modules}; print(time.perf_counter() - start)"
    env = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    return float(answer.stdout) * 1000


def measure(samples: int) -> Table:
    """Measure all kinds in turns."""
    with tempfile.TemporaryDirectory() as bytecode:
        # The warm-up compiles the modules.
        figures = alternate({kind: partial(sample, kind, bytecode) for kind in KINDS}, samples)
    base = figures[BASE]
    return Table(
        "Imports",
        "Imports of compiled modules in a new interpreter. The modules of each row include those of the first row.",
        rows_of("ms", figures),
        tuple(Limit(f"import {kind}", ratios(figures[kind], base), LIMIT) for kind in KINDS[1:]),
    )
