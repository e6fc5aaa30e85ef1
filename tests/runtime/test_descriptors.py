"""Moving file descriptors to high numbers."""

from __future__ import annotations

import errno
import os
import resource

import pytest

from dagfloe.runtime.descriptors import move_up


def test_a_high_number() -> None:
    """The file gets a number that programs do not close by mistake, and its old one is free."""
    reader, writer = os.pipe()
    moved = move_up(writer)
    try:
        assert moved >= min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1024) - 24
        assert not os.get_inheritable(moved)
        os.write(moved, b"x")
        assert os.read(reader, 1) == b"x"
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            os.fstat(writer)
    finally:
        os.close(reader)
        os.close(moved)


def test_a_low_limit_of_open_files() -> None:
    """If no higher number is allowed, the file keeps its own."""
    reader, writer = os.pipe()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (writer + 1, hard))
    try:
        assert move_up(writer) == writer
        os.write(writer, b"x")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(reader)
        os.close(writer)
