"""The virtual environment of a bundle."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dagfloe.build.python.interpreter import Interpreter
from dagfloe.build.python.virtualenv import Environment, bundle_requirements
from dagfloe.format.errors import FreezeError


def test_bundle_requirements_are_those_of_the_extra() -> None:
    """They are those of dagfloe's extra `bundle`, without the tool's own dependencies."""
    names = {requirement.name.lower(): requirement for requirement in bundle_requirements()}
    assert set(names) == {"click", "msgpack", "pyinstaller", "pyyaml"}
    assert all(requirement.marker is None and requirement.specifier for requirement in names.values())


def test_contents() -> None:
    """An environment lists its distributions, and finds the modules that are installed in it."""
    environment = Environment(Path(sys.prefix), Interpreter(Path(sys.executable), "", "", ()))
    assert {"pytest", "dagfloe"} <= set(environment.list_distributions())
    assert environment.find_modules(["json.decoder", "pytest", "nowhere", "nowhere.inner", "__main__"]) == {
        "json.decoder",
        "pytest",
    }


def test_damaged_environment(tmp_path: Path) -> None:
    """The error for a damaged environment says to delete it."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("#!/bin/sh\necho 'no module named encodings' >&2\nexit 1\n")
    (tmp_path / "bin" / "python").chmod(0o755)
    environment = Environment(tmp_path, Interpreter(Path(sys.executable), "", "", ()))
    with pytest.raises(FreezeError, match="is damaged: no module named encodings; delete it and build again"):
        environment.list_distributions()
