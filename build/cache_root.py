"""The folder of dagfloe's cache."""

from __future__ import annotations

import os
from pathlib import Path

from dagfloe.format.errors import PackError


def cache_root() -> Path:
    """The folder for everything that dagfloe can make again.

    It is `$DAGFLOE_CACHE_DIR`, or else `$XDG_CACHE_HOME/dagfloe`, or else `~/.cache/dagfloe`. Relative paths in the
    variables are ignored.

    Raises:
        PackError: if this user has no home folder, and neither variable is set.
    """
    chosen = os.environ.get("DAGFLOE_CACHE_DIR") or ""
    if Path(chosen).is_absolute():
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or ""
    if Path(base).is_absolute():
        return Path(base) / "dagfloe"
    try:
        return Path("~/.cache").expanduser() / "dagfloe"
    except RuntimeError:
        raise PackError("this user has no home folder: set DAGFLOE_CACHE_DIR to a folder for the cache") from None
