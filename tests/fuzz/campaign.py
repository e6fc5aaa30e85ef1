"""Runs fuzz targets, and writes docs/evidence/fuzzing.md: `python -m fuzz.campaign PYTHON RUNS [TARGET ...]`.

New inputs go to .cache/fuzz. An input that breaks a target is printed with its path; copy it to tests/fuzz/corpus after
the repair.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).parent / "corpus"
LAUNCHER = ROOT / "build" / "launcher"
CACHE = ROOT / ".cache" / "fuzz"
#: The last result of each target.
RESULTS = CACHE / "results.json"
PAGE = ROOT / "docs" / "evidence" / "fuzzing.md"
#: One input may take this long, and one target altogether.
INPUT_TIMEOUT_S, TARGET_TIMEOUT_S = 20, 4 * 3600
MAX_INPUT_BYTES = 4096
C_TARGETS = {
    source.stem: source for source in (Path(__file__).parent / "launcher").glob("*.c") if source.stem != "replay"
}
_CLANG_FLAGS = ("-g", "-O1", "-D_GNU_SOURCE", "-std=c11", "-pthread", "-fsanitize=fuzzer,address,undefined")
_COVERED = re.compile(r"^#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+)", re.MULTILINE)
_INTRODUCTION = """\
# Fuzzing

`make fuzz` runs each target below with random inputs. The fuzzers, atheris for Python and libFuzzer for C, change the
inputs that reached new code. The C targets run under AddressSanitizer and UndefinedBehaviorSanitizer. A target fails if
an input raises an unexpected exception, breaks the target's promise, or takes longer than {timeout_s} s. `make test`
replays the corpus of each target: small inputs of many kinds, and all inputs that ever broke it.

| target | promise | inputs | seconds | places reached | inputs that broke it |
|---|---|---|---|---|---|
"""


def main(arguments: Sequence[str]) -> int:
    """Run targets, and write the page with the last results of all.

    Args:
        arguments: the interpreter that has atheris, the number of inputs for each target, and the targets; all if none.

    Returns:
        The exit status: 1 if an input broke a target.
    """
    python, runs, *names = arguments
    if shutil.which("clang") is None:
        sys.stderr.write("clang is missing: apt-get install clang libclang-rt-14-dev\n")
        return 1
    results: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    for name in names or [*TARGETS, *C_TARGETS]:
        command = [python, "-m", "fuzz.run", name] if name in TARGETS else [str(_compile(name))]
        results[name] = _run(name, command, runs)
        sys.stdout.write(f"{name}: {json.dumps(results[name])}\n")
        sys.stdout.flush()
        RESULTS.write_text(json.dumps(results, indent=1), "utf-8")
    rows = [_row(name, results[name]) for name in (*TARGETS, *C_TARGETS) if name in results]
    PAGE.write_text(_INTRODUCTION.format(timeout_s=INPUT_TIMEOUT_S) + "".join(rows), "utf-8")
    return int(any(result["broken"] for result in results.values()))


def _compile(name: str) -> Path:
    program = CACHE / f"launcher-{name}"
    program.parent.mkdir(parents=True, exist_ok=True)
    parts = [path for path in sorted(LAUNCHER.glob("*.c")) if path.name != "main.c"]
    command = [
        "clang",
        *_CLANG_FLAGS,
        "-fno-sanitize-recover=all",
        f"-I{LAUNCHER}",
        "-o",
        str(program),
        str(C_TARGETS[name]),
    ]
    subprocess.run([*command, *map(str, parts)], check=True, timeout=120)
    return program


def _run(name: str, command: list[str], runs: str) -> dict[str, Any]:
    folder = CACHE / name
    known = CORPUS / name if name in TARGETS else CORPUS / "launcher" / name
    folder.mkdir(parents=True, exist_ok=True)
    known.mkdir(parents=True, exist_ok=True)
    limits = [f"-runs={runs}", f"-max_len={MAX_INPUT_BYTES}", f"-timeout={INPUT_TIMEOUT_S}"]
    began = time.monotonic()
    process = subprocess.run(
        [*command, *limits, f"-artifact_prefix={folder}/", str(folder), str(known)],
        cwd=ROOT / "tests",
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TARGET_TIMEOUT_S,
        check=False,
    )
    seconds = time.monotonic() - began
    output = process.stdout.decode("utf-8", "replace")
    covered = _COVERED.findall(output)
    if process.returncode:
        sys.stderr.write(output[-4000:])
    return {
        "runs": int(covered[-1][0]) if covered else 0,
        "seconds": round(seconds),
        "covered": int(covered[-1][1]) if covered else 0,
        "broken": int(process.returncode != 0),
    }


def _row(name: str, result: dict[str, Any]) -> str:
    target = TARGETS.get(name)
    if target is not None:
        promise = " ".join((target.__doc__ or "").split())
    else:
        comment = C_TARGETS[name].read_text("utf-8").partition("*/")[0]
        promise = " ".join(comment.replace("/*", "").replace("*", "").split()).removeprefix("Fuzz target: ")
    figures = (f"{result['runs']:,}", str(result["seconds"]), str(result["covered"]), str(result["broken"]))
    return f"| `{name}` | {promise} | {' | '.join(figures)} |\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
