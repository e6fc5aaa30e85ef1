"""The recipes of the page about workers that are ready."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.blocks import ROOT, Block, read_blocks
from support.dag_files import write
from support.peer import DEADLINE_S

BLOCKS = read_blocks(ROOT / "docs" / "how-to" / "ready-workers.md")


def block(language: str, part: str) -> Block:
    """Return the block of a language that contains a part."""
    (found,) = (block for block in BLOCKS if block.language == language and part in block.content)
    return found


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """The command of a container, for a host with a folder of bundle files and a program `airflow`."""
    (tmp_path / "airflow").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/started\n')
    (tmp_path / "airflow").chmod(0o755)
    script = tmp_path / "start-worker"
    # The only change: the folder is in the command line, and not in Airflow's settings.
    script.write_text(
        block("sh", "exec airflow").content.replace("--require weather", f"--require weather {tmp_path}/b")
    )
    script.chmod(0o755)
    return script


def test_the_worker_starts_only_if_it_is_ready(start: Path) -> None:
    """Without one of the files, the worker does not start, and the status is that of the check."""
    folder = start.parent
    env = {**os.environ, "PATH": f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run() -> int:
        return subprocess.run([start], env=env, capture_output=True, timeout=DEADLINE_S, check=False).returncode

    write(folder / "b" / "hello", "hello")
    assert run() == 1
    assert not (folder / "started").exists()
    write(folder / "b" / "weather", "weather")
    assert run() == 0
    assert (folder / "started").read_text() == "celery worker --queues dagfloe\n"


def test_the_unit_is_valid(tmp_path: Path) -> None:
    """The unit has only settings that systemd knows."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is missing")
    unit = tmp_path / "airflow-worker.service"
    content = block("ini", "ExecStartPre").content.replace("User=airflow", "User=root")
    for name in ("/opt/dagfloe-tool/bin/dagfloe", "/opt/airflow/venv/bin/airflow"):
        assert name in content
        content = content.replace(name, "/bin/true")  # which exists
    for text, is_valid in ((content, True), (content.replace("RestartSec=30", "RestartSecs=30"), False)):
        unit.write_text(text)
        done = subprocess.run(
            [analyze, "verify", "--man=no", unit], capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )
        assert (str(unit) not in done.stderr) is is_valid, done.stderr
