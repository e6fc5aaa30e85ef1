"""What a program in plain Python delivers, a task delivers, too: the same function, run both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.side_by_side import missing_lines

if TYPE_CHECKING:
    from pathlib import Path


def test_prints_and_records(tmp_path: Path) -> None:
    """Printed lines and records arrive."""
    code = """
def t():
    print("printed")
    log.info("logged")
    sys.stderr.write("written\\n")
"""
    assert not missing_lines(tmp_path, code)
