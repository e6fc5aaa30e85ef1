"""Settings for all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# Bundle files that tests start unpack themselves here, and not into the cache of the user who runs the tests.
os.environ.setdefault("DAGFLOE_CACHE_DIR", str(Path(__file__).parents[1] / ".cache" / "dagfloe"))

# How long an example takes depends on the machine; pytest-timeout bounds the whole test.
for name, max_examples in (("quick", 60), ("thorough", 2000)):  # the latter with --hypothesis-profile=thorough
    settings.register_profile(
        name, deadline=None, max_examples=max_examples, suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile("quick")


@pytest.fixture
def untraced() -> Iterator[None]:
    """Do not measure coverage in this thread: an exception of a signal handler may leave a lock of coverage's taken."""
    trace = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(trace)
