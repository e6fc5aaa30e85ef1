"""Fixtures of the tests of `dagfloe.testing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagfloe import Bundle

if TYPE_CHECKING:
    from dagfloe import Dag


@pytest.fixture
def dag() -> Dag:
    """A Dag in which a test registers tasks."""
    return Bundle().dag("d")
