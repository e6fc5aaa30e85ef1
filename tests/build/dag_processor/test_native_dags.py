"""The checks of native Dags during a build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import Bundle
from dagfloe.build.dag_processor.native_dags import check_native_dags
from dagfloe.build.project import read_project
from dagfloe.format.errors import ManifestError, NativeDagError, PackError
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.metadata import bundle_metadata

if TYPE_CHECKING:
    from pathlib import Path


def check(root: Path, schedule: str | None, **changes: Any) -> None:
    """Check a project whose native Dag has a schedule, and metadata with changes."""
    (root / "shop.py").write_text("")
    (root / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\n'
        '[tool.dagfloe]\nbundle = "shop:bundle"\nairflow = "3.4"\nnative-dags = ["etl"]\n'
    )
    bundle = Bundle()
    bundle.dag("etl", schedule=schedule).task(task_id="load")(lambda: None)
    config = BundleConfig("shop:bundle", "shop", "1", "shop.py", native_dags=("etl",))
    check_native_dags(read_project(root), {**bundle_metadata(config, bundle), **changes})


def test_correct(tmp_path: Path) -> None:
    """A Dag without problems is not refused."""
    check(tmp_path, "0 6 * * *")


def test_problem(tmp_path: Path) -> None:
    """A Dag with a problem is refused before the file exists."""
    with pytest.raises(NativeDagError, match="Dag 'etl': the schedule '0 0 30 2 \\*' has no next date"):
        check(tmp_path, "0 0 30 2 *")


def test_metadata(tmp_path: Path) -> None:
    """Metadata that do not follow the schema are refused first."""
    with pytest.raises(ManifestError, match=r"the manifest does not follow its schema at \$\.source"):
        check(tmp_path, None, source="")


def test_unknown(tmp_path: Path) -> None:
    """Native Dags are Dags of the bundle."""
    with pytest.raises(PackError, match="native-dags names 'etl', and the bundle has no such Dag"):
        check(tmp_path, None, dags={})
