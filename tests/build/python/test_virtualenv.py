"""The requirements of every bundle's environment, and the folder of the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagfloe.build.cache_root import cache_root
from dagfloe.build.python.virtualenv import bundle_requirements


def test_bundle_requirements_are_those_of_the_extra() -> None:
    """They are those of dagfloe's extra `bundle`, without the tool's own dependencies."""
    names = {requirement.name.lower(): requirement for requirement in bundle_requirements()}
    assert set(names) == {"click", "msgpack", "pyinstaller", "pyyaml"}
    assert all(requirement.marker is None and requirement.specifier for requirement in names.values())


@pytest.mark.parametrize(
    ("chosen", "xdg", "expected"),
    [
        ("", "/var/cache/me", "/var/cache/me/dagfloe"),
        ("", "", "~/.cache/dagfloe"),
        ("x", "x", "~/.cache/dagfloe"),
        ("/srv/cache", "/var/cache/me", "/srv/cache"),
    ],
)
def test_cache_root(monkeypatch: pytest.MonkeyPatch, chosen: str, xdg: str, expected: str) -> None:
    """The variable chooses the folder, or else the XDG convention does; relative paths are ignored."""
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", chosen)
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    assert cache_root() == Path(expected).expanduser()
