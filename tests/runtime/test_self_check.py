"""The self-check of a bundle."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.self_check import self_check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TASKS = "from dagfloe import Bundle\nbundle = Bundle()\n@bundle.dag('d').task\ndef t(): pass\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., BundleConfig]]:
    """Writes an author's modules and returns their configuration."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def write(**sources: str) -> BundleConfig:
        for name, source in sources.items():
            (tmp_path / f"{name}.py").write_text(source, "utf-8")
        return BundleConfig("checked_tasks:bundle", "project", "1.0", "checked_tasks.py", tuple(sources))

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_all_modules_can_be_imported(project: Callable[..., BundleConfig]) -> None:
    """If every module can be imported, all values are None and the check is ok."""
    report = self_check(project(checked_tasks=TASKS, checked_helpers="x = 1"))
    assert report == {"ok": True, "modules": {"checked_tasks": None, "checked_helpers": None}}


def test_missing_module(project: Callable[..., BundleConfig]) -> None:
    """A module that was not frozen is named, with the line that imports it. The other modules are still checked."""
    report = self_check(
        project(checked_one="import os\nimport not_frozen.part", checked_tasks=TASKS, checked_two="import not_frozen_2")
    )
    assert report["ok"] is False
    problem = report["modules"]["checked_one"]
    assert (problem["error"], problem["missing"]) == ("ModuleNotFoundError", "not_frozen")
    assert problem["where"].endswith("checked_one.py:2")
    assert report["modules"]["checked_two"]["missing"] == "not_frozen_2"
    assert report["modules"]["checked_tasks"] is None


def test_missing_project_module() -> None:
    """A missing module of the project itself is named."""
    report = self_check(BundleConfig("json:bundle", "project", "1.0", "t.py", ("checked_absent",)))
    assert report["modules"]["checked_absent"]["missing"] == "checked_absent"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("1/0", "ZeroDivisionError"),
        ("import sys\nsys.exit(0)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("from os import no_such_name", "ImportError"),
        ("a b", "SyntaxError"),
        ("class E(Exception):\n def __str__(self): raise LookupError\nraise E", "E"),
        ("raise ValueError('\\ud800')", "ValueError"),
    ],
)
def test_module_that_raises(project: Callable[..., BundleConfig], source: str, error: str) -> None:
    """Any exception of a module is reported, without a missing module."""
    report = self_check(project(checked_bad=source, checked_tasks=TASKS))
    problem = report["modules"]["checked_bad"]
    assert (problem["error"], problem["missing"], report["ok"]) == (error, None, False)
    assert isinstance(problem["message"], str)
    json.dumps(report).encode()


def test_module_without_a_bundle(project: Callable[..., BundleConfig]) -> None:
    """A module without a bundle that has a task is a problem, too."""
    report = self_check(project(checked_tasks="from dagfloe import Bundle\nbundle = Bundle()"))
    assert report["modules"]["checked_tasks"]["error"] == "BundleError"


def test_bundle_module_is_checked_without_being_listed(project: Callable[..., BundleConfig]) -> None:
    """The bundle's own module is checked even if it is not in the list of modules."""
    project(checked_tasks=TASKS)
    report = self_check(BundleConfig("checked_tasks:bundle", "project", "1.0", "checked_tasks.py"))
    assert report == {"ok": True, "modules": {"checked_tasks": None}}
