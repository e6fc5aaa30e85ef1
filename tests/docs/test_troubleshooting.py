"""Failures in docs/how-to/troubleshooting.md that need no Airflow and no build; ELSEWHERE lists the other tests."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from dagfloe.runtime.metadata import platform_tag
from support.blocks import ROOT
from support.launcher import CANNOT_RUN, environment, payload, start, write_bundle
from support.peer import DEADLINE_S, Peer, write_project
from support.quoted_messages import TROUBLES, messages, rows, shows

HELLO = ROOT / "dist" / platform_tag() / "hello"
ELSEWHERE = (
    "airflow/test_troubleshooting.py",
    "airflow/test_settings.py",
    "build/checks/test_airflow_names.py",
    "compat/test_context.py",
    "compat/test_names.py",
    "compat/test_session.py",
    "frozen/test_advice.py",
    "frozen/test_build.py",
    "frozen/test_comparison.py",
    "frozen/test_missing_modules.py",
    "frozen/test_warnings.py",
)
TITLES = ("The task fails, and its log is empty", "The launcher says", "The task's log says", "By hand, and in a build")


def test_every_row_is_produced() -> None:
    """A test produces each message of the page, here or in one of the other files."""
    produced = {
        node.value
        for path in (Path(__file__), *(ROOT / "tests" / name for name in ELSEWHERE))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant)
    }
    documented = {messages(cells[0])[0] for title in TITLES for cells in rows(TROUBLES, title)}
    assert len(documented) > 30
    assert documented - produced == set()


# The launcher


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Write a small bundle file."""
    return write_bundle(tmp_path / "tiny")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("mode=1777,noexec", "cannot be used: it is mounted noexec, so no program can run from it"),
        ("mode=1777,size=100k", "cannot write …: No space left on device"),
        ("mode=755,ro", "it has no folder store yet, and it cannot be written"),
        ("mode=755,ro", "cannot be used: it cannot be created or opened: No such file or directory"),
    ],
)
def test_mounts(bundle: Path, option: str, message: str) -> None:
    places = "/tmp /var/tmp /dev/shm"  # noqa: S108 - mounted over
    script = f"for folder in {places}; do mount -t tmpfs -o {option} none $folder; done; exec $BUNDLE"
    with bundle.open("rb") as file:
        answer = subprocess.run(
            ["unshare", "--map-root-user", "--mount", "sh", "-ec", script],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
            env=environment(BUNDLE=f"/proc/self/fd/{file.fileno()}", DAGFLOE_CACHE_DIR="/dev/shm"),  # noqa: S108
            pass_fds=(file.fileno(),),
        )
    assert answer.returncode == CANNOT_RUN
    shows(message, answer.stderr)


def test_a_store_that_others_can_write(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store").chmod(0o777)
    answer = start(bundle, env=environment(DAGFLOE_CACHE_DIR=tmp_path / "store", TMPDIR=tmp_path))
    assert answer.returncode == 0
    shows("is not used: its mode … lets other users change the program", answer.stderr)


@pytest.mark.parametrize(
    ("loader", "version", "message"),
    [
        ("/bin/sh", "2.999", "the bundle needs glibc … or newer, but this host has …"),
        ("/lib/ld-other.so.1", "2.17", "this host has no …, the dynamic loader of glibc"),
    ],
)
def test_another_c_library(tmp_path: Path, loader: str, version: str, message: str) -> None:
    bundle = write_bundle(tmp_path / "tiny", payload(loader=loader, libc_version=version))
    answer = start(bundle, env=environment(DAGFLOE_CACHE_DIR=tmp_path))
    assert answer.returncode == CANNOT_RUN
    shows(message, answer.stderr)


def test_half_a_file(bundle: Path, tmp_path: Path) -> None:
    data = bundle.read_bytes()
    bundle.write_bytes(data[: len(data) - 100])
    answer = start(bundle, env=environment(DAGFLOE_CACHE_DIR=tmp_path))
    assert answer.returncode == CANNOT_RUN
    shows("the bundle file is damaged: copy it to this host again", answer.stderr)


# Tasks


def failure(peer: Peer) -> str:
    """Return the error of the failed task."""
    return str(peer.record("Task failed")["exception"][0]["exc_value"])


def test_a_module_that_the_build_did_not_see(tmp_path: Path) -> None:
    tasks = "@dag.task\ndef t():\n    __import__('not_frozen')"
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        peer.finish()
        shows("No module named '…'", failure(peer))


def test_an_argument_of_another_type(tmp_path: Path) -> None:
    tasks = "@dag.task\ndef up(): ...\n@dag.task\ndef t(rows: int): ...\nwith dag:\n    t(up())"
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        frame_id, body = peer.expect("GetXCom")
        peer.send(frame_id, {"type": "XComResult", "key": body["key"], "value": "many"})
        peer.finish()
        shows("parameter '…' expects … and got …", failure(peer))


def test_an_instance_of_a_class_of_an_ordinary_task(tmp_path: Path) -> None:
    tasks = "@dag.task\ndef up(): ...\n@dag.task\ndef t(order): ...\nwith dag:\n    t(up())"
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        frame_id, body = peer.expect("GetXCom")
        value = {"__classname__": "shop.Order", "__version__": 0, "__data__": {}}
        peer.send(frame_id, {"type": "XComResult", "key": body["key"], "value": value})
        peer.finish()
        shows("got an instance of …", failure(peer))


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("return [range(2)]", "it has no form that Airflow reads back"),
        ("client.set_variable('k', {1}, serialize_json=True)", "it has no JSON form"),
    ],
)
def test_a_value_without_a_form(tmp_path: Path, statement: str, message: str) -> None:
    with Peer(write_project(tmp_path, f"@dag.task\ndef t(client: Client):\n    {statement}")) as peer:
        peer.start()
        peer.finish()
        shows(message, failure(peer))


def test_an_answer_that_does_not_come(tmp_path: Path) -> None:
    tasks = "@dag.task\ndef t(client: Client):\n    client.get_variable('k')"
    with Peer(write_project(tmp_path, tasks), {"DAGFLOE_REPLY_TIMEOUT_S": "0.5"}) as peer:
        peer.start()
        peer.expect("GetVariable")
        peer.finish()
        shows("to answer …: can the worker reach the API server?", failure(peer))


def test_a_task_that_takes_too_long(tmp_path: Path) -> None:
    tasks = "@dag.task(execution_timeout=0.1)\ndef t():\n    threading.Event().wait()"
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        peer.finish()
        shows("the task ran longer than its execution_timeout of … s", failure(peer))


def test_a_bundle_that_was_replaced_while_its_task_was_deferred(tmp_path: Path) -> None:
    with Peer(write_project(tmp_path, "@dag.task\ndef t(): ...")) as peer:
        peer.start(next_method="done", next_kwargs={})
        peer.finish()
        shows("cannot resume in '…', which is not in this bundle", failure(peer))


# By hand


def by_hand(*arguments: str) -> str:
    """Start a bundle file by hand, and return its stderr."""
    answer = subprocess.run([HELLO, *arguments], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert answer.returncode in (1, 2)
    return answer.stderr


@pytest.mark.frozen
def test_started_by_hand() -> None:
    shows(
        "cannot connect to the supervisor (…): a bundle is started by Airflow's ExecutableCoordinator",
        by_hand("--comm=127.0.0.1:1", "--logs=127.0.0.1:1"),
    )
    shows("nothing to do: give --bundle-metadata, or --comm and --logs as Airflow's supervisor does", by_hand())
