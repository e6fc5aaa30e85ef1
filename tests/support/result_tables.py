"""Collects the results of tests for generated pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Tables:
    """Rows by table, name and column.

    Args:
        path: the file for the tables, or None.
    """

    def __init__(self, path: str | None) -> None:
        self._path = Path(path) if path else None
        self._tables: dict[str, dict[str, dict[str, Any]]] = {}

    def add(self, table: str, row: str, column: str, result: Any) -> None:
        """Add a result."""
        self._tables.setdefault(table, {}).setdefault(row, {})[column] = result

    def write(self) -> None:
        """Write the file, if there is one."""
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._tables, indent=1), "utf-8")
