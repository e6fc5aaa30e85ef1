"""Measures the answer to a Dag processor, which asks every bundle file again after some seconds."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.host import new_host
from benchmarks.report import Limit, Row, Table, rows_of
from benchmarks.samples import Spread, alternate, ratios
from dagfloe.build.unfrozen_program import prepare_project
from dagfloe.local.supervise.frame_codec import Request, RequestDecoder, encode_reply

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.files import Files

DEADLINE_S = 60
BARE, SMALL, WEATHER = "bare interpreter", "small task's file", "pandas task's file"
NATIVE, THOUSAND = "native Dag of 3 tasks", "native Dag of 1,000 tasks"
AT_PARSE = "native Dag that is made at each parse"
PROCESSOR_TIME = f"{THOUSAND}, processor time"
LIMIT = 1.5
PROCESSOR_LIMIT_MS = 1000
#: What a Dag processor sets for the processes that parse files.
DAG_PROCESSOR = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "airflow-db-not-allowed:///"}


def measure(files: Files, rounds: int) -> Table:
    """Measure the answers of bundle files, and the start of the interpreter that the small one contains."""
    processor_times: list[float] = []

    def parse_thousand() -> float:
        parsed = parse(files.thousand, env)
        processor_times.append(parsed.processor_ms)
        return parsed.milliseconds

    with ExitStack() as stack:
        host = stack.enter_context(new_host(files.scratch))
        env = {**host.env, **DAG_PROCESSOR}
        python = stack.enter_context(prepare_project(files.small_project, print)).argv[0]
        figures = alternate(
            {
                BARE: lambda: start([python, "-I", "-c", "pass"], env),
                SMALL: lambda: parse(files.small, env).milliseconds,
                WEATHER: lambda: parse(files.weather, env).milliseconds,
                NATIVE: lambda: parse(files.native, env).milliseconds,
                THOUSAND: parse_thousand,
                AT_PARSE: lambda: parse(files.at_parse, env).milliseconds,
            },
            rounds,
        )
    return Table(
        "Answer to a Dag processor",
        "From the start of the process to its end: it connects, receives a DagFileParseRequest, answers and ends. The "
        "bare interpreter runs `pass`. Only the file that makes its Dag at each parse "
        "imports the author's modules. The answers of the first two files have no Dags. Ratios are to the bare "
        "interpreter. The processor time is that of the file's process.",
        (*rows_of("ms", figures), Row(PROCESSOR_TIME, "ms", Spread.of(processor_times[-rounds:]))),
        (
            *(
                Limit(f"{name}, answer / bare interpreter", ratios(figures[name], figures[BARE]), LIMIT)
                for name in (SMALL, WEATHER, NATIVE, THOUSAND)
            ),
            Limit(f"{PROCESSOR_TIME}, ms", Spread.of(processor_times[-rounds:]), PROCESSOR_LIMIT_MS),
        ),
    )


class Parsed(NamedTuple):
    """What a parse took.

    Attributes:
        milliseconds: from the start of the process to its end.
        processor_ms: the processor time of the process, in milliseconds.
    """

    milliseconds: float
    processor_ms: float


def start(command: list[str], env: Mapping[str, str]) -> float:
    """Run a program; return the milliseconds that it took."""
    begin = time.perf_counter()
    subprocess.run(command, env=env, check=True, timeout=DEADLINE_S)
    return (time.perf_counter() - begin) * 1000


def parse(file: Path, env: Mapping[str, str]) -> Parsed:
    """Ask a bundle file for its Dags, and wait until its process has ended.

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
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        milliseconds = (time.perf_counter() - begin) * 1000
        log = logs.recv(1 << 16)
    if status or log or not answers or (answers[0].body or {}).get("type") != "DagFileParsingResult":
        raise RuntimeError(f"{file.name} did not answer a Dag processor: status {status}, log {log!r}")
    return Parsed(milliseconds, (usage.ru_utime + usage.ru_stime) * 1000)
