"""Settings for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long an example takes depends on the machine; pytest-timeout bounds the whole test.
settings.register_profile("dagfloe", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dagfloe")
