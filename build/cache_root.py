"""The folder of dagfloe's cache."""

from __future__ import annotations

import os
from pathlib import Path


def cache_root() -> Path:
    """The folder for everything that dagfloe can make again.

    It is `$DAGFLOE_CACHE_DIR`, or else `$XDG_CACHE_HOME/dagfloe`, or else `~/.cache/dagfloe`. Relative paths in the
    variables are ignored.
    """
    chosen = os.environ.get("DAGFLOE_CACHE_DIR") or ""
    if Path(chosen).is_absolute():
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or ""
    return (Path(base) if Path(base).is_absolute() else Path("~/.cache").expanduser()) / "dagfloe"
