"""Importing the author's module and its bundle."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from dagfloe.errors import BundleError
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.loader import load_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEAD = "from dagfloe import Bundle\nbundle = Bundle()\ndag = bundle.dag('d')\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], BundleConfig]]:
    """Writes an author's module and returns its configuration."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(source: str) -> BundleConfig:
        (tmp_path / "loaded_tasks.py").write_text(source, "utf-8")
        return BundleConfig("loaded_tasks:bundle", "project", "1.0", "loaded_tasks.py")

    yield write
    sys.modules.pop("loaded_tasks", None)


def test_bundle(project: Callable[[str], BundleConfig]) -> None:
    """The bundle is the attribute that the configuration names, with the registered tasks."""
    bundle = load_bundle(project(HEAD + "@dag.task\ndef t(): pass\n"))
    assert bundle is sys.modules["loaded_tasks"].bundle
    assert list(bundle.dags["d"].tasks) == ["t"]


@pytest.mark.parametrize(
    ("source", "actual"), [("", "nothing"), ("bundle = 3", "int"), ("from dagfloe import Bundle as bundle", "type")]
)
def test_no_bundle(project: Callable[[str], BundleConfig], source: str, actual: str) -> None:
    """If the attribute is not a bundle, the error says what it is and what to write."""
    with pytest.raises(BundleError, match=f"loaded_tasks:bundle should be a dagfloe.Bundle but is {actual}") as caught:
        load_bundle(project(source))
    assert "`bundle = Bundle()` in loaded_tasks" in str(caught.value)


@pytest.mark.parametrize("source", ["from dagfloe import Bundle\nbundle = Bundle()", HEAD])
def test_bundle_without_a_task(project: Callable[[str], BundleConfig], source: str) -> None:
    """A bundle without a task is an error."""
    with pytest.raises(BundleError, match="loaded_tasks:bundle has no task"):
        load_bundle(project(source))


@pytest.mark.parametrize(
    ("source", "error"), [("1/0", ZeroDivisionError), ("raise SystemExit(0)", SystemExit), ("a b", SyntaxError)]
)
def test_module_that_raises(project: Callable[[str], BundleConfig], source: str, error: type[BaseException]) -> None:
    """An exception of the author's module is raised unchanged."""
    with pytest.raises(error):
        load_bundle(project(source))


def test_missing_module() -> None:
    """A module that does not exist is an import error that names it."""
    with pytest.raises(ModuleNotFoundError, match="not_in_the_bundle"):
        load_bundle(BundleConfig("not_in_the_bundle:bundle", "project", "1.0", "x.py"))
