"""Tasks that start Python processes: with `sys.executable`, and with libraries that do."""

from __future__ import annotations

import concurrent.futures
import json
import logging
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import multiprocess

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("pythons")


@dag.task
def run() -> tuple[str, list[tuple[int, str, str]]]:
    """Run the command lines in the file that the environment names, each with `sys.executable`."""
    answers = []
    for line in json.loads(Path(os.environ["COMMAND_LINES"]).read_text()):
        answer = subprocess.run(
            [sys.executable, *line["arguments"]],
            input=line["stdin"],
            cwd=line["cwd"],
            env=None if line["env"] is None else {**os.environ, **line["env"]},
            capture_output=True,
            text=True,
            timeout=60,
        )
        answers.append((answer.returncode, answer.stdout, answer.stderr))
    return sys.executable, answers


@dag.task
def clear() -> list[str]:
    """Start a Python with an empty environment."""
    code = "import os; print(*os.environ)"
    answer = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, check=True)
    return answer.stdout.split()


@dag.task
def inherit() -> None:
    """Start a Python that writes where the task itself writes."""
    subprocess.run([sys.executable, "-c", "import sys; print('to stdout'); print('to stderr', file=sys.stderr)"])


def square(number: int) -> int:
    logging.getLogger("worker").info("square of %s", number)
    return number * number


@dag.task
def joblib_workers() -> list[int]:
    return list(joblib.Parallel(n_jobs=2)(joblib.delayed(square)(number) for number in range(5)))


@dag.task
def joblib_lambdas() -> list[int]:
    base = 10
    return list(joblib.Parallel(n_jobs=2)(joblib.delayed(lambda number: base + number)(number) for number in range(5)))


@dag.task
def executors() -> dict[str, list[int]]:
    values = {}
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            values[method] = list(pool.map(square, range(5)))
    return values


@dag.task
def multiprocess_pools() -> dict[str, list[int]]:
    values = {}
    for method in ("fork", "spawn"):
        with multiprocess.get_context(method).Pool(2) as pool:
            values[method] = pool.map(lambda number: number + 1, range(5))
    return values


LATE = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(flush=True)
sys.stdin.read()
time.sleep(0.5)
try:
    import mmap, _bz2, _lzma, json.tool
    answer = "imported"
except ImportError as error:
    answer = repr(error)
with open(os.environ["ANSWER"], "w") as file:
    file.write(answer)
"""


@dag.task
def late_imports() -> None:
    """Start a Python that ignores SIGTERM, works when its pipe from the task ends, and imports modules then."""
    process = subprocess.Popen([sys.executable, "-c", LATE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    globals()["process"] = process


def describe() -> dict[str, Any]:
    import __main__

    return {"name": __main__.__name__, "file": getattr(__main__, "__file__", None)}


@dag.task
def main_module() -> dict[str, Any]:
    return describe()
