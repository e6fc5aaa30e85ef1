"""The bundle with both Dags."""

from __future__ import annotations

import conformance34
from newer import bundle

__all__ = ["bundle", "conformance34"]
