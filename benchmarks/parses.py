"""Measures the answer to a Dag processor, which asks every bundle file again after some seconds."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks.host import new_host
from benchmarks.report import Limit, Table, rows_of
from benchmarks.samples import alternate, ratios
from dagfloe.build.unfrozen_program import prepare_project
from dagfloe.local.supervise.frame_codec import Request, RequestDecoder, encode_reply

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.files import Files

DEADLINE_S = 60
BARE, SMALL, WEATHER = "bare interpreter", "small task's file", "pandas task's file"
LIMIT = 1.5
#: What a Dag processor sets for the processes that parse files.
DAG_PROCESSOR = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "airflow-db-not-allowed:///"}


def measure(files: Files, rounds: int) -> Table:
    """Measure the answers of two bundle files, and the start of the interpreter that the small one contains."""
    with ExitStack() as stack:
        host = stack.enter_context(new_host(files.scratch))
        env = {**host.env, **DAG_PROCESSOR}
        python = stack.enter_context(prepare_project(files.small_project, print)).argv[0]
        figures = alternate(
            {
                BARE: lambda: start([python, "-I", "-c", "pass"], env),
                SMALL: lambda: parse(files.small, env),
                WEATHER: lambda: parse(files.weather, env),
            },
            rounds,
        )
    return Table(
        "Answer to a Dag processor",
        "From the start of the process to its end: it connects, receives a DagFileParseRequest, answers and ends. The "
        "bare interpreter runs `pass`. Neither file imports the author's modules. Ratios are to the bare interpreter.",
        rows_of("ms", figures),
        (
            Limit("small task's file, answer / bare interpreter", ratios(figures[SMALL], figures[BARE]), LIMIT),
            Limit("pandas task's file, answer / bare interpreter", ratios(figures[WEATHER], figures[BARE]), LIMIT),
        ),
    )


def start(command: list[str], env: Mapping[str, str]) -> float:
    """Run a program; return the milliseconds that it took."""
    begin = time.perf_counter()
    subprocess.run(command, env=env, check=True, timeout=DEADLINE_S)
    return (time.perf_counter() - begin) * 1000


def parse(file: Path, env: Mapping[str, str]) -> float:
    """Ask a bundle file for its Dags; return the milliseconds until its process has ended.

    Raises:
        RuntimeError: it did not answer.
    """
    request = {
        "type": "DagFileParseRequest",
        "file": str(file),
        "bundle_path": os.path.dirname(file),  # noqa: PTH120 - as short as it gets
        "bundle_name": "files",
        "callback_requests": [],
    }
    with ExitStack() as stack:
        servers = {name: stack.enter_context(socket.create_server(("127.0.0.1", 0))) for name in ("comm", "logs")}
        flags = [f"--{name}=127.0.0.1:{server.getsockname()[1]}" for name, server in servers.items()]
        begin = time.perf_counter()
        process = stack.enter_context(subprocess.Popen([str(file), *flags], env=env))
        comm, logs = (stack.enter_context(server.accept()[0]) for server in servers.values())
        comm.settimeout(DEADLINE_S)
        comm.sendall(encode_reply(0, request))
        decoder = RequestDecoder()
        answers: list[Request] = []
        while not answers and (data := comm.recv(1 << 16)):
            answers += decoder.feed(data)
        comm.sendall(encode_reply(0, None))
        status = process.wait(DEADLINE_S)
        milliseconds = (time.perf_counter() - begin) * 1000
        log = logs.recv(1 << 16)
    if status or log or not answers or (answers[0].body or {}).get("type") != "DagFileParsingResult":
        raise RuntimeError(f"{file.name} did not answer a Dag processor: status {status}, log {log!r}")
    return milliseconds
