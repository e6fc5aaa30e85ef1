"""The author's tool as a process that can be interrupted, also where the tests themselves cannot."""

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
print("begins", flush=True)
main()
"""


def start_tool(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start it in a session of its own; returns once its first line of code has run. Read stderr to its end."""
    process = subprocess.Popen(
        [sys.executable, "-c", _CODE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=None if env is None else dict(env),
    )
    assert process.stdout
    assert process.stdout.readline() == "begins\n"
    return process
