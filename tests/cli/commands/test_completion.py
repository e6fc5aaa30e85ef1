"""`dagfloe completion`: real completion in bash, and the requests that zsh and fish send."""

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


def complete_in_bash(folder: Path, *words: str) -> list[str]:
    """Return the completions that bash offers for the last word."""
    script = (
        'eval "$(dagfloe completion bash)"\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n'
        'compopt() { echo "files"; }\n'  # bash's own works only in an interactive shell
        '_dagfloe_completion dagfloe\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    result = subprocess.run(
        ["bash", "-c", script, "bash", *words],
        cwd=folder,
        env=ENV,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.parametrize(
    ("words", "completions"),
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
def test_bash(words: tuple[str, ...], completions: list[str], tmp_path: Path) -> None:
    """Bash completes commands, options, values and files."""
    assert complete_in_bash(tmp_path, *words) == completions


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(shell: str) -> None:
    """The scripts of zsh and fish call the tool, which prints the commands with their summaries."""
    script = CliRunner().invoke(main, ["completion", shell])
    assert script.exit_code == 0
    assert f"_DAGFLOE_COMPLETE={shell}_complete" in script.output
    env = {**ENV, "_DAGFLOE_COMPLETE": f"{shell}_complete", "COMP_WORDS": "dagfloe ver", "COMP_CWORD": "1"}
    if shell == "fish":
        env["COMP_CWORD"] = "ver"
    result = subprocess.run([TOOL], env=env, capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    assert "verify" in result.stdout
    assert COMMANDS["verify"] in result.stdout


def test_unknown_shell() -> None:
    """The error for an unknown shell lists the supported ones."""
    result = CliRunner().invoke(main, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in result.output


MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {one: {tasks: [extract, load]}, other: {tasks: [expire]}}
sdk: {language: raw, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        (("--dag", "o"), ["one", "other"]),
        (("--task", "ex"), ["extract", "expire"]),
        (("--dag", "other", "--task", ""), ["expire"]),
    ],
    ids=" ".join,
)
def test_ids_of_a_bundle_file(words: tuple[str, ...], completions: list[str], tmp_path: Path) -> None:
    """Bash completes the dag_ids and task_ids of a bundle file."""
    write_bundle(tmp_path / "raw", "succeed()", MANIFEST)
    assert complete_in_bash(tmp_path, "dagfloe", "run", "raw", *words) == completions


def test_no_ids(tmp_path: Path) -> None:
    """For a project, a damaged file or a missing one, there are no completions and no messages."""
    (tmp_path / "raw").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    write_bundle(tmp_path / "bomb", "", MANIFEST.replace("raw.py", "&a [*a]"))
    write_bundle(tmp_path / "controls", "", MANIFEST.replace("one", '"o\\e[31m"').replace("other", "5"))
    for path in (".", "raw", "missing", "pipe", "bomb", "controls"):
        assert complete_in_bash(tmp_path, "dagfloe", "run", path, "--dag", "") == []
