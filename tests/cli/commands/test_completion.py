"""`dagfloe completion`: what a real shell completes with it, and what others ask and are told."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from dagfloe.cli.tool import COMMANDS, main
from support.peer import DEADLINE_S, TOOL
from support.raw_bundle import write_bundle

ENV = {**os.environ, "PATH": os.pathsep.join((str(Path(TOOL).parent), os.environ["PATH"]))}


def in_bash(folder: Path, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    script = (
        'eval "$(dagfloe completion bash)"\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n'
        'compopt() { echo "files"; }\n'  # works only while a person types
        '_dagfloe_completion dagfloe\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    answer = subprocess.run(
        ["bash", "-c", script, "bash", *words],
        cwd=folder,
        env=ENV,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    assert answer.stderr == ""
    return answer.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("dagfloe", "ins"), ["inspect"]),
        (("dagfloe", ""), list(COMMANDS)),
        (("dagfloe", "cache", "w"), ["warm"]),
        (("dagfloe", "build", "--one"), ["--one-file"]),
        (("dagfloe", "completion", ""), ["bash", "zsh", "fish"]),
        (("dagfloe", "inspect", ""), ["files"]),
    ],
    ids=" ".join,
)
def test_bash(words: tuple[str, ...], offered: list[str], tmp_path: Path) -> None:
    """Commands, options, values and files."""
    assert in_bash(tmp_path, *words) == offered


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(shell: str) -> None:
    """Their scripts call the tool, which tells each command with what it does."""
    script = CliRunner().invoke(main, ["completion", shell])
    assert script.exit_code == 0
    assert f"_DAGFLOE_COMPLETE={shell}_complete" in script.output
    env = {**ENV, "_DAGFLOE_COMPLETE": f"{shell}_complete", "COMP_WORDS": "dagfloe ver", "COMP_CWORD": "1"}
    if shell == "fish":
        env["COMP_CWORD"] = "ver"
    answer = subprocess.run([TOOL], env=env, capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    assert "verify" in answer.stdout
    assert COMMANDS["verify"] in answer.stdout


def test_unknown_shell() -> None:
    """Which there are is told."""
    answer = CliRunner().invoke(main, ["completion", "tcsh"])
    assert answer.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in answer.output


MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {one: {tasks: [extract, load]}, other: {tasks: [expire]}}
sdk: {language: raw, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("--dag", "o"), ["one", "other"]),
        (("--task", "ex"), ["extract", "expire"]),
        (("--dag", "other", "--task", ""), ["expire"]),
    ],
    ids=" ".join,
)
def test_ids_of_a_bundle_file(words: tuple[str, ...], offered: list[str], tmp_path: Path) -> None:
    """The Dags and tasks of a bundle file are offered."""
    write_bundle(tmp_path / "raw", "succeed()", MANIFEST)
    assert in_bash(tmp_path, "dagfloe", "run", "raw", *words) == offered


def test_ids_of_what_is_no_bundle_file(tmp_path: Path) -> None:
    """Of a project or a damaged file, nothing is offered, and nothing said."""
    (tmp_path / "raw").write_text("x")
    for path in (".", "raw", "nowhere"):
        assert in_bash(tmp_path, "dagfloe", "run", path, "--dag", "") == []
