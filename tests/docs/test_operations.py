"""The page on operations lists every message, and its statements are true."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from dagfloe.format.bundle_file import read_bundle
from dagfloe.runtime.metadata import platform_tag
from support.blocks import ROOT
from support.peer import Peer, startup
from support.quoted_messages import launcher_messages, messages, python_messages, rows

PAGE = ROOT / "docs" / "how-to" / "operations.md"
HELLO = ROOT / "dist" / platform_tag() / "hello"
#: Benchmarks change a little from one machine, and from one dagfloe, to the next.
TOLERANCE = 1.5


def test_every_log_line_is_documented() -> None:
    """Every message of the runtime has a row with its logger and level, and every row has a message."""
    documented = {}
    for message, where, *_ in rows(PAGE, "Log lines"):
        name, level = re.fullmatch(r"`(.+)`, (\w+)", where).groups()  # type: ignore[union-attr]
        documented[messages(message)[0]] = (name, level)
    assert documented == python_messages()


def test_every_line_of_the_launcher_is_documented() -> None:
    """Every line and every reason of the launcher has a row."""
    documented = [message for cells in rows(PAGE, "Lines of the launcher") for message in messages(cells[0])]
    assert len(documented) == len(set(documented))
    assert set(documented) == launcher_messages()


def test_search_for_messages() -> None:
    """The search finds messages of each kind."""
    assert python_messages()["Task failed with …"] == ("dagfloe.task", "error")
    assert python_messages()["Uncaught exception in thread …"] == ("dagfloe", "error")
    assert launcher_messages() >= {
        "cannot write …: …",
        "it does not have this bundle, and it cannot be written",
        "its lock file cannot be opened: …",
        "DAGFLOE_CACHE_DIR is ignored: … is not an absolute path",
    }


def test_figures_are_those_of_the_benchmarks() -> None:
    """Sizes and start times are close to the results of the benchmarks."""
    tables = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))["tables"]
    measured = {(table["title"], row["name"]): row["figures"]["median"] for table in tables for row in table["rows"]}
    documented = {name: [float(cell.split()[0]) for cell in cells] for name, *cells in rows(PAGE, "Sizing")}
    for column, task in enumerate(("small task", "pandas task")):
        starts = "Start of a small task" if column == 0 else "Start of a task with pandas"
        expected = {
            "the file": measured["Sizes", f"{task}, bundle file"],
            "unpacked, the first version": measured["Sizes", f"{task}, unpacked on a host"],
            "first start on a host": measured[starts, "bundle file, first start on a host"] / 1000,
            "later starts": measured[starts, "bundle file, warm"] / 1000,
        }
        for name, value in expected.items():
            assert value / TOLERANCE < documented[name][column] < value * TOLERANCE, name


@pytest.mark.frozen
@pytest.mark.parametrize("name", ["hello", "orders", "weather"])
def test_a_file_contains_nothing_of_its_build_host(name: str) -> None:
    """Manifest and source contain no path and no environment variable of the build host."""
    file = read_bundle(ROOT / "dist" / platform_tag() / name)
    contents = json.dumps(file.manifest) + file.source.decode()
    own = [str(ROOT), *(value for value in os.environ.values() if len(value) > 8)]
    assert [value for value in own if value in contents] == []


def listening(pid: int) -> list[str]:
    """Find the listening sockets of a process."""
    links = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {match[1] for link in links if (match := re.match(r"socket:\[(\d+)\]", str(link)))}
    assert inodes
    sockets = []
    for name in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{name}").read_text("ascii").splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (fields[3] == "0A" or name.startswith("udp")):
                sockets.append(line)
    return sockets


@pytest.mark.frozen
def test_a_running_task_keeps_its_file(tmp_path: Path) -> None:
    """A running task does not notice that its file is replaced, and listens on no port."""
    file, newer = tmp_path / "hello", tmp_path / ".hello"
    shutil.copy(HELLO, file)
    with Peer([str(file)]) as peer:
        peer.send(0, startup("greet", "hello"))
        frame_id, body = peer.expect("GetVariable")
        launcher = peer.process.pid
        (task,) = map(int, Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split())
        assert listening(task) == []
        newer.write_text("#!/bin/sh\nexit 7\n")
        newer.chmod(0o755)
        newer.rename(file)
        peer.send(frame_id, {"type": "VariableResult", "key": "hello_name", "value": "host"})
        while frame_id:
            frame_id, body = peer.receive()
            peer.send(frame_id)
        assert body["type"] == "SucceedTask"
        assert peer.wait() == 0
