"""What the program `dagfloe` starts. Ctrl-C ends it at once, without a stack, until the tool sees to that itself."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """Load the tool and run it."""
    from dagfloe.cli.tool import main as tool  # noqa: PLC0415 - loading takes long enough to be interrupted

    tool()
