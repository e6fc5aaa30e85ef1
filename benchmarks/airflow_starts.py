"""Measures tasks from the request to run them to their final state, under the real supervisor of Airflow."""

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
from benchmarks.starts import BARE_SCRIPT, WARM
from dagfloe.build.unfrozen_program import prepare_project
from dagfloe.format.manifest import render_manifest
from dagfloe.format.trailer import Trailer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.files import Files

WORKER = Path(__file__).with_name("airflow_worker.py")
RUN_TIMEOUT_S = 300  # the first run creates an environment with Airflow
END_TIMEOUT_S = 20
ORDINARY, CACHED = "ordinary Python task", "PythonVirtualenvOperator, cached, Airflow in it"
LEAN = "PythonVirtualenvOperator, cached, no Airflow in it"
SDK = "PythonVirtualenvOperator, cached, the Task SDK alone in it"
#: What `dagfloe adopt` makes of the Dag file of `CACHED`.
ADOPTED = "bundle file, adopted from PythonVirtualenvOperator, warm"
MIXED = "ordinary Python task, after bundles in the same worker"
NATIVE = {
    ORDINARY: "ordinary",
    "ExternalPythonOperator, no Airflow in it": "external",
    CACHED: "virtualenv_cached",
    SDK: "virtualenv_sdk",
    LEAN: "virtualenv_lean",
    "PythonVirtualenvOperator, no cache, no Airflow in it": "virtualenv_uncached",
}


class Worker:
    """A process that runs tasks under the real supervisor on request: see airflow_worker.py.

    Args:
        python: the Python of an Airflow environment.
        env: the process's environment.
    """

    def __init__(self, python: Path, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [str(python), str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def run(self, **request: str) -> dict[str, Any]:
        """Run the small task and check its work."""
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise AssertionError("stdin and stdout are pipes")
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(RUN_TIMEOUT_S):
                raise RuntimeError(f"{request} took more than {RUN_TIMEOUT_S} s")
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"Airflow's process died over {request}")
        answer: dict[str, Any] = json.loads(line)
        if answer["state"] != "success" or answer["records"] != 10 or "work/return_value" not in answer["xcoms"]:
            events = "\n".join(event[:200] for event in answer["events"][-8:])
            raise RuntimeError(f"{request} did not do the small task; its state is {answer['state']}:\n{events}")
        return answer

    def close(self) -> None:
        """End the process, and the processes that it started."""
        if self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            try:
                self._process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(END_TIMEOUT_S)
            self._process.stdout.close()


def measure(files: Files, rounds: int) -> tuple[Table, Table]:
    """Measure the small task with Airflow's own operators and as a bundle file."""
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
        for file in (files.small, files.adopted):
            (bundles / file.name).hardlink_to(file)

        # A process that has run a bundle has already imported the modules of ordinary tasks. Their forks inherit them.
        dag_worker = stack.enter_context(start_worker(files, env, host.root / "dags-home"))
        bundle_worker = stack.enter_context(start_worker(files, env, host.root / "bundles-home"))

        def contestant(name: str, worker: Worker, **request: str) -> Callable[[], float]:
            late[name] = []

            def run_once() -> float:
                answer = worker.run(**request)
                late[name].append(answer["late"])
                return float(answer["seconds"] * 1000)

            return run_once

        figures = alternate(
            {
                **{name: contestant(name, dag_worker, dag=dag, dag_id=dag) for name, dag in NATIVE.items()},
                "bare protocol script": contestant(
                    "bare protocol script", bundle_worker, root=str(scripts), dag_id="bare"
                ),
                WARM: contestant(WARM, bundle_worker, root=str(bundles), dag_id="small"),
                ADOPTED: contestant(ADOPTED, bundle_worker, root=str(bundles), dag_id=NATIVE[CACHED]),
                MIXED: contestant(MIXED, bundle_worker, dag="ordinary", dag_id="ordinary"),
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
                Limit(
                    "adopted task, bundle / PythonVirtualenvOperator, cached, Airflow in it",
                    ratios(figures[ADOPTED], figures[CACHED]),
                    0.05,
                ),
                Limit(
                    "adopted task, bundle / PythonVirtualenvOperator, cached, the Task SDK alone in it",
                    ratios(figures[ADOPTED], figures[SDK]),
                    0.1,
                ),
            ),
            chart=True,
        ),
        Table(
            "Ends that Airflow's supervisor notices late",
            "The share of the same runs, including the warm-up runs. If a process ends shortly after its sockets "
            "close, the supervisor sleeps until its next heartbeat, by default 5 s. This happens for all kinds of "
            "tasks. The figures above do not include it.",
            tuple(Row(name, "%", Spread.of([100 * sum(ends) / len(ends)])) for name, ends in late.items()),
        ),
    )


@contextmanager
def start_worker(files: Files, env: dict[str, str], airflow_home: Path) -> Iterator[Worker]:
    """A worker that ends with the block."""
    worker = Worker(files.airflow_python, {**env, "AIRFLOW_HOME": str(airflow_home)})
    try:
        yield worker
    finally:
        worker.close()


def write_script(folder: Path, python: str) -> None:
    """Write a bundle file that starts the bare script."""
    folder.mkdir()
    binary = f'#!/bin/sh\nexec {python} {BARE_SCRIPT} "$@"\n'.encode()
    manifest = render_manifest(
        {
            "airflow_bundle_metadata_version": "1.0",
            "sdk": {"language": "python", "version": "0", "supervisor_schema_version": "2026-06-16"},
            "source": "bare_script.py",
            "dags": {"bare": {"tasks": ["work"]}},
        }
    )
    file = folder / "bare"
    file.write_bytes(binary + manifest + Trailer(0, len(manifest), hashlib.sha256(binary).digest()).pack())
    file.chmod(0o755)
