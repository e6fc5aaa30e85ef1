"""The command line of a frozen bundle."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import dagfloe
from dagfloe.cli.frozen.flags import read_flags
from dagfloe.cli.frozen.main import Coordinator, Flags, Metadata, SelfCheck, choose_mode, main, read_supervisor_flags
from dagfloe.errors import UsageError
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.wire.addresses import Address
from support.peer import DEADLINE_S, ENTRY, Peer, write_project
from support.strategies import any_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CONFIG = BundleConfig("tasks:bundle", "sales", "1.2", "tasks.py")
TASKS = "@dag.task\ndef extract(): pass\n"
ADDRESS = "127.0.0.1:40000"


# Flags

words = (
    f"--comm --logs --comm= --logs= --comm={ADDRESS} --logs=x {ADDRESS} -- - --com --comm=a=b --bundle-metadata "
    "--format --format=yaml json --self-check --help --version -c é"
).split()
tokens = st.sampled_from([*words, "", "--logs =x"]) | any_text
command_lines = st.lists(tokens, max_size=6)


def read_with_click(arguments: Sequence[str]) -> Flags | int:
    """The flags that click parses; its output is discarded."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        answer = read_flags(arguments, CONFIG)
    return answer if isinstance(answer, int) else Flags(**answer)


@given(command_lines | st.tuples(st.sampled_from(["--comm", "--logs"]), any_text, tokens, tokens).map(list))
def test_both_parsers_agree(arguments: list[str]) -> None:
    """If the fast parser accepts a command line, click parses the same flags."""
    flags = read_supervisor_flags(arguments)
    answer = read_with_click(arguments)
    assert flags is None or flags == answer
    assert isinstance(answer, Flags) or answer in (0, 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--comm=a:1", "--logs=b:2"], ["--logs=b:2", "--comm=a:1"], ["--comm", "a:1", "--logs=b:2"],
        ["--logs", "b:2", "--comm", "a:1"],
    ],
)  # fmt: skip
def test_supervisors_command_line(arguments: list[str]) -> None:
    """The two addresses may come in either order, with or without an equals sign."""
    assert read_supervisor_flags(arguments) == Flags(comm="a:1", logs="b:2") == read_with_click(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--comm=a"],
        ["--comm=a", "--comm=b"],
        ["--comm=a", "--logs"],
        ["--comm=a", "--logs=b", "x"],
        ["--bundle-metadata"],
    ],
)
def test_click_parses_other_command_lines(arguments: list[str]) -> None:
    """The fast parser accepts only the supervisor's command line."""
    assert read_supervisor_flags(arguments) is None


BOTH: dict[str, Any] = {"comm": "h:1", "logs": "[::1]:2"}


@pytest.mark.parametrize(
    ("flags", "mode"),
    [
        (Flags(**BOTH), Coordinator(comm=Address(host="h", port=1), logs=Address(host="::1", port=2))),
        (Flags(metadata=True), Metadata(format="json")),
        (Flags(metadata=True, metadata_format="yaml", self_check=True, **BOTH), Metadata(format="yaml")),
        (Flags(metadata=True, comm="nonsense"), Metadata(format="json")),
        (Flags(self_check=True, **BOTH), SelfCheck()),
    ],
)
def test_mode(flags: Flags, mode: object) -> None:
    """Metadata takes precedence over the self-check, and the self-check over running a task."""
    assert choose_mode(flags) == mode


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (Flags(), "nothing to do"),
        (Flags(comm="h:1"), "--logs is missing: with --comm alone"),
        (Flags(logs="h:1"), "--comm is missing: with --logs alone"),
        (Flags(comm="h", logs="h:1"), "--comm takes host:port"),
        (Flags(comm="h:1", logs="h:x"), "--logs takes host:port"),
        (Flags(comm="", logs="h:1"), "--comm takes host:port"),
    ],
)
def test_no_mode(flags: Flags, reason: str) -> None:
    """Flags that select no mode are refused with the reason."""
    with pytest.raises(UsageError, match=reason):
        choose_mode(flags)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "nothing to do"),
        (["--comm=127.0.0.1:1"], "--logs is missing"),
        (["--logs=127.0.0.1:1"], "--comm is missing"),
        (["--comm=here", "--logs=127.0.0.1:1"], "--comm takes host:port"),
        (["--comm=127.0.0.1:1", "--logs=127.0.0.1:99999"], "from 1 to 65535"),
        (["--bundle-metadata", "--format=xml"], "xml"),
        (["--airflow-metadata"], "--airflow-metadata"),
        (["positional"], "positional"),
        (["--comm"], "--comm"),
        (["--bundle-metadata=yes"], "--bundle-metadata"),
    ],
)
def test_usage_errors(arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A usage error gives status 2, the reason and the usage on stderr, and nothing on stdout."""
    assert main(CONFIG, arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert reason in err
    assert "Usage: sales" in err
    assert "Traceback" not in err


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The help lists every flag and the exit statuses. The version is that of the project and of dagfloe."""
    assert main(CONFIG, ["--help"]) == 0
    out = capsys.readouterr().out
    for word in ("--bundle-metadata", "--format", "--self-check", "--comm", "--logs", "--version", "Exit status"):
        assert word in out
    assert main(CONFIG, ["--version"]) == 0
    assert capsys.readouterr().out == f"sales 1.2 (dagfloe {dagfloe.__version__})\n"


# The whole program, unfrozen


def run(command: list[str], *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a bundle and wait for it."""
    return subprocess.run(
        [*command, *arguments], capture_output=True, timeout=DEADLINE_S, check=False, env={**os.environ, **environment}
    )


NOISE = """
import subprocess
print("printed")
sys.stdout.write("written")
os.write(1, b"through the descriptor")
subprocess.run(["echo", "by a program"])
"""


def test_supervisor_that_is_not_there(tmp_path: Path) -> None:
    """If nothing listens at the addresses, one line says what to do, and the status is 1."""
    done = run(write_project(tmp_path, TASKS), "--comm=127.0.0.1:1", "--logs=127.0.0.1:1")
    assert (done.returncode, done.stdout) == (1, b"")
    [line] = done.stderr.splitlines()
    assert line.startswith(b"test: cannot connect to the supervisor (--comm 127.0.0.1:1: ")


def test_supervisor_without_an_address(tmp_path: Path) -> None:
    """If the name of the supervisor's host has no address, one line says so, and the status is 1."""
    name = "x" * 64  # one character too long, so nobody is asked for it
    done = run(write_project(tmp_path, TASKS), f"--comm={name}:1", f"--logs={name}:1")
    assert (done.returncode, done.stdout) == (1, b"")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"test: cannot connect to the supervisor (--comm {name}:1: ".encode())


def test_metadata_and_nothing_else(tmp_path: Path) -> None:
    """Only the metadata goes to stdout. What the module prints during its import goes to stderr."""
    done = run(write_project(tmp_path, TASKS + NOISE), "--bundle-metadata")
    assert done.returncode == 0
    metadata = json.loads(done.stdout)
    handler = {"task_id": "extract", "binding": "named", "params": []}
    declaration: dict[str, object] = {"tasks": {"extract": {}}}
    assert metadata["dags"] == {"d": {"declaration": declaration, "task_handlers": [handler], "tasks": ["extract"]}}
    assert metadata["bundle"]["name"] == "test"
    for noise in (b"printed", b"written", b"through the descriptor", b"by a program"):
        assert noise in done.stderr


def test_metadata_as_yaml_is_the_same(tmp_path: Path) -> None:
    """YAML and JSON have the same content, whatever the encoding of the terminal."""
    command = write_project(tmp_path, "@dag.task(task_id='größe')\ndef t(): pass\n")
    as_json = run(command, "--bundle-metadata", "--format", "json", PYTHONIOENCODING="ascii")
    as_yaml = run(command, "--format=yaml", "--bundle-metadata", PYTHONIOENCODING="ascii")
    assert yaml.safe_load(as_yaml.stdout.decode()) == json.loads(as_json.stdout)
    assert json.loads(as_json.stdout)["dags"]["d"]["tasks"] == ["größe"]


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("1/0", b"test: the module of tasks:bundle cannot be imported (ZeroDivisionError, see above)"),
        ("sys.exit(0)", b"test: the module of tasks:bundle cannot be imported (SystemExit, see above)"),
        ("bundle = 3", b"test: tasks:bundle should be a dagfloe.Bundle but is int"),
        ("@dag.task('x')\ndef t(): pass", b"test: @dag.task got 'x'"),
    ],
)
def test_metadata_of_a_module_that_cannot_be_used(tmp_path: Path, module: str, reason: bytes) -> None:
    """If the module cannot be used, stdout is empty, the status is 1, and the last line of stderr says why."""
    done = run(write_project(tmp_path, module), "--bundle-metadata")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.splitlines()[-1].startswith(reason)


def test_self_check(tmp_path: Path) -> None:
    """The self-check prints one JSON document and nothing else. The status is 0 if every module can be imported."""
    done = run(write_project(tmp_path, TASKS + NOISE), "--self-check")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"ok": True, "modules": {"tasks": None}, "imports": {}})
    done = run(write_project(tmp_path, "import nowhere"), "--self-check")
    assert done.returncode == 1
    assert json.loads(done.stdout)["modules"]["tasks"]["missing"] == "nowhere"


def test_arguments_of_the_process(tmp_path: Path) -> None:
    """By default, the arguments are those of the process."""
    (tmp_path / "entry.py").write_text(ENTRY)
    done = run([sys.executable, str(tmp_path / "entry.py")], "--version")
    assert done.stdout.startswith(b"test 1.0 ")


#: Modules that are slow to import, which would slow down the start of every task.
SLOW = {"click", "rich", "yaml", "typing", "dataclasses", "inspect", "jsonschema", "asyncio", "urllib.request", "ssl"}


def test_importing_the_runtime_loads_nothing_slow() -> None:
    """The modules that a task needs at its start import no slow module."""
    program = (
        "import sys; before = set(sys.modules); import dagfloe.cli.frozen.main, dagfloe.runtime.server, "
        "dagfloe.runtime.log.streams; print(*set(sys.modules) - before)"
    )
    done = run([sys.executable, "-I", "-c", program])
    loaded = set(done.stdout.decode().split())
    assert "dagfloe.runtime.wire.comms" in loaded
    assert not loaded & SLOW


def test_running_a_task_loads_nothing_slow(tmp_path: Path) -> None:
    """A bundle that runs a task imports no slow module by itself."""
    preamble = "import sys\nfrom dagfloe import Bundle, Client\nbundle = Bundle()\ndag = bundle.dag('d')\n"
    tasks = f"@dag.task\ndef t(client: Client): return sorted(set({sorted(SLOW)!r}) & set(sys.modules) - before)\n"
    command = write_project(tmp_path, tasks, preamble)
    entry = tmp_path / "entry.py"
    entry.write_text("import builtins, sys\nbuiltins.before = set(sys.modules)\n" + entry.read_text())
    with Peer(command) as peer:
        peer.start()
        frame_id, body = peer.expect("SetXCom")
        peer.send(frame_id)
        peer.finish()
        assert body["value"] == []


@pytest.mark.parametrize("kind", [Flags, Metadata, SelfCheck, Coordinator])
def test_flags_and_modes_have_a_repr(kind: Any) -> None:
    """Flags and modes have a readable `repr`."""
    assert repr(kind(**dict.fromkeys(kind._fields, "x"))).startswith(f"{kind.__name__}(")
