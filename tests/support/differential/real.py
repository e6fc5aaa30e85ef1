"""Runs scenarios under the real supervisor."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

from support.differential.outcome import ESCALATION_S, LOGICAL_DATE, Outcome, by_source, kind_of, plain, received

if TYPE_CHECKING:
    from pathlib import Path

    from support.differential.scenario import Scenario

_STACK = "Stack (most recent call last):"
_DATES = ("logical_date", "data_interval_start", "data_interval_end", "run_after")
#: The loggers of the supervisor's own complaints. The embedded supervisor has no HTTP client that complains.
_OWN_LOGGERS = ("supervisor", "coordinators.subprocess")
#: The first one depends on a race of two sockets' ends; the second comes with `Process exited with open sockets`.
_IGNORED = ("Child stream closed before ready!", "Force-closed stuck sockets")
#: How often the supervisor checks its task; the default of 5 s would slow the tests down.
_HEARTBEAT_S = 0.1


def run_real(ask: Any, scenario: Scenario, bundle: Path) -> Outcome:
    """Run a scenario with `conftest.Supervisor.ask`."""
    request: dict[str, Any] = {
        **scenario.data,
        **scenario.task,
        "dag_run": dict.fromkeys(_DATES, LOGICAL_DATE.isoformat()),
        "as_written": True,
        "startup_s": scenario.startup_s,
        "escalation_s": ESCALATION_S,
        "settings": {
            "MIN_HEARTBEAT_INTERVAL": _HEARTBEAT_S,
            "SOCKET_CLEANUP_TIMEOUT": scenario.cleanup_s,
            "TASK_OVERTIME_THRESHOLD": scenario.overtime_s,
        },
    }
    if scenario.stop_on is not None:
        request["signal"] = {"on": scenario.stop_on, "number": signal.SIGTERM, "to": "supervisor"}
    answer = ask(root=str(bundle.parent), dag_id=scenario.dag_id, task_id=scenario.task_id, **request)
    assert answer["leftovers"] == []
    loss = None if answer["error"] is None else _loss(answer["error"])
    complaints = [event["event"] for event in answer["supervisor"] if event.get("logger_name") in _OWN_LOGGERS]
    own = f"{scenario.task_id}/"
    return Outcome(
        loss=loss,
        state=_state(answer) if loss is None else None,
        exit_code=answer["exit_code"],
        understood=plain(answer["understood"]),
        received=received(bundle.with_name("d.py.received")),
        records=by_source([_record(record) for record in answer["records"]]),
        own=[kind_of(event) for event in complaints if event not in _IGNORED],
        xcoms={key.removeprefix(own): value for key, value in answer["xcoms"].items() if key.startswith(own)},
        variables=answer["variables"],
    )


def _loss(error: str) -> str:
    last = error.rstrip().splitlines()[-1]
    is_early = "before connecting" in last or "did not connect" in last
    return "not connected" if is_early else "lost"


def _state(answer: dict[str, Any]) -> str:
    """The final state. If the API server never accepted a success, a complete Airflow fails the task."""
    is_accepted = any(call["path"].endswith("/state") and "refused" not in call for call in answer["calls"])
    return "failed" if answer["final_state"] == "success" and not is_accepted else str(answer["final_state"])


def _record(record: dict[str, Any]) -> dict[str, Any]:
    """A record of the task's log file, with the types of the embedded supervisor's records."""
    logger = record.get("logger")
    fields = {
        **record,
        "timestamp": record["timestamp"] or "<now>",  # the embedded supervisor adds the current time
        "logger": "task" if logger is None else _as_string(logger),
        "event": _as_string(record["event"]),
    }
    if str(record.get("stack")).startswith(_STACK):
        del fields["stack"]  # the supervisor's own stack, which a line requested
    return fields


def _as_string(value: Any) -> str:
    """An event or a logger; JSON, as on the web page, if it is not a string."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
