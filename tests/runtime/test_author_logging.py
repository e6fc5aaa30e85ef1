"""The author's logging configuration: whatever it is, the outcome and its traceback reach Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.peer import Peer, write_project

if TYPE_CHECKING:
    from pathlib import Path

#: Statements after which Python's logging loses or breaks records.
SETTINGS = {
    "dictConfig": 'import logging.config; logging.config.dictConfig({"version": 1})',
    "dictConfig with a root": 'import logging.config; logging.config.dictConfig({"version": 1, "root": {"level": 60}})',
    "fileConfig": "import logging.config; logging.config.fileConfig('alembic.ini')",
    "disable": "logging.disable(logging.CRITICAL)",
    "root level": "logging.getLogger().setLevel(1000)",
    "root disabled": "logging.getLogger().disabled = True",
    "root filter": "logging.getLogger().addFilter(lambda record: 1 / 0)",
    "no handlers": "logging.getLogger().handlers.clear()",
    "no list of handlers": "logging.getLogger().handlers = None",
    "handler filter": "[handler.addFilter(lambda record: 1 / 0) for handler in logging.getLogger().handlers]",
    "factory": "logging.setLogRecordFactory(lambda *args, **kwargs: 1 / 0)",
    "logger class": "logging.setLoggerClass(type('Odd', (logging.Logger,), {'handle': lambda self, record: 1 / 0}))",
    "manager": "logging.Logger.manager = None; logging.root.manager = None",
    "method": "logging.Logger._log = logging.Logger.handle = logging.Handler.handle = lambda *args: 1 / 0",
    "lock": "logging._lock = logging.getLogger().handlers[0].lock = None",
    "levels": "logging.ERROR = logging.INFO = None",
    "functions": "logging.log = logging.captureWarnings = logging.addLevelName = lambda *args, **kwargs: 1 / 0",
    "shutdown": "logging.shutdown()",
}
#: What `alembic init` writes, in short.
ALEMBIC = """
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = generic
[logger_root]
level = WARN
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = generic
[formatter_generic]
format = %(levelname)s %(message)s
"""


def prepare(setting: str, place: str, folder: Path) -> str:
    """Return the code that runs a setting in the module, or defines `task_setting` to run it in the task."""
    (folder / "alembic.ini").write_text(ALEMBIC)
    code = SETTINGS[setting]
    used, unused = (code, "pass") if place == "module" else ("pass", code)
    return f"os.chdir({str(folder)!r})\n{used}\ndef task_setting():\n    {unused}\n"


@pytest.mark.parametrize("place", ["module", "task"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_failure_is_in_the_log(tmp_path: Path, setting: str, place: str) -> None:
    """The traceback of a failed task reaches Airflow, whatever the module or the task did to logging."""
    tasks = """
@dag.task
def t():
    task_setting()
    raise ValueError("why")
"""
    with Peer(write_project(tmp_path, prepare(setting, place, tmp_path) + tasks)) as peer:
        peer.start()
        assert peer.finish()["state"] == "failed"
        record = peer.record("Task failed with ValueError")
        assert (record["level"], record["exception"][0]["exc_value"]) == ("error", "why")
        assert record["exception"][0]["frames"][-1]["name"] == "t"


@pytest.mark.parametrize("setting", SETTINGS)
def test_skipped_task_stays_skipped(tmp_path: Path, setting: str) -> None:
    """A task that changes logging and skips is skipped, with its reason in the log."""
    tasks = """
@dag.task
def t():
    task_setting()
    raise TaskSkipped("no data")
"""
    with Peer(write_project(tmp_path, prepare(setting, "task", tmp_path) + tasks)) as peer:
        peer.start()
        assert peer.finish()["state"] == "skipped"
        assert peer.record("Task skipped: no data")["level"] == "info"


LOSSES = {
    "dictConfig": "existing loggers were disabled",
    "fileConfig": "the root logger lost its handler",
    "disable": "logging.disable hides them",
    "root level": "the level of the root logger",
    "root disabled": "existing loggers were disabled",
    "no list of handlers": "its objects were replaced",
}


@pytest.mark.parametrize("setting", LOSSES)
def test_lost_records_are_reported(tmp_path: Path, setting: str) -> None:
    """If the task's records no longer reach Airflow, a line at the end says why."""
    tasks = """
@dag.task
def t():
    task_setting()
"""
    with Peer(write_project(tmp_path, prepare(setting, "task", tmp_path) + tasks)) as peer:
        peer.start()
        assert peer.finish()["state"] == "success"
        record = peer.record("Python's logging was changed, so that log records do not reach Airflow: ")
        assert record["level"] == "warning"
        assert LOSSES[setting] in record["event"]


def test_harmless_settings_are_not_reported(tmp_path: Path) -> None:
    """After settings of the module that the runtime restores, and of the task's own loggers, records arrive."""
    tasks = """
import logging.config
logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "root": {"handlers": [], "level": "ERROR"}})
@dag.task
def t(log: logging.Logger):
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "loggers": {"mine": {"level": "INFO"}}})
    logging.disable(logging.DEBUG)
    log.info("one")
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        assert peer.finish()["state"] == "success"
        assert peer.events() == ["one"]


def test_levels_of_airflow_apply(tmp_path: Path) -> None:
    """Airflow's log levels apply to the runtime's own messages."""
    tasks = "@dag.task\ndef t(): raise TaskSkipped('no data')"
    environment = {
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "dagfloe.task=WARNING",
    }
    with Peer(write_project(tmp_path, tasks), environment) as peer:
        peer.start()
        assert peer.finish()["state"] == "skipped"
        assert peer.events() == []


def test_failed_callbacks_and_threads_are_in_the_log(tmp_path: Path) -> None:
    """Exceptions in cleanup callbacks and in threads reach Airflow, although logging is disabled."""
    tasks = """
logging.disable(logging.CRITICAL)
@dag.task
def t(context: Context):
    thread = threading.Thread(target=lambda: 1 / 0, name="divider")
    thread.start(); thread.join()
    context.on_cancel(lambda: [][1])
    os.kill(os.getpid(), 15)
    time.sleep(20)
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        assert peer.finish()["state"] == "failed"
        assert peer.record("Uncaught exception in thread divider")["exception"][0]["exc_type"] == "ZeroDivisionError"
        assert peer.record("A cleanup callback failed")["exception"][0]["exc_type"] == "IndexError"
        assert peer.record("Task stopped")["exception"][0]["exc_type"] == "TaskCancelled"
