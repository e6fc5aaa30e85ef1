"""From the request to run a task to its final state, under the real supervisor of Airflow."""

from __future__ import annotations

import hashlib
import json
import os
import selectors
import signal
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.host import new_host
from benchmarks.report import Limit, Row, Table, rows_of
from benchmarks.samples import Spread, alternate, ratios
from benchmarks.starts import FLOOR, WARM
from dagfloe.build.unfrozen_program import prepare_project
from dagfloe.format.manifest import render_manifest
from dagfloe.format.trailer import Trailer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.files import Files

SUPERVISE = Path(__file__).with_name("supervise.py")
RUN_TIMEOUT_S = 300  # making an environment with Airflow in it takes a while, once
END_TIMEOUT_S = 20
ORDINARY, CACHED = "ordinary Python task", "PythonVirtualenvOperator, cached, Airflow in it"
LEAN = "PythonVirtualenvOperator, cached, no Airflow in it"
MIXED = "ordinary Python task, after bundles in the same worker"
NATIVE = {
    ORDINARY: "ordinary",
    "ExternalPythonOperator, no Airflow in it": "external",
    CACHED: "virtualenv_cached",
    LEAN: "virtualenv_lean",
    "PythonVirtualenvOperator, no cache, no Airflow in it": "virtualenv_uncached",
}


class Supervisor:
    """A process that runs tasks under the real supervisor on request.

    Args:
        python: the Python of an Airflow environment.
        env: the process's environment.
    """

    def __init__(self, python: Path, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [str(python), str(SUPERVISE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
            start_new_session=True,
        )

    def run(self, **request: str) -> dict[str, Any]:
        """Run the small task, which must succeed and do all that it should."""
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both are pipes")
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(RUN_TIMEOUT_S):
                raise RuntimeError(f"{request} took more than {RUN_TIMEOUT_S} s")
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"Airflow's process died over {request}")
        told: dict[str, Any] = json.loads(line)
        if told["state"] != "success" or told["records"] != 10 or "work/return_value" not in told["xcoms"]:
            end = "\n".join(event[:200] for event in told["events"][-8:])
            raise RuntimeError(f"{request} did not do the small task, it is {told['state']}:\n{end}")
        return told

    def close(self) -> None:
        """End it, and whatever it started."""
        if self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            try:
                self._process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(END_TIMEOUT_S)
            self._process.stdout.close()


def airflow(files: Files, rounds: int) -> tuple[Table, Table]:
    """The small task in the ways that Airflow has, and as a bundle file."""
    late: dict[str, list[bool]] = {}
    with ExitStack() as stack:
        host = stack.enter_context(new_host(files.scratch))
        plain = stack.enter_context(prepare_project(files.small_project, print))
        bin_folder = files.airflow_python.parent
        env = {
            **host.env,
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "BENCH_PYTHON": plain.argv[0],
            "BENCH_VENVS": str(files.cache / "venvs"),
            **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
        }
        scripts, bundles = host.root / "scripts", host.root / "bundles"
        write_script(scripts, plain.argv[0])
        bundles.mkdir()
        (bundles / "small").hardlink_to(files.small)

        # A process that has run a bundle has loaded what ordinary tasks would load, and hands it on to their forks.
        of_dags = stack.enter_context(supervisor(files, {**env, "AIRFLOW_HOME": str(host.root / "dags-home")}))
        of_bundles = stack.enter_context(supervisor(files, {**env, "AIRFLOW_HOME": str(host.root / "bundles-home")}))

        def contestant(name: str, process: Supervisor, **request: str) -> Callable[[], float]:
            late[name] = []

            def once() -> float:
                told = process.run(**request)
                late[name].append(told["late"])
                return float(told["seconds"] * 1000)

            return once

        figures = alternate(
            {
                **{name: contestant(name, of_dags, dag=dag, dag_id=dag) for name, dag in NATIVE.items()},
                "bare protocol script": contestant(
                    "bare protocol script", of_bundles, root=str(scripts), dag_id="floor"
                ),
                WARM: contestant(WARM, of_bundles, root=str(bundles), dag_id="small"),
                MIXED: contestant(MIXED, of_bundles, dag="ordinary", dag_id="ordinary"),
            },
            rounds,
        )
    return (
        Table(
            "Start under Airflow's own supervisor",
            "The small task under the real supervisor of Airflow 3.3.2, until the API server knows that it "
            "succeeded. If the environment contains Airflow, the function reads the variable itself, as the bundle "
            "does. If not, a template reads it in advance. Ordinary tasks are forks and inherit the modules that the "
            "worker has loaded; a worker that has run a bundle has loaded more.",
            rows_of("ms", figures),
            (
                Limit("small task, bundle / ordinary Python task", ratios(figures[WARM], figures[ORDINARY]), 0.17),
                Limit(
                    "small task, bundle / PythonVirtualenvOperator, cached, Airflow in it",
                    ratios(figures[WARM], figures[CACHED]),
                    0.05,
                ),
            ),
            chart=True,
        ),
        Table(
            "Ends that Airflow's supervisor notices late",
            "The share of the same runs, including the warm-up runs. If a process ends shortly after its sockets "
            "close, the supervisor sleeps until its next heartbeat, by default 5 s. This happens for all kinds of "
            "tasks. The figures above do not include it.",
            tuple(Row(name, "%", Spread.of([100 * sum(seen) / len(seen)])) for name, seen in late.items()),
        ),
    )


@contextmanager
def supervisor(files: Files, env: dict[str, str]) -> Iterator[Supervisor]:
    """A supervisor that ends with the block."""
    process = Supervisor(files.airflow_python, env)
    try:
        yield process
    finally:
        process.close()


def write_script(folder: Path, python: str) -> None:
    """Make a bundle file of the bare script, so that Airflow starts it."""
    folder.mkdir()
    binary = f'#!/bin/sh\nexec {python} {FLOOR} "$@"\n'.encode()
    manifest = render_manifest(
        {
            "airflow_bundle_metadata_version": "1.0",
            "sdk": {"language": "python", "version": "0", "supervisor_schema_version": "2026-06-16"},
            "source": "floor.py",
            "dags": {"floor": {"tasks": ["work"]}},
        }
    )
    file = folder / "floor"
    file.write_bytes(binary + manifest + Trailer(0, len(manifest), hashlib.sha256(binary).digest()).pack())
    file.chmod(0o755)
