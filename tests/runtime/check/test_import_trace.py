"""The record of what imports use."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
import json, os, sys
sys.path.insert(0, os.getcwd())
from dagfloe.runtime.check.import_trace import ImportTrace
trace = ImportTrace()
import traced
print(json.dumps(trace.report()))
"""
MODULE = """
import ctypes, os, pathlib, sys, types
open("relative.txt").close()
open(b"bytes.txt").close()
here = pathlib.Path(__file__).parent
(here / "absolute.txt").read_text()
(here / "written.txt").write_text("")
[*here.iterdir()]
os.listdir()
os.close(os.open(os.devnull, 0))
open(os.dup(0)).close()
for name in ("relative.txt", None):
    try:
        open(here / "missing.txt")
    except OSError:
        pass
try:
    ctypes.CDLL("libnowhere.so")
except OSError:
    pass
sys.modules["alias"] = types
sys.modules["odd"] = 1
sys.path.append("")
"""


def test_trace(tmp_path: Path) -> None:
    """The record has read files, listed folders, libraries and modules; not what is written, and no aliases."""
    for name in ("relative.txt", "bytes.txt", "absolute.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "traced.py").write_text(MODULE)
    answer = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path, stdin=0
    )
    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)
    own = {relative: is_relative for path, relative, is_relative in report["read"] if path.startswith(f"{tmp_path}/")}
    assert own == {"absolute.txt": False, "bytes.txt": True, "missing.txt": False, "relative.txt": True}
    assert str(tmp_path) in [path for path, _, _ in report["read"]]
    assert report["libraries"] == ["libnowhere.so"]
    assert {"traced", "ctypes"} <= {*report["loaded"]}
    assert not {"alias", "odd", "sys"} & {*report["loaded"]}
    assert report["folder"] is None
