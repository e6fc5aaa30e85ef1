"""A scenario under the real supervisor."""

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
#: Whose complaints are the supervisor's own; the HTTP client's are not, as the embedded one has none.
_OWN_LOGGERS = ("supervisor", "coordinators.subprocess")
#: Said or not by a race of two sockets' ends; and said together with `Process exited with open sockets`.
_NOT_TOLD = ("Child stream closed before ready!", "Force-closed stuck sockets")
#: How often the supervisor looks after its task: by default every 5 s, which is no business of the comparison.
_LOOK_S = 0.1


def run_real(ask: Any, scenario: Scenario, bundle: Path) -> Outcome:
    """Run a scenario with `conftest.Supervisor.ask`."""
    request: dict[str, Any] = {
        **scenario.holds,
        **scenario.task,
        "dag_run": dict.fromkeys(_DATES, LOGICAL_DATE.isoformat()),
        "as_written": True,
        "startup_s": scenario.startup_s,
        "escalation_s": ESCALATION_S,
        "settings": {
            "MIN_HEARTBEAT_INTERVAL": _LOOK_S,
            "SOCKET_CLEANUP_TIMEOUT": scenario.cleanup_s,
            "TASK_OVERTIME_THRESHOLD": scenario.overtime_s,
        },
    }
    if scenario.stop_on is not None:
        request["signal"] = {"on": scenario.stop_on, "number": signal.SIGTERM, "to": "supervisor"}
    told = ask(root=str(bundle.parent), dag_id=scenario.dag_id, task_id=scenario.task_id, **request)
    assert told["leftovers"] == []
    loss = None if told["error"] is None else _loss(told["error"])
    complaints = [each["event"] for each in told["supervisor"] if each.get("logger_name") in _OWN_LOGGERS]
    own = f"{scenario.task_id}/"
    return Outcome(
        loss=loss,
        state=_state(told) if loss is None else None,
        exit_code=told["exit_code"],
        understood=plain(told["understood"]),
        received=received(bundle.with_name("d.py.received")),
        records=by_source([_record(record) for record in told["records"]]),
        own=[kind_of(event) for event in complaints if event not in _NOT_TOLD],
        xcoms={key.removeprefix(own): value for key, value in told["xcoms"].items() if key.startswith(own)},
        variables=told["variables"],
    )


def _loss(error: str) -> str:
    last = error.rstrip().splitlines()[-1]
    is_early = "before connecting" in last or "did not connect" in last
    return "not connected" if is_early else "lost"


def _state(told: dict[str, Any]) -> str:
    """The final state; a success that the API server was never told of, or refused, is what a whole Airflow fails."""
    is_told = any(call["path"].endswith("/state") and "refused" not in call for call in told["calls"])
    return "failed" if told["final_state"] == "success" and not is_told else str(told["final_state"])


def _record(record: dict[str, Any]) -> dict[str, Any]:
    """A record of the task's log file, in the types that the embedded supervisor's records have."""
    logger = record.get("logger")
    fields = {
        **record,
        "timestamp": record["timestamp"] or "<now>",  # the bundle named none: the embedded one tells when it came
        "logger": "task" if logger is None else _text(logger),
        "event": _text(record["event"]),
    }
    if str(record.get("stack")).startswith(_STACK):
        del fields["stack"]  # the supervisor's own, for which a line asked: no news of the task
    return fields


def _text(value: Any) -> str:
    """An event or a logger that is no text, as JSON: what the web page shows."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
