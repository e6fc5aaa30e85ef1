"""`dagfloe run` with the example `orders`, a real project that uses most features of a Dag."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dagfloe.cli.commands.run import run
from dagfloe.runtime.metadata import platform_tag

if TYPE_CHECKING:
    from click.testing import Result

pytestmark = pytest.mark.frozen
ROOT = Path(__file__).parents[3]
ORDERS = str(ROOT / "bundles" / "orders")
SEED = f"{ORDERS}/seed.toml"
DEADLINE_S = 30.0
NAMES = (
    *("extract", "prices.currencies", "prices.rate[0]", "prices.rate[1]", "prices.rate[2]", "convert", "is_large"),
    *("approve", "wait_for_closing", "publish", "tell"),
)


def invoke(*args: str) -> Result:
    return CliRunner().invoke(run, [*args, "--max-wait", "0"])


def states(result: Result) -> dict[str, str]:
    """Return the states in the summary."""
    table = result.output.rpartition("return_value\n")[2].partition("\n\n")[0]
    return {line.split()[0]: line.split()[1] for line in table.splitlines()}


def expected(**states: str) -> dict[str, str]:
    return {**dict.fromkeys(NAMES, "success"), **states}


@pytest.mark.parametrize("path", [ORDERS, str(ROOT / "dist" / platform_tag() / "orders")])
def test_with_a_seed(path: str) -> None:
    """The seed answers the question, a failed try runs again, and the branch that was not chosen is skipped."""
    result = invoke(path, "--seed", SEED)
    assert result.exit_code == 0, result.output
    assert states(result) == expected(wait_for_closing="skipped")
    assert "prices.rate[1] up_for_retry" in result.output
    assert "prices.rate[1] running, try 2" in result.output
    assert "approve awaiting_input" in result.output
    assert "orders: 11 task instances in skipped, success" in result.output


def test_params() -> None:
    """A param changes the branch. A deferral that only waits needs no outcome in the seed."""
    result = invoke(ORDERS, "--param", "limit=5000")
    assert states(result) == expected(approve="skipped")
    assert "wait_for_closing deferred" in result.output


def test_answers_of_a_seed(tmp_path: Path) -> None:
    """If the seed lets a question time out, the task gets the default answer, and skips itself."""
    (tmp_path / "seed.toml").write_text('human_input = [{task_id = "approve", timed_out = true}]\n')
    result = invoke(ORDERS, "--seed", str(tmp_path / "seed.toml"))
    assert states(result) == expected(approve="skipped", wait_for_closing="skipped", publish="skipped")
    assert "nobody said yes" in result.output


def test_no_answer() -> None:
    """Without a seed and a terminal, the task that asks fails. The last task decides the state of the Dag run."""
    result = invoke(ORDERS)
    assert states(result) == expected(approve="failed", wait_for_closing="skipped", publish="upstream_failed")
    assert "approve: nobody is there to answer 'Publish 1501.26 euros?'" in result.output
    assert result.exit_code == 0


def test_a_database(tmp_path: Path) -> None:
    """A later run with the same run_id finds the XComs in the database; a run with another run_id does not."""
    database = str(tmp_path / "runs.db")
    assert invoke(ORDERS, "--seed", SEED, "--db", database, "--run-id", "one").exit_code == 0
    result = invoke(ORDERS, "--task", "is_large", "--db", database, "--run-id", "one")
    assert (result.exit_code, states(result)) == (0, {"is_large": "success"})
    result = invoke(ORDERS, "--task", "is_large", "--db", database)
    assert (result.exit_code, states(result)) == (1, {"is_large": "failed"})
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() > (10,)


def test_xcoms_of_a_seed(tmp_path: Path) -> None:
    """With `--task`, the XComs of the other tasks come from the seed."""
    (tmp_path / "seed.toml").write_text(
        '[[xcoms]]\ntask_id = "convert"\nvalue = 7.5\n\n[variables]\nx = "y"\n\n[connections]\ndb = "sqlite://x"\n'
    )
    result = invoke(ORDERS, "--task", "publish", "--task", "tell", "--seed", str(tmp_path / "seed.toml"))
    assert states(result) == {"publish": "success", "tell": "success"}
    assert '{"euros": 7.5}' in result.output


def test_the_report(tmp_path: Path) -> None:
    """The report holds every task instance, try, XCom and log record."""
    path = tmp_path / "run.html"
    result = invoke(ORDERS, "--seed", SEED, "--report", str(path), "-q")
    assert result.output.rstrip().endswith(f"report: {path}")
    page = path.read_text("utf-8")
    data = json.loads(re.findall(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)[0])
    instances = {(instance["task_id"], instance["map_index"]): instance for instance in data["instances"]}
    assert len(instances) == len(NAMES)
    assert [attempt["state"] for attempt in instances["prices.rate", 1]["tries"]] == ["up_for_retry", "success"]
    assert [instances["prices.rate", index]["label"] for index in range(3)] == ["EUR", "JPY", "USD"]
    assert instances["convert", -1]["xcoms"] == {"return_value": "1501.26"}
    assert "TimeoutError: the exchange did not answer" in page


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_a_question(number: signal.Signals) -> None:
    """A signal ends the prompt and the run, although nobody answers."""
    tool = [sys.executable, "-c", "from dagfloe.cli.commands.run import run; run()", ORDERS, "--max-wait", "0"]
    master, slave = pty.openpty()
    with subprocess.Popen(tool, stdin=slave, stdout=slave, stderr=slave, start_new_session=True) as process:
        os.close(slave)
        data = b""
        while b"Number [2]: " not in data and select.select([master], [], [], DEADLINE_S)[0]:
            data += os.read(master, 4096)
        until = time.monotonic() + DEADLINE_S
        with suppress(OSError):  # the process has closed the terminal
            while time.monotonic() < until:
                process.send_signal(number)  # again, because `input()` misses a signal that comes right before it reads
                while select.select([master], [], [], 1)[0]:
                    data += os.read(master, 4096)
        os.close(master)
        try:
            assert process.wait(DEADLINE_S) == 130, data.decode()
        finally:
            process.kill()


def test_a_question_at_the_terminal() -> None:
    """At a terminal, the question replaces the table, and the run goes on with the answer of the user."""
    tool = [sys.executable, "-c", "from dagfloe.cli.commands.run import run; run()", ORDERS, "--max-wait", "0"]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    master, slave = pty.openpty()
    with subprocess.Popen(tool, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True) as process:
        os.close(slave)
        until = time.monotonic() + DEADLINE_S
        data, answered = b"", False
        while time.monotonic() < until and select.select([master], [], [], DEADLINE_S)[0]:
            try:
                data += os.read(master, 4096)
            except OSError:  # the process has closed the terminal
                break
            if not answered and b"Number [2]: " in data:
                os.write(master, b"yes\n")
                answered = True
        os.close(master)
        assert process.wait(DEADLINE_S) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", data.decode())
    assert "approve asks: Publish 1501.26 euros?" in text
    assert re.search(r"publish +success", text.rpartition("return_value")[2])
    assert "1 up_for_retry" in text
