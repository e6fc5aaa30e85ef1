"""The launcher: the program at the beginning of a bundle file, in C. `launcher.h` says how it goes about it."""

from __future__ import annotations

from pathlib import Path

#: Made by `compile.py` when dagfloe is installed, where there is a C compiler.
_LAUNCHER = Path(__file__).parent / "launcher"


def find_launcher() -> bytes | None:
    """The launcher for this platform; None where none was compiled, and bundles take the one-file form."""
    return _LAUNCHER.read_bytes() if _LAUNCHER.is_file() else None
