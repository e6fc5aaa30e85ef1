"""The version of the Airflow on a host."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from dagfloe.cli.doctor.airflow_checks import check_airflow
from dagfloe.cli.doctor.airflow_version import find_version, release_of
from support.blocks import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LONG = "#!/bin/sh\n'''exec' \"{}\" \"$0\" \"$@\"\n' '''\n"


@pytest.fixture
def install(tmp_path: Path) -> Path:
    """The folder of commands of an environment with Airflow 3.4.0, as metadata alone."""
    packages = tmp_path / "packages"
    info = packages / "apache_airflow_core-3.4.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: apache-airflow-core\nVersion: 3.4.0\n")
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def write(folder: Path, content: str) -> dict[str, str]:
    """Write the command, and return an environment."""
    (folder / "airflow").write_text(content)
    (folder / "airflow").chmod(0o755)
    return {"PATH": str(folder), "PYTHONPATH": str(folder.parent / "packages")}


def test_the_command_on_path(install: Path) -> None:
    """The first line of the command names its Python, in both forms that pip writes."""
    for head in (f"#!{sys.executable}\n", LONG.format(sys.executable)):
        assert find_version(write(install, f"{head}print('not started')\n")) == "3.4.0"


def test_a_link_to_the_command(install: Path, tmp_path: Path) -> None:
    """The command may be a link, as with `uv tool`."""
    env = write(install, f"#!{sys.executable}\n")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "airflow").symlink_to(install / "airflow")
    assert find_version({**env, "PATH": str(tmp_path / "links")}) == "3.4.0"


@pytest.mark.parametrize("content", ["", "#!/bin/sh\nexec missing\n", "#!/missing/python3\n", "\0\xff"])
def test_an_unknown_command(install: Path, content: str) -> None:
    """Something else with the same name has no version, and is not started."""
    assert find_version({**write(install, content), "PYTHONPATH": ""}) == ""


def test_a_command_that_cannot_be_read(install: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket with the name of the command has no version."""
    monkeypatch.chdir(install)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("airflow")
        (install / "airflow").chmod(0o755)
        assert find_version({"PATH": str(install)}) == ""


def test_the_version_is_shown(install: Path, tmp_path: Path) -> None:
    """The first check shows the version, or how to name it."""
    env = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__SDK__COORDINATORS": "{}"}
    first = next(iter(check_airflow({**env, **write(install, f"#!{sys.executable}\n")})))
    assert (first.name, first.state, first.text) == ("Airflow", "ok", "version 3.4.0")
    first = next(iter(check_airflow({**env, "PATH": ""})))
    assert (first.name, first.state) == ("Airflow", "warning")
    assert first.cure == "add its command airflow to PATH, or name the version: --airflow 3.4"
    assert next(iter(check_airflow({**env, "PATH": ""}, "3.4"))).state == "ok"


def test_releases() -> None:
    """Beta versions belong to their release."""
    assert release_of("3.4.0b2") == (3, 4)
    assert release_of("10.12") == (10, 12)
    assert release_of("") is release_of("next") is None


@pytest.mark.airflow
@pytest.mark.parametrize("version", ["3.3.2", "3.4.0b2"])
def test_a_real_airflow(version: str) -> None:
    """The versions of the Airflows in `.venvs` are those that they were installed with."""
    folder = ROOT / ".venvs" / f"airflow-{version}" / "bin"
    if not folder.exists():
        pytest.skip(f"make .venvs/airflow-{version}/.installed")
    assert find_version({**os.environ, "PATH": str(folder)}) == version
