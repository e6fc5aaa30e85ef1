"""The source files of native Dags in the source region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.build.dag_processor.sources import embed_sources
from dagfloe.build.inputs import ProjectInputs
from dagfloe.build.project import read_project
from dagfloe.format.sources import read_sources, source_path

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "shop/__init__.py": b"bundle = 1\n",
    "shop/tasks.py": b"# the main module\n",
    "shop/old.py": b"# -*- coding: latin-1 -*-\nname = '\xe4'\n",
    "shop/marked.py": b"\xef\xbb\xbfname = 1\n",
}


def embed(root: Path, modules: dict[str, str | None]) -> tuple[bytes, dict[str, Any]]:
    """Embed the sources of a project whose native Dags are in some modules."""
    (root / "shop").mkdir()
    (root / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\n[tool.dagfloe]\nbundle = "shop.tasks:bundle"\n'
    )
    for name, content in FILES.items():
        (root / name).write_bytes(content)
    project = read_project(root)
    dags: dict[str, Any] = {dag_id: {"is_native": True, "module": module} for dag_id, module in modules.items()}
    dags["other"] = {"module": "shop.old"}
    return embed_sources(project, ProjectInputs(project, root / "out" / "shop"), {"dags": dags})


def test_no_native_dags(tmp_path: Path) -> None:
    """Without native Dags, the region is the main module's file, as before."""
    assert embed(tmp_path, {}) == (FILES["shop/tasks.py"], {})


def test_every_module(tmp_path: Path) -> None:
    """The main module is first. Each file is in UTF-8, and in the region once."""
    modules = {"a": "shop", "b": "shop.old", "c": "shop.old", "d": "shop.marked", "e": None, "f": "elsewhere"}
    region, index = embed(tmp_path, modules)
    files = read_sources(region, index)
    assert list(files) == ["shop/tasks.py", "shop/__init__.py", "shop/old.py", "shop/marked.py"]
    assert region.startswith(FILES["shop/tasks.py"])
    assert files["shop/old.py"].decode() == FILES["shop/old.py"].decode("latin-1")
    assert files["shop/marked.py"] == FILES["shop/marked.py"]
    shown = [source_path(index, dag_id) for dag_id in modules]
    assert shown == [
        "shop/__init__.py", "shop/old.py", "shop/old.py", "shop/marked.py", "shop/tasks.py", "shop/tasks.py"
    ]  # fmt: skip
