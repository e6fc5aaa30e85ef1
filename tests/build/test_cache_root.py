"""The folder of dagfloe's cache."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from dagfloe.build.cache_root import cache_root
from dagfloe.format.errors import PackError


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


def test_a_user_without_a_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user that the host does not know, as in a container, must choose a folder."""

    def find_no_user(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", find_no_user)
    for variable in ("DAGFLOE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(PackError, match="no home folder: set DAGFLOE_CACHE_DIR"):
        cache_root()
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", "/srv/cache")
    assert cache_root() == Path("/srv/cache")
