"""What goes into a bundle's environment beside its own dependencies, and where environments are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagfloe.build.environment import bundle_requirements, cache_root


def test_bundle_requirements_are_those_of_the_extra() -> None:
    """The extra `bundle` of dagfloe's own metadata names them; the tool's own dependencies do not come along."""
    names = {requirement.name.lower(): requirement for requirement in bundle_requirements()}
    assert set(names) == {"click", "msgpack", "pyinstaller", "pyyaml"}
    assert all(requirement.marker is None and requirement.specifier for requirement in names.values())


@pytest.mark.parametrize(
    ("xdg", "expected"),
    [("/var/cache/me", "/var/cache/me/dagfloe"), ("", "~/.cache/dagfloe"), ("x", "~/.cache/dagfloe")],
)
def test_cache_root(monkeypatch: pytest.MonkeyPatch, xdg: str, expected: str) -> None:
    """Environments are kept where the XDG convention says; a relative XDG_CACHE_HOME is ignored, as it asks."""
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    assert cache_root() == Path(expected).expanduser()
