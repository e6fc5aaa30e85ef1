"""The self-check of a bundle."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from dagfloe.runtime.check.self_check import self_check
from dagfloe.runtime.config import BundleConfig

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
    assert report == {"ok": True, "modules": {"checked_tasks": None, "checked_helpers": None}, "imports": {}}


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
    assert report == {"ok": True, "modules": {"checked_tasks": None}, "imports": {}}


def test_targets(project: Callable[..., BundleConfig]) -> None:
    """Modules, attributes and submodules that the code names are imported; those that fail have a problem."""
    targets = ["json", "json:loads", "json:tool", "email:no_such_name", "checked_absent.part", "checked_helpers:x"]
    report = self_check(project(checked_tasks=TASKS, checked_helpers="x = 1"), targets)
    problems = {target: problem and problem["missing"] for target, problem in report["imports"].items()}
    assert problems == {
        "json": None,
        "json:loads": None,
        "json:tool": None,
        "email:no_such_name": "email.no_such_name",
        "checked_absent.part": "checked_absent",
        "checked_helpers:x": None,
    }
    assert report["ok"] is True


CHAIN = """
from importlib.metadata import version
try:
    try:
        open("/no/such/file")
    except OSError as error:
        version("no-such-distribution")
except ImportError as error:
    raise RuntimeError("outer") from error
"""


def test_causes(project: Callable[..., BundleConfig]) -> None:
    """A problem has the exceptions that led to it, with the file and the distribution that they name."""
    problem = self_check(project(checked_tasks=TASKS, checked_chain=CHAIN))["modules"]["checked_chain"]
    assert problem["error"] == "RuntimeError"
    assert [cause["error"] for cause in problem["causes"]][:1] == ["PackageNotFoundError"]
    assert problem["causes"][0]["distribution"] == "no-such-distribution"
    assert problem["causes"][-1]["file"] == "/no/such/file"


def test_endless_causes(project: Callable[..., BundleConfig]) -> None:
    """Exceptions that are each other's causes are listed once, and of very many only some."""
    loop = "first, second = ValueError(), KeyError()\nfirst.__cause__, second.__cause__ = second, first\nraise first"
    many = "error = None\nfor _ in range(100):\n new = ValueError()\n new.__cause__ = error\n error = new\nraise error"
    modules = self_check(project(checked_tasks=TASKS, checked_loop=loop, checked_many=many))["modules"]
    assert [cause["error"] for cause in modules["checked_loop"]["causes"]] == ["KeyError"]
    assert len(modules["checked_many"]["causes"]) == 9
