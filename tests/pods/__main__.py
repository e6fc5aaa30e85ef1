"""Runs the forms, and prints or publishes how they end: `make airflow-pod`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.constants import EXIT_INTERRUPTED
from e2e.processes import interrupt_once
from pods.forms import FORMS
from pods.image import GID, UID
from pods.page import PAGE, describe, render
from pods.trial import DEADLINE_S, ENVIRONMENT, VERSIONS, cluster
from support.blocks import ROOT

if TYPE_CHECKING:
    from pods.trial import Row

#: How many characters of a pod's output are shown if its form fails.
_TAIL = 4000
_ASK_PROVIDER = "from importlib.metadata import version; print(version('apache-airflow-providers-cncf-kubernetes'))"


def main() -> int:
    """Return 0 if every form ended as it must, and 130 after Ctrl-C."""
    try:
        return _run()
    except KeyboardInterrupt:
        _print("No process and no file of the pods is left.")
        return EXIT_INTERRUPTED


def _run() -> int:
    parser = argparse.ArgumentParser(prog="python -m pods", description=__doc__)
    parser.add_argument("bundles", nargs="+", type=Path, help="the bundle files in the images")
    parser.add_argument("--publish", action="store_true", help="write docs/evidence/pods.md")
    parser.add_argument("--only", default="", help="the forms whose names contain this")
    parser.add_argument("--airflow", action="append", choices=VERSIONS, help="one version of Airflow instead of all")
    parser.add_argument("--outputs", type=Path, help="write what each pod printed to this folder")
    args = parser.parse_args()
    if os.geteuid() != 0:
        _print("only root can start containers")
        return 1
    interrupt_once("\nStopping ...")
    start = time.monotonic()
    tables = {version: _run_forms(version, args) for version in args.airflow or VERSIONS}
    rows = [row for table in tables.values() for row in table]
    problems = [f"{row.form.name}: {row.problem}" for row in rows if row.problem]
    _print("\n".join(problems) or f"{len(rows)} forms in {time.monotonic() - start:.0f} s")
    if args.publish and not problems:
        PAGE.write_text(render(tables, provider=_provider(), uid=UID, gid=GID), "utf-8")
    return 1 if problems else 0


def _run_forms(version: str, args: argparse.Namespace) -> list[Row]:
    """Run the forms in one Airflow, and print how they end."""
    rows = []
    _print(f"Airflow {version}")
    with (
        tempfile.TemporaryDirectory(prefix="dagfloe-pods-") as folder,
        cluster(Path(folder), version, args.bundles) as pods,
    ):
        for form in FORMS:
            if args.only not in form.name:
                continue
            rows.append(pods.run(form))
            _print(describe(rows[-1]))
            for pod in rows[-1].pods:
                if rows[-1].problem:
                    _print(f"--- {pod.name}\n{pod.output[-_TAIL:]}")
                if args.outputs:
                    args.outputs.mkdir(parents=True, exist_ok=True)
                    (args.outputs / f"{pod.name}.log").write_text(pod.output)
    return rows


def _provider() -> str:
    """Return the version of the Kubernetes provider."""
    python = ROOT / ".venvs" / f"{ENVIRONMENT}-{VERSIONS[0]}" / "bin" / "python"
    done = subprocess.run([python, "-c", _ASK_PROVIDER], capture_output=True, check=True, text=True, timeout=DEADLINE_S)
    return done.stdout.strip()


def _print(message: str) -> None:
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
