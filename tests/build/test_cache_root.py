"""The folder of dagfloe's cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagfloe.build.cache_root import cache_root


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
