"""What a running task does most, beside the least that Python could do for the same: calls, and log records.

Each sample alternates with its counterpart, so that a busy machine slows both. The other side of every socket is a
process of its own. Run it with `make bench`.
"""

from __future__ import annotations

import argparse
import json
import logging
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe import BundleInfo, Client, Context, DagRun, TaskInstance
from dagfloe.cancellation import Cancellation
from dagfloe.masking import Secrets
from dagfloe.runtime.log.channel import ChannelHandler, LogChannel
from dagfloe.runtime.log.levels import Levels
from dagfloe.runtime.wire.comms import Comms
from dagfloe.runtime.wire.frames import encode_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEADLINE_S = 60
CALLS_LIMIT, LOGS_LIMIT = 0.6, 0.5
#: Answers every frame with the same body and the frame's own id, without looking at more than that.
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
DRAIN = """
import socket, sys
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
while sock.recv(65536):
    pass
"""


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


def rate(count: int, work: Callable[[int], object]) -> float:
    """How often something is done in a second."""
    began = time.perf_counter()
    for number in range(count):
        work(number)
    return count / (time.perf_counter() - began)


def calls(count: int) -> float:
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
        assert client.get_variable("k") == "v"  # noqa: S101 - a benchmark of wrong answers is none
        return rate(count, lambda _: client.get_variable("k"))


def ping_pong(count: int) -> float:
    """Exchanges of the same bytes in a second, over a bare socket with a time limit."""
    request = b"".join(encode_frame(1000, {"type": "GetVariable", "key": "k"}))

    def exchange(_: int) -> None:
        sock.sendall(request)
        sock.recv(4096)

    with peer(RESPONDER) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(DEADLINE_S)
        return rate(count, exchange)


def our_records(count: int) -> float:
    """Records in a second to a supervisor that reads."""
    with peer(DRAIN) as sock:
        channel = LogChannel(Cancellation(), Secrets())
        channel.connect(sock)
        return _records(count, ChannelHandler(channel, Levels.from_environment({})))


def file_records(count: int) -> float:
    """Records in a second to a file, as JSON, by the standard library's own handler."""
    with tempfile.TemporaryDirectory() as folder:
        handler = logging.FileHandler(Path(folder, "log"))
        handler.setFormatter(JsonFormatter())
        try:
            return _records(count, handler)
        finally:
            handler.close()


class JsonFormatter(logging.Formatter):
    """The same fields as ours."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields = {"timestamp": self.formatTime(record), "level": record.levelname, "logger": record.name}
        return json.dumps({**fields, "event": record.getMessage()})


def _records(count: int, handler: logging.Handler) -> float:
    logger = logging.getLogger("bench")
    logger.propagate, logger.handlers = False, [handler]
    logger.setLevel(logging.INFO)
    return rate(count, lambda number: logger.info("record %d of %s", number, "many"))


def compare(
    what: str, ours: Callable[[int], float], theirs: Callable[[int], float], count: int, rounds: int, limit: float
) -> None:
    """Print the medians and their ratio."""
    pairs = [(ours(count), theirs(count)) for _ in range(rounds)]
    ratios = sorted(mine / other for mine, other in pairs)
    mine, other = (statistics.median(values) for values in zip(*pairs, strict=True))
    print(
        f"{what}: {mine:,.0f} and {other:,.0f} a second, ratio {statistics.median(ratios):.2f} "
        f"(between {ratios[0]:.2f} and {ratios[-1]:.2f}; at least {limit} is wanted)"
    )


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--records", type=int, default=200_000)
    given = parser.parse_args()
    compare("client calls, and a bare ping-pong", calls, ping_pong, given.calls, given.rounds, CALLS_LIMIT)
    compare("log records, and JSON to a file", our_records, file_records, given.records, given.rounds, LOGS_LIMIT)


if __name__ == "__main__":
    main()
