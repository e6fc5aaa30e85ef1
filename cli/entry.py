"""The entry point of the program `dagfloe`.

While the tool loads, Ctrl-C ends the process at once and without a traceback. Then the tool handles signals itself.
"""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """Load the tool and run it."""
    from dagfloe.cli.tool import main as tool  # noqa: PLC0415 - loading takes long enough to be interrupted

    tool()
