"""Opens and reads regular files only: a pipe without a writer or an endless device would block a command."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
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


def _refusal(path: Path) -> OSError:
    return OSError(errno.EINVAL, "not a regular file", str(path))
