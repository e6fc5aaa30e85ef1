"""The memory that large values and many records take, in new processes."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from support.comm_pair import Supervisor
from support.peer import DEADLINE_S

XCOM_BYTES = 50_000_000
TESTS = Path(__file__).parents[1]
PREAMBLE = """
import logging, re, socket, sys
from dagfloe import Client
from dagfloe.cancellation import Cancellation
from dagfloe.runtime.wire.comms import Comms
from dagfloe.runtime.log.levels import Levels
from dagfloe.runtime.log.channel import LogChannel
from dagfloe.runtime.log.handler import ChannelHandler
from dagfloe.masking import Secrets
from support.memory import context

def memory(what):
    return int(re.search(what + r":\\s*(\\d+)", open("/proc/self/status").read())[1]) * 1024

sock = socket.socket(fileno=int(sys.argv[1]))
"""
CLIENT = """
client = Client(Comms(sock, Cancellation()), context(), Secrets())
client.get_variable("k")
before = memory("VmRSS")
"""


def run(program: str, sock: socket.socket) -> list[int]:
    """Run a program with one end of a socket pair; return the numbers that it prints."""
    answer = subprocess.run(
        [sys.executable, "-c", PREAMBLE + program, str(sock.fileno())],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        pass_fds=(sock.fileno(),),
        env={"PYTHONPATH": str(TESTS)},
    )
    assert answer.returncode == 0, answer.stderr
    return [int(number) for number in re.findall(r"\d+", answer.stdout)]


@pytest.mark.parametrize(
    "transfer",
    [
        f"value = 'x' * {XCOM_BYTES}; client.set_xcom('k', value)",
        f"value = client.get_xcom('other'); assert len(value) == {XCOM_BYTES}",
    ],
    ids=["up", "down"],
)
def test_large_xcom_takes_three_times_its_size_at_most(transfer: str) -> None:
    """A large XCom takes at most three times its size: the value, the frame, and not much more."""
    ours, theirs = socket.socketpair()

    def answer() -> None:
        supervisor = Supervisor(theirs)
        frame_id, _ = supervisor.receive()
        supervisor.answer(frame_id, {"type": "VariableResult", "key": "k", "value": "v"})
        frame_id, body = supervisor.receive()
        large = {"type": "XComResult", "key": "k", "value": "x" * XCOM_BYTES}
        supervisor.answer(frame_id, large if body["type"] == "GetXCom" else None)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    with ours, theirs:
        (growth,) = run(f"{CLIENT}{transfer}; print(memory('VmHWM') - before)", ours)
        thread.join(DEADLINE_S)
    assert XCOM_BYTES < growth < 3 * XCOM_BYTES


def test_records_do_not_pile_up() -> None:
    """Memory use does not grow with the number of records."""
    ours, theirs = socket.socketpair()
    received: list[int] = []
    thread = threading.Thread(target=lambda: received.extend(iter(lambda: len(theirs.recv(1 << 16)), 0)), daemon=True)
    thread.start()
    with theirs:
        (growth,) = run(
            """
channel = LogChannel(Cancellation(), Secrets())
channel.connect(sock)
ChannelHandler(channel, Levels.from_environment({})).install()
log = logging.getLogger("many")
for number in range(60_000):
    log.info("record %d", number, extra={"field": number})
    if number == 10_000:
        before = memory("VmRSS")
print(max(0, memory("VmRSS") - before))
""",
            ours,
        )
        ours.close()
        thread.join(DEADLINE_S)
    assert sum(received) > 60_000 * 100
    assert growth < 1 << 20
