"""What goes into a bundle's environment beside its own dependencies, and where environments are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagfloe.build.python.virtualenv import bundle_requirements, cache_root


def test_bundle_requirements_are_those_of_the_extra() -> None:
    """The extra `bundle` of dagfloe's own metadata names them; the tool's own dependencies do not come along."""
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
    """Where the variable says, or else the XDG convention; a relative path is ignored, as that asks."""
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", chosen)
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    assert cache_root() == Path(expected).expanduser()
