"""The C library of this host."""

from __future__ import annotations

import os
from pathlib import Path


def libc_version() -> tuple[str, str]:
    """Return the name and the version of the C library, or empty strings. The version of musl is unknown."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (ValueError, OSError):
        name, version = "", ""
    if name:
        return name, version
    return ("musl", "") if list(Path("/lib").glob("ld-musl-*")) else ("", "")
