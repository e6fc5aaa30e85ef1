"""`dagfloe run`, from the command line to the exit status."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dagfloe.cli.commands.run import run
from dagfloe.runtime.metadata import platform_tag
from support.raw_bundle import write_bundle

if TYPE_CHECKING:
    from click.testing import Result

DEADLINE_S = 20.0
PROGRAM = """
begin()
task_id = details["ti"]["task_id"]
if task_id == "secretive":
    password, _ = ask({"type": "GetConnection", "conn_id": "db"})
    token, _ = ask({"type": "GetVariable", "key": "api_token"})
    text = password["password"] + " " + token["value"]
    print(text, flush=True)
    log(text, exception=[{"exc_type": "E", "exc_value": text, "frames": []}])
    ask({"type": "SetXCom", **xcom("return_value"), "value": {"text": "-" * 80 + text}})
elif task_id == "colourful":
    log("[bold]\\x1b[31mred[/bold]\\nsecond line", level="warning")
    log("x" * 500)
    ask({"type": "SetXCom", **xcom("return_value"), "value": "[red]"})
elif task_id == "fails":
    log("Oops", level="error", exception=[{"exc_type": "ValueError", "exc_value": "bad", "frames": [
        {"filename": "tasks.py", "lineno": 5, "name": "load"}]}])
    send(0, {"type": "TaskState", "state": "failed"}); receive(); sys.exit(0)
elif task_id == "leaves":
    subprocess.Popen(["sleep", "60"])
elif task_id == "skips":
    send(0, {"type": "TaskState", "state": "skipped"}); receive(); sys.exit(0)
elif task_id == "breaks":
    logs.sendall(b"[]" + bytes([10])); time.sleep(60)
elif task_id == "newer":
    print(ask({"type": "UpdateDagRunNote", "ti_id": details["ti"]["id"], "note": "done"}), flush=True)
elif task_id == "waits":
    log(f"pid {os.getpid()}")
    time.sleep(60)
succeed()
"""
MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {DAGS}
sdk: {language: raw, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""


def bundle(folder: Path, **dags: list[str]) -> str:
    """Write a bundle file whose Dags have the given tasks."""
    listed = ", ".join(f"{dag_id}: {{tasks: [{', '.join(tasks)}]}}" for dag_id, tasks in dags.items())
    return str(write_bundle(folder / "raw", PROGRAM, MANIFEST.replace("DAGS", listed)))


def invoke(*args: str) -> Result:
    return CliRunner().invoke(run, args)


def states(result: Result) -> dict[str, str]:
    """Return the states in the summary."""
    table = result.output.partition("return_value\n")[2].partition("\n\n")[0]
    return {line.split()[0]: line.split()[1] for line in table.splitlines()}


def test_success(tmp_path: Path) -> None:
    """The tasks run in the order of the manifest, the summary shows their results, and a skip is not a failure."""
    result = invoke(bundle(tmp_path, d=["skips", "colourful", "plain"]))
    assert result.exit_code == 0, result.output
    assert states(result) == {"skips": "skipped", "colourful": "success", "plain": "success"}
    assert re.search(r"^colourful +success +1 +\d+\.\d\d  \[red\]$", result.output, re.MULTILINE)


def test_plain_lines(tmp_path: Path) -> None:
    """A log record is one line with time, level, task, logger and event, and control characters are escapes."""
    output = invoke(bundle(tmp_path, d=["colourful"])).output
    assert re.search(
        r"^\d\d:\d\d:\d\d\.\d{3} warning  colourful raw: \[bold\]\\x1b\[31mred\[/bold\]$", output, re.MULTILINE
    )
    assert "\n    second line\n" in output
    assert "x" * 500 in output
    assert "\x1b" not in output


def test_failure(tmp_path: Path) -> None:
    """A failed task shows the frames of its exception, the tasks after it do not run, and the exit status is 1."""
    result = invoke(bundle(tmp_path, d=["fails", "plain"]))
    assert result.exit_code == 1
    assert states(result) == {"fails": "failed", "plain": "upstream_failed"}
    assert "\n      tasks.py:5 in load\n    ValueError: bad\n" in result.output


def test_broken(tmp_path: Path) -> None:
    """The summary says which task Airflow would lose, and why."""
    result = invoke(bundle(tmp_path, d=["breaks"]))
    assert result.exit_code == 1
    assert "breaks: Airflow would lose this task: a log line is JSON, but not an object: []" in result.output


def test_leftovers(tmp_path: Path) -> None:
    """The summary names the processes that a task left behind, which were killed."""
    result = invoke(bundle(tmp_path, d=["leaves"]))
    assert result.exit_code == 0, result.output
    assert re.search(r"^leaves: dagfloe killed processes that it left behind: .*sleep", result.output, re.MULTILINE)


def test_many_mapped_instances(tmp_path: Path) -> None:
    """The summary leaves out the successful instances of a task that has many of them, and counts them."""
    tasks = {"each": {"mapped": {"number": {"values": [*range(21)]}}}}
    manifest = {
        "airflow_bundle_metadata_version": "1.0",
        "bundle": {"name": "raw", "version": "1"},
        "dags": {"d": {"tasks": ["each"], "declaration": {"tasks": tasks}}},
        "sdk": {"language": "raw", "name": "dagfloe", "version": "1", "supervisor_schema_version": "2026-06-16"},
        "source": "raw.py",
    }
    result = invoke(str(write_bundle(tmp_path / "raw", PROGRAM, json.dumps(manifest))), "--quiet")
    assert result.exit_code == 0, result.output
    assert "return_value\nand 21 more task instances in state success\n" in result.output, "the table is empty"


def test_variables_of_airflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--from-airflow`, variables and connections come from the environment, as they do for Airflow."""
    monkeypatch.setenv("AIRFLOW_VAR_API_TOKEN", "swordfish9")
    monkeypatch.setenv("AIRFLOW_CONN_DB", "postgres://me:hunter2pass@host/db")
    path = bundle(tmp_path, d=["secretive"])
    assert invoke(path).exit_code == 1
    result = invoke(path, "--from-airflow")
    assert result.exit_code == 0, result.output
    assert "*** ***" in result.output


def test_quiet(tmp_path: Path) -> None:
    """`--quiet` prints only the summary."""
    result = invoke(bundle(tmp_path, d=["colourful"]), "-q")
    assert states(result) == {"colourful": "success"}
    assert "second line" not in result.output


def test_secrets(tmp_path: Path) -> None:
    """Passwords of connections and values of sensitive variables are nowhere in the output, not even in part."""
    result = invoke(
        bundle(tmp_path, d=["secretive"]),
        *("--conn", "db=postgres://me:hunter2pass@host/db", "--var", "api_token=swordfish9"),
    )
    assert result.exit_code == 0, result.output
    assert "*** ***" in result.output
    assert "hunter" not in result.output
    assert "sword" not in result.output


def test_choice_of_dag(tmp_path: Path) -> None:
    """With several Dags, the user must choose one. `--task` runs one task of a Dag."""
    path = bundle(tmp_path, one=["plain"], two=["skips", "plain"])
    result = invoke(path)
    assert (result.exit_code, "choose one with --dag: one, two" in result.output) == (2, True)
    assert states(invoke(path, "--dag", "two")) == {"skips": "skipped", "plain": "success"}
    assert states(invoke(path, "--dag", "two", "--task", "plain")) == {"plain": "success"}


@pytest.mark.parametrize(("version", "known"), [("2026-10-30", True), ("2027-01-01", True), ("2026-07-01", False)])
def test_schema_version(tmp_path: Path, version: str, known: bool) -> None:
    """The supervisor serves the schema version that the bundle names, or else the newest supported one before it."""
    manifest = MANIFEST.replace("DAGS", "d: {tasks: [newer]}").replace("2026-06-16", version)
    program = PROGRAM if known else PROGRAM.replace("print(ask(", "print(send(1, ")
    result = invoke(str(write_bundle(tmp_path / "raw", program, manifest)))
    assert result.exit_code == 0, result.output
    assert ("Unable to decode message" in result.output) == (not known)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--dag", "x"], "the bundle has no Dag 'x'; it has d"),
        (["--task", "x"], "the Dag 'd' has no task 'x'; it has plain"),
        (["--var", "hunter2"], "Invalid value for '--var': expected KEY=VALUE"),
        (["--conn", "hunter2"], "Invalid value for '--conn': expected ID=URI"),
        (["--conn", "c=hunter2"], "Invalid value for '--conn': connection 'c' is malformed"),
    ],
)
def test_usage(tmp_path: Path, args: list[str], message: str) -> None:
    """A usage error gives exit status 2, and a message that shows no secret."""
    result = invoke(bundle(tmp_path, d=["plain"]), *args)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert "hunter2" not in result.output


def test_no_bundle(tmp_path: Path) -> None:
    """A file that is not a bundle file, and a folder that is not a project, give exit status 1 and one message."""
    (tmp_path / "text").write_text("x")
    result = invoke(str(tmp_path / "text"))
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    (tmp_path / "folder").mkdir()
    result = invoke(str(tmp_path / "folder"))
    assert result.exit_code == 1
    assert "pyproject.toml" in result.output


def test_not_executable(tmp_path: Path) -> None:
    """If the bundle file is not executable, its task fails, and the summary says why."""
    path = bundle(tmp_path, d=["plain"])
    Path(path).chmod(0o644)
    result = invoke(path)
    assert result.exit_code == 1
    assert "cannot be started: Permission denied" in result.output


TOOL = [sys.executable, "-c", "from dagfloe.cli.commands.run import run; run()"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end the running task. The summary appears, the exit status is 130, and no process is left."""
    path = bundle(tmp_path, d=["waits", "plain"])
    with subprocess.Popen([*TOOL, path], stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        while "pid" not in (line := process.stdout.readline()):
            assert line
        pid = int(line.rpartition(" ")[2])
        process.send_signal(number)
        output, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert "waits  failed" in output
    assert "plain  not run" in output
    assert "Dag d: interrupted" in output
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_interrupt_of_the_last_task(tmp_path: Path) -> None:
    """The exit status is 130 also if no other task was left."""
    path = bundle(tmp_path, d=["waits"])
    with subprocess.Popen([*TOOL, path], stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        while "pid" not in (line := process.stdout.readline()):
            assert line
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, "Dag d: interrupted" in output) == (130, True), output


def test_live_view(tmp_path: Path) -> None:
    """A terminal shows a live table. Warnings scroll by above it, and markup and control characters have no effect."""
    path = bundle(tmp_path, d=["colourful", "fails", "plain"])
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    with subprocess.Popen([*TOOL, path], stdout=slave, stderr=slave, env=env) as process:
        os.close(slave)
        data = b""
        try:
            while chunk := os.read(master, 4096):
                data += chunk
        except OSError:  # the process has closed the terminal
            pass
        os.close(master)
        assert process.wait(DEADLINE_S) == 1
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", data.decode())
    assert "last log line" in plain
    assert re.search(r"colourful +running", plain)
    assert "[bold]\\x1b[31mred[/bold]" in plain
    assert "ValueError: bad" in plain
    assert "x" * 101 not in plain
    assert re.search(r"fails +failed +\d", plain.rpartition("return_value")[2])
    assert re.search(r"plain +upstream_failed", plain)


@pytest.mark.frozen
def test_frozen_bundle() -> None:
    """The command runs a frozen bundle file."""
    result = invoke(str(Path(__file__).parents[3] / "dist" / platform_tag() / "hello"), "--var", "hello_name=you")
    assert result.exit_code == 0, result.output
    assert states(result) == {"greet": "success", "count": "success"}
    assert '"greeting": "Hello, you!"' in result.output


@pytest.mark.frozen
def test_project() -> None:
    """The command runs a project folder without freezing it."""
    result = invoke(str(Path(__file__).parents[3] / "bundles" / "hello"))
    assert result.exit_code == 0, result.output
    assert states(result) == {"greet": "success", "count": "success"}


@pytest.mark.frozen
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import os; os.write(2, b'out of order\\n'); os._exit(3)", "cannot read the metadata of"),
        ("import atexit, os; atexit.register(os.write, 1, b'bye')", "is not JSON. Does the project's module write to"),
    ],
)
def test_a_project_without_metadata(tmp_path: Path, code: str, message: str) -> None:
    """The message says why the project's metadata could not be read."""
    (tmp_path / "tasks.py").write_text(
        f"{code}\nfrom dagfloe import Bundle\nbundle = Bundle()\n@bundle.dag('d').task\ndef t() -> None: ...\n"
    )
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\n[tool.dagfloe]\nbundle = "tasks:bundle"\n'
    )
    result = invoke(str(tmp_path))
    assert result.exit_code == 1
    assert message in result.output
    assert ("out of order" in result.output) == ("_exit" in code)
