"""Running a program for its metadata and its self-check. A shell script stands for the program."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from dagfloe.build.checks.programs import FrozenProgram, UnfrozenProgram
from dagfloe.format.errors import FreezeError

BAD_METADATA = [
    ("{}", "first\nlast\n\n", 3, r"did not print its metadata \(status 3\): first\n  last"),
    ("hello {}", "", 0, r"did not print its metadata \(status 0\): it printed nothing"),
    ("[]", "why", 0, "did not print its metadata"),
    ("[" * 100_000, "why", 0, "did not print its metadata"),
]
BAD_REPORTS = [
    ("", "Segmentation fault\n", 1, r"crashed \(status 1\): Segmentation fault"),
    ("{}", "", 0, r"crashed \(status 0\): it printed nothing"),
    ('{"modules": []}', "", 0, "crashed"),
]


def script(folder: Path, stdout: str, stderr: str = "", status: int = 0) -> Path:
    """A script with this output."""
    (folder / "stdout").write_text(stdout)
    (folder / "stderr").write_text(stderr)
    path = folder / "program"
    path.write_text(
        f"#!/bin/sh\necho $1 $DAGFLOE_SELF_CHECK $PYTHONPATH > '{folder}/call'\npwd >> '{folder}/call'\n"
        f"cat '{folder}/stdout'\ncat '{folder}/stderr' >&2\nexit {status}\n"
    )
    path.chmod(0o755)
    return path


def test_frozen(tmp_path: Path) -> None:
    """The answers are the JSON objects that the program prints. It does not run in the caller's folder."""
    script(tmp_path, '{"dags": {}}')
    program = FrozenProgram(tmp_path / "program", tmp_path)
    assert program.read_metadata() == {"dags": {}}
    assert (tmp_path / "call").read_text() == f"--bundle-metadata\n{tmp_path / 'elsewhere'}\n"
    (tmp_path / "stdout").write_text('{"modules": {"tasks": null}}')
    assert program.self_check(Path("targets"))["modules"] == {"tasks": None}
    assert (tmp_path / "call").read_text().startswith("--self-check targets\n")


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of a program may be relative to the caller's folder."""
    script(tmp_path, '{"dags": {}}')
    monkeypatch.chdir(tmp_path)
    assert FrozenProgram(Path("program"), Path()).read_metadata() == {"dags": {}}


@pytest.mark.parametrize(("stdout", "stderr", "status", "message"), BAD_METADATA)
def test_no_metadata(tmp_path: Path, stdout: str, stderr: str, status: int, message: str) -> None:
    """The error has the program's status and the last line of its stderr."""
    with pytest.raises(FreezeError, match=message):
        FrozenProgram(script(tmp_path, stdout, stderr, status), tmp_path).read_metadata()


@pytest.mark.parametrize(("stdout", "stderr", "status", "message"), BAD_REPORTS)
def test_no_report(tmp_path: Path, stdout: str, stderr: str, status: int, message: str) -> None:
    """The error for a self-check without a report has the program's status and last line."""
    with pytest.raises(FreezeError, match=message):
        FrozenProgram(script(tmp_path, stdout, stderr, status), tmp_path).self_check(Path("targets"))


def test_unfrozen(tmp_path: Path) -> None:
    """A project runs in its own folder with its own modules, at the same time as other work."""
    program = UnfrozenProgram([script(tmp_path, '{"modules": {}}')], [Path("/a"), Path("/b")], tmp_path, {})
    with program.start_metadata() as wait_for_metadata:
        assert wait_for_metadata() == {"modules": {}}
    with program.start_self_check(Path("targets")) as wait_for_report:
        assert wait_for_report()["imports"] == {}
    assert (tmp_path / "call").read_text() == f"--self-check targets /a:/b\n{tmp_path}\n"


def test_unfrozen_that_fails(tmp_path: Path) -> None:
    """The error of a project that fails says that it was not frozen."""
    program = UnfrozenProgram([script(tmp_path, "", "ValueError: no\n", 1)], [], tmp_path, {})
    with (
        program.start_metadata() as wait,
        pytest.raises(FreezeError, match=r"the project without freezing did not print its metadata .*ValueError: no"),
    ):
        wait()


def test_end_of_the_block(tmp_path: Path) -> None:
    """The end of the block ends a project that still runs."""
    path = tmp_path / "endless"
    path.write_text(f"#!/bin/sh\nexec 9> '{tmp_path}/pipe'\nwhile :; do sleep 600; done\n")
    path.chmod(0o755)
    with ExitStack() as stack:
        stack.enter_context(UnfrozenProgram([path], [], tmp_path, {}).start_metadata())
    assert not [
        entry
        for entry in Path("/proc").glob("[0-9]*/cmdline")
        if str(path).encode() in (entry.read_bytes() if entry.exists() else b"")
    ]
