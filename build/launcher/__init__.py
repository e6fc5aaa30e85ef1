"""The launcher: the C program at the beginning of a bundle file. `launcher.h` describes how it works."""

from __future__ import annotations

from pathlib import Path

#: `compile.py` writes it when dagfloe is installed, if there is a C compiler.
_LAUNCHER = Path(__file__).parent / "launcher"


def find_launcher() -> bytes | None:
    """The launcher for this platform; None if it is not compiled, and bundles take the one-file form."""
    return _LAUNCHER.read_bytes() if _LAUNCHER.is_file() else None
