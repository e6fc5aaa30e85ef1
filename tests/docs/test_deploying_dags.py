"""The stub Dag on the page about deploying Dags."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.loader import load_bundle
from dagfloe.runtime.metadata import bundle_metadata
from dagfloe.stub.dag_file import render_stub

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "deploying-dags.md"


def test_stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page shows the stub of the module that it shows."""
    module, stub, *_ = re.findall(r"(?s)```python\n(.*?)```", PAGE.read_text("utf-8"))
    (tmp_path / "shown_tasks.py").write_text(module, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    config = BundleConfig("shown_tasks:bundle", "sales", "1", "shown_tasks.py")
    manifest: dict[str, Any] = bundle_metadata(config, load_bundle(config))
    assert render_stub(manifest).partition("\n\n")[2] == stub
