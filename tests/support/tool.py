"""Runs the author's tool as a process, or starts one that a test can interrupt, even if the tests ignore SIGINT."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODE = """
import signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
from dagfloe.cli.entry import main
print("started", flush=True)
main()
"""

RUN_TIMEOUT_S = 60


def run_tool(*arguments: str) -> str:
    """Run the tool, and return what it prints to stdout. Its exit status must be 0."""
    command = [sys.executable, "-c", "from dagfloe.cli.entry import main; main()", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def start_tool(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the tool in a new session, and return when its first line of code runs. The caller reads stderr."""
    process = subprocess.Popen(
        [sys.executable, "-c", _CODE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=None if env is None else dict(env),
    )
    assert process.stdout
    assert process.stdout.readline() == "started\n"
    return process
