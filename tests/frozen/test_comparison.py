"""A file that would declare something else than its project is not built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., subprocess.CompletedProcess[str]]

START = """
import os
import sys
from pathlib import Path
from dagfloe import Bundle
bundle = Bundle()
dag = bundle.dag("d")
@dag.task
def first(): pass
def add(names, **options):
    for name in sorted(names):
        @dag.task(task_id=name, **options)
        def added(): pass
"""
CASES = {
    "relative": (
        "add(Path(name).stem for name in (os.listdir('tables') if os.path.isdir('tables') else []))",
        [
            "the file would declare something else than the project",
            "the task 'a' of the Dag 'd' is only in the project",
            "tables is read relative to the current folder",
            "is read relative to the current folder, which is another one on a worker",
        ],
    ),
    "frozen": (
        "@bundle.dag('e', tags=['frozen' if hasattr(sys, 'frozen') else 'x']).task\ndef other(): pass",
        [
            "the Dag 'e' has declaration.",
            "= 'x' in the project and 'frozen' in the file",
            "it may depend on sys.frozen",
        ],
    ),
    "changing": (
        "import time\n@bundle.dag('e', tags=[str(time.time())]).task\ndef other(): pass",
        ["declares other things at every import", "at every import: the Dag 'e' has declaration."],
    ),
    "failing": (
        "if not hasattr(sys, 'frozen'): raise RuntimeError('only frozen')",
        ["the project without freezing did not print its metadata", "only frozen"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_difference(case: str, tmp_path: Path, build: Build) -> None:
    """The error names what differs, and why, and no file is written."""
    code, messages = CASES[case]
    root = tmp_path / "odd"
    (root / "tables").mkdir(parents=True)
    (root / "tables" / "a.yaml").write_text("")
    (root / "odd.py").write_text(f"{START}\n{code}\n")
    (root / "pyproject.toml").write_text(
        '[project]\nname = "odd"\nversion = "1"\n[tool.dagfloe]\nbundle = "odd:bundle"\n'
    )
    answer = build(root, tmp_path / "files")
    assert answer.returncode == 1, answer.stdout
    for message in messages:
        assert message in answer.stderr
    assert not list((tmp_path / "files").iterdir())
