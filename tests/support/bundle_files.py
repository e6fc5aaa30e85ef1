"""Where `make` puts the bundle files of the tests. `make pythons` sets other folders for each Python."""

from __future__ import annotations

import os
from pathlib import Path

from dagfloe.runtime.metadata import platform_tag

ROOT = Path(__file__).parents[2]
#: The examples of `make dist`.
DIST = Path(os.environ.get("DAGFLOE_TEST_DIST") or ROOT / "dist" / platform_tag())
#: Those that are in it; `weather` is not for every Python.
EXAMPLES = ("hello",) if os.environ.get("DAGFLOE_TEST_DIST") else ("hello", "weather")
#: The bundles of `make test-bundles`, for tests under a real supervisor.
TEST_DIST = Path(os.environ.get("DAGFLOE_TEST_BUNDLES") or ROOT / ".cache" / "bundles" / platform_tag())
