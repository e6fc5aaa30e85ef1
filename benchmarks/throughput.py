"""Measures client calls and log records, in comparison with a bare socket and with the logging of Python.

The samples of both alternate, so that a busy machine slows both. The other end of a socket is a separate process.
"""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.report import Limit, Table, rows_of
from benchmarks.samples import alternate, ratios
from dagfloe import BundleInfo, Client, Context, DagRun, TaskInstance
from dagfloe.cancellation import Cancellation
from dagfloe.masking import Secrets
from dagfloe.runtime.log.channel import LogChannel
from dagfloe.runtime.log.handler import ChannelHandler
from dagfloe.runtime.log.levels import Levels
from dagfloe.runtime.wire.comms import Comms
from dagfloe.runtime.wire.frames import encode_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEADLINE_S = 60
CALLS, RECORDS = 10_000, 200_000
CALLS_LIMIT, RECORDS_LIMIT = 0.6, 0.5
#: Answers every frame with the same body. It reads only the frame's id.
RESPONDER = """
import socket, sys
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
body = b"\\x83\\xa4type\\xaeVariableResult\\xa3key\\xa1k\\xa5value\\xa1v\\xc0"
while data := sock.recv(4096):
    width = {0xCC: 2, 0xCD: 3, 0xCE: 5}.get(data[5], 1)
    reply = b"\\x93" + data[5 : 5 + width] + body
    sock.sendall(len(reply).to_bytes(4, "big") + reply)
"""
#: Reads everything and answers nothing.
SINK = """
import socket, sys
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
while sock.recv(65536):
    pass
"""


def measure(rounds: int, *, quick: bool) -> Table:
    """Measure calls and log records."""
    calls, records = (CALLS // 4, RECORDS // 10) if quick else (CALLS, RECORDS)
    call_rates = alternate(
        {"bare socket ping-pong": lambda: bare_exchanges(calls), "client calls": lambda: client_calls(calls)}, rounds
    )
    record_rates = alternate(
        {
            "logging, JSON to a file": lambda: file_records(records),
            "logging, to the supervisor": lambda: supervisor_records(records),
        },
        rounds,
    )
    bare, client = call_rates.values()
    file, supervisor = record_rates.values()
    return Table(
        "Calls and log records",
        f"{calls:,} calls, {records:,} records in each run. A ratio compares with the row above.",
        (*rows_of("a second", call_rates), *rows_of("a second", record_rates)),
        (
            Limit("client calls / bare ping-pong", ratios(client, bare), CALLS_LIMIT, at_most=False),
            Limit("log records / JSON to a file", ratios(supervisor, file), RECORDS_LIMIT, at_most=False),
        ),
    )


@contextmanager
def peer(program: str) -> Iterator[socket.socket]:
    """A connection to a process that runs a program."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(DEADLINE_S)
        process = subprocess.Popen([sys.executable, "-S", "-c", program, str(server.getsockname()[1])])
        try:
            with server.accept()[0] as sock:
                yield sock
        finally:
            process.kill()
            process.wait(DEADLINE_S)


def rate(count: int, function: Callable[[int], object]) -> float:
    """How often a function can be called in a second."""
    start = time.perf_counter()
    for number in range(count):
        function(number)
    return count / (time.perf_counter() - start)


def client_calls(count: int) -> float:
    """Calls of `client.get_variable` in a second."""
    context = Context(
        ti=TaskInstance(id="01234567-89ab-cdef-0123-456789abcdef", dag_id="d", task_id="t", run_id="r"),
        dag_run=DagRun(dag_id="d", run_id="r"),
        bundle_info=BundleInfo(name="bundles"),
        cancellation=Cancellation(),
    )
    with peer(RESPONDER) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        comms = Comms(sock, Cancellation())
        client = Client(comms, context, Secrets())
        assert client.get_variable("k") == "v"  # noqa: S101 - a wrong answer would invalidate the benchmark
        return rate(count, lambda _: client.get_variable("k"))


def bare_exchanges(count: int) -> float:
    """Exchanges of the same bytes in a second, over a bare socket with a timeout."""
    request = b"".join(encode_frame(1000, {"type": "GetVariable", "key": "k"}))

    def exchange(_: int) -> None:
        sock.sendall(request)
        sock.recv(4096)

    with peer(RESPONDER) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(DEADLINE_S)
        return rate(count, exchange)


def supervisor_records(count: int) -> float:
    """Log records in a second to a supervisor."""
    with peer(SINK) as sock:
        channel = LogChannel(Cancellation(), Secrets())
        channel.connect(sock)
        return rate_of_records(count, ChannelHandler(channel, Levels.from_environment({})))


def file_records(count: int) -> float:
    """Log records in a second to a file, as JSON, by the handler of the standard library."""
    with tempfile.TemporaryDirectory() as folder:
        handler = logging.FileHandler(Path(folder, "log"))
        handler.setFormatter(JsonFormatter())
        try:
            return rate_of_records(count, handler)
        finally:
            handler.close()


class JsonFormatter(logging.Formatter):
    """Formats a record with the same fields as dagfloe."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of JSON."""
        fields = {"timestamp": self.formatTime(record), "level": record.levelname, "logger": record.name}
        return json.dumps({**fields, "event": record.getMessage()})


def rate_of_records(count: int, handler: logging.Handler) -> float:
    """Log records in a second to a handler."""
    logger = logging.getLogger("bench")
    logger.propagate, logger.handlers = False, [handler]
    logger.setLevel(logging.INFO)
    return rate(count, lambda number: logger.info("record %d of %s", number, "many"))
