"""Settings for all tests."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, settings

# Bundle files that tests start unpack themselves here, and not into the cache of the user who runs the tests.
os.environ.setdefault("DAGFLOE_CACHE_DIR", str(Path(__file__).parents[1] / ".cache" / "dagfloe"))

# How long an example takes depends on the machine; pytest-timeout bounds the whole test.
for name, max_examples in (("quick", 60), ("thorough", 2000)):  # the latter with --hypothesis-profile=thorough
    settings.register_profile(
        name, deadline=None, max_examples=max_examples, suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile("quick")
