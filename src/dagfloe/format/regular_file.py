"""Reads regular files only, and writes files as a whole.

A pipe without a writer, or an endless device, would block a command that reads it.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

#: The longest text file that a command reads: a seed file, a `pyproject.toml`, a Dag file, in bytes.
MAX_TEXT_BYTES = 64 << 20


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Args:
        path: the file.

    Raises:
        OSError: if it cannot be opened, or is a folder, a pipe, a socket or a device. The error names the file.
    """
    try:
        # A pipe without a writer does not block. Regular files ignore the flag.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise _refusal(path) from error
        raise
    except ValueError as error:  # a zero byte, or a character that the file system's encoding does not have
        raise OSError(errno.EINVAL, "not a valid file name", str(path)) from error
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise _refusal(path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_text(path: Path) -> str:
    """Read a regular file of text in UTF-8, with any line ends.

    Args:
        path: the file.

    Raises:
        OSError: as for `open_regular`, or if the file has more than `MAX_TEXT_BYTES` bytes.
        UnicodeDecodeError: if it is not UTF-8.
    """
    with open_regular(path) as file:
        data = file.read(MAX_TEXT_BYTES + 1)
    if len(data) > MAX_TEXT_BYTES:
        raise OSError(errno.EFBIG, f"larger than {MAX_TEXT_BYTES >> 20} MiB", str(path))
    return data.decode().replace("\r\n", "\n").replace("\r", "\n")


def write_output(path: Path, data: bytes) -> None:
    """Write a file as a whole, or not at all. A pipe or a device gets the data directly.

    Args:
        path: the file. A file that exists is replaced, and keeps its permissions. A link stays a link.
        data: its content.

    Raises:
        OSError: if it cannot be written, or is a pipe that nobody reads. The error names the file.
    """
    path = Path(os.path.realpath(path))  # noqa: PTH - `resolve` fails for a link to itself
    if path.exists() and not path.is_file():
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        os.set_blocking(descriptor, True)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        return
    unfinished = path.with_name(f".dagfloe-{secrets.token_hex(8)}")
    try:
        with unfinished.open("xb") as file:
            file.write(data)
        if path.exists():
            unfinished.chmod(stat.S_IMODE(path.stat().st_mode))
        unfinished.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _refusal(path: Path) -> OSError:
    return OSError(errno.EINVAL, "not a regular file", str(path))
