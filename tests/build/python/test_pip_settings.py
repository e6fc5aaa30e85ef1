"""pip's configuration, for uv."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dagfloe.build.python.pip_settings import constraint_arguments, read_pip_settings, uv_arguments, uv_variables

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The variables of a user with empty folders for configuration."""
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "XDG_CONFIG_DIRS": str(tmp_path / "etc"), "PATH": os.environ["PATH"]}


def variables(env: dict[str, str], project: Path) -> dict[str, str]:
    """The variables for uv, without those of the configuration of this host."""
    of_host = uv_variables({"XDG_CONFIG_DIRS": "/nonexistent"}, project)
    return {name: value for name, value in uv_variables(env, project).items() if of_host.get(name) != value}


def write(path: Path, content: str) -> Path:
    """Write a file and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"index-url": "https://a/simple"}, {"UV_DEFAULT_INDEX": "https://a/simple"}),
        (
            {"extra-index-url": "https://a/simple\n    https://b/simple"},
            {"UV_INDEX": "https://a/simple https://b/simple", "UV_INDEX_STRATEGY": "unsafe-best-match"},
        ),
        ({"find-links": "/wheels https://c/"}, {"UV_FIND_LINKS": "/wheels,https://c/"}),
        ({"trusted-host": "a\n    b:8080"}, {"UV_INSECURE_HOST": "a b:8080"}),
        ({"cert": "/ca.pem", "client-cert": "/me.pem"}, {"SSL_CERT_FILE": "/ca.pem", "SSL_CLIENT_CERT": "/me.pem"}),
        ({"proxy": "proxy:3128"}, {"HTTP_PROXY": "http://proxy:3128", "HTTPS_PROXY": "http://proxy:3128"}),
        ({"timeout": "2.5", "retries": "7"}, {"UV_HTTP_TIMEOUT": "2", "UV_HTTP_RETRIES": "7"}),
        ({"timeout": "never"}, {}),
        ({"keyring-provider": "import"}, {"UV_KEYRING_PROVIDER": "subprocess"}),
        ({"pre": "true"}, {"UV_PRERELEASE": "allow"}),
        ({"quiet": "1"}, {}),
    ],
)
def test_settings(env: dict[str, str], tmp_path: Path, settings: dict[str, str], expected: dict[str, str]) -> None:
    """Each setting of pip has the variable of uv, in a file and as a variable."""
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    write(tmp_path / "home/.config/pip/pip.conf", f"[global]\n{lines}")
    assert variables(env, tmp_path) == expected
    of_pip = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in settings.items()}
    assert variables({"HOME": "/nonexistent", "XDG_CONFIG_DIRS": "/nonexistent", **of_pip}, tmp_path) == expected


def test_relative_paths(env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths start at the caller's folder, as pip's and uv's do, although uv runs in the project's folder."""
    monkeypatch.chdir(tmp_path)
    env |= {"PIP_FIND_LINKS": "wheels https://c/", "PIP_CERT": "ca.pem"}
    expected = {"UV_FIND_LINKS": f"{tmp_path}/wheels,https://c/", "SSL_CERT_FILE": f"{tmp_path}/ca.pem"}
    assert variables(env, tmp_path / "p") == expected
    env = {"UV_FIND_LINKS": "wheels,more", "UV_CACHE_DIR": "cache", "UV_CONSTRAINT": "/c.txt"}
    expected = {"UV_FIND_LINKS": f"{tmp_path}/wheels,{tmp_path}/more", "UV_CACHE_DIR": f"{tmp_path}/cache"}
    assert variables(env, tmp_path / "p") == expected


def test_settings_without_variables(env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For some settings uv has only options."""
    monkeypatch.chdir(tmp_path)
    env |= {
        "PIP_NO_INDEX": "yes",
        "PIP_NO_BINARY": "a,b",
        "PIP_ONLY_BINARY": ":all:",
        "PIP_CONSTRAINT": "c1.txt c2.txt",
    }
    assert uv_arguments(env, tmp_path) == [
        "--no-index", "--no-binary", "a", "--no-binary", "b", "--only-binary", ":all:"
    ]  # fmt: skip
    assert constraint_arguments(env, tmp_path) == [
        "--constraints",
        str(tmp_path / "c1.txt"),
        "--constraints",
        str(tmp_path / "c2.txt"),
    ]
    assert constraint_arguments({**env, "UV_CONSTRAINT": "mine.txt"}, tmp_path) == []


@pytest.mark.parametrize("with_chosen", [False, True])
def test_the_files_that_pip_reads(env: dict[str, str], tmp_path: Path, with_chosen: bool) -> None:
    """The same settings count as those that `pip config list` shows, of the files in its order."""
    write(tmp_path / "etc/pip/pip.conf", "[global]\nindex-url = https://etc\ntimeout = 1\nretries = 1\n")
    write(tmp_path / "home/.pip/pip.conf", "[global]\nindex-url = https://old\nretries = 2\n")
    write(tmp_path / "home/.config/pip/pip.conf", "[global]\nindex-url = https://home\n[freeze]\nproxy = x\n")
    if with_chosen:
        env["PIP_CONFIG_FILE"] = str(write(tmp_path / "chosen.conf", "[global]\nINDEX_URL = https://chosen\n"))
    env["PIP_TIMEOUT"] = "9"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    shown = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=50).stdout
    of_pip = {}
    for line in sorted(shown.splitlines(), key=lambda line: line.startswith(":env:")):
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if section in ("global", ":env:"):
            of_pip[option] = value.strip("'")
    ours = read_pip_settings(env)
    for option in ("index-url", "timeout", "retries", "proxy"):
        assert ours.get(option) == of_pip.get(option), option
    assert ours["index-url"] == ("https://chosen" if with_chosen else "https://home")


def test_no_files(env: dict[str, str], tmp_path: Path) -> None:
    """With os.devnull as the file, pip reads no file; a section for installations wins over the global one."""
    file = write(
        tmp_path / "home/.config/pip/pip.conf", "[install]\nindex-url = https://install\n[global]\nindex-url = x\n"
    )
    assert read_pip_settings(env)["index-url"] == "https://install"
    assert "index-url" not in read_pip_settings({**env, "PIP_CONFIG_FILE": os.devnull})
    file.write_bytes(b"\xff[broken")
    assert "index-url" not in read_pip_settings(env)


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("variable", ""),
        ("home/.config/uv/uv.toml", 'index-url = "https://uv"'),
        ("home/.config/uv/uv.toml", '[pip]\nindex-url = "https://uv"'),
        ("etc/uv/uv.toml", '[[index]]\nurl = "https://uv"\ndefault = true'),
        ("p/uv.toml", 'index-url = "https://uv"'),
        ("p/pyproject.toml", '[tool.uv]\nindex-url = "https://uv"'),
        ("pyproject.toml", '[tool.uv]\nindex-url = "https://uv"'),
        ("mine.toml", 'index-url = "https://uv"'),
    ],
)
def test_settings_of_uv_win(env: dict[str, str], tmp_path: Path, place: str, content: str) -> None:
    """Where uv has its own setting, pip's does not count; pip's other settings do."""
    env |= {"PIP_INDEX_URL": "https://pip", "PIP_TRUSTED_HOST": "pip"}
    if place == "variable":
        env["UV_DEFAULT_INDEX"] = "https://uv"
    else:
        file = write(tmp_path / place, content)
        if place == "mine.toml":
            env["UV_CONFIG_FILE"] = str(file)
    assert variables(env, tmp_path / "p") == {"UV_INSECURE_HOST": "pip"}
