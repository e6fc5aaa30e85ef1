"""Tests that `dagfloe run` writes no secret: neither to the terminal nor to the report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from click.testing import CliRunner

from dagfloe.cli.commands.run import run
from support.raw_bundle import write_bundle

if TYPE_CHECKING:
    from pathlib import Path

#: All secrets begin with this word, in every encoding.
SIGN = "canary"
#: Each task writes the secrets in another way. The last statement of each decides how it ends.
PROGRAM = r"""
import urllib.parse
signal.alarm(20)
begin()
task_id, label = details["ti"]["task_id"], details["ti"]["map_index"]
password = ask({"type": "GetConnection", "conn_id": "db"})[0]
token = ask({"type": "GetVariable", "key": "api_token"})[0]["value"]
ask({"type": "MaskSecret", "value": "canary-added-4"})
secrets = [password["password"], json.loads(password["extra"])["api_key"], token, "canary-added-4"]
text = " ".join(secrets)
quoted = " ".join(map(urllib.parse.quote, secrets))

def refuse():
    send(0, {"type": "DeferTask", "classpath": text, "trigger_kwargs": {"a": text}, "next_method": text})
    sys.exit(0)

def ask_human(**fields):
    ask({"type": "CreateHITLDetailPayload", "ti_id": details["ti"]["id"], "options": ["yes"], "subject": text,
         "body": text, "params": {}, "assigned_users": [], "multiple": False, **fields})
    send(0, {"type": "AwaitInputTask", "next_method": "m"}); sys.exit(0)

if task_id == "streams":
    for data in (text, quoted, json.dumps(secrets), repr(secrets)):
        for stream in (1, 2):
            os.write(stream, data[:9].encode()); time.sleep(0.01); os.write(stream, data[9:].encode() + b"\n")
    os.write(2, text.encode())
elif task_id == "records":
    log(text, logger_=text, **{"plain": text, "nested": [{"a": {text: [text]}}], text: 1})
    log(quoted, exception=[{"exc_type": text, "exc_value": text, "exc_notes": [text], "is_cause": True,
        "frames": [{"filename": text, "lineno": 1, "name": text}], "exceptions": [[{"exc_type": text}]]}])
    logs.sendall(text.encode() + b" is not JSON\n")
    logs.sendall(json.dumps({"event": 1, "level": "info", "logger": text, "timestamp": None}).encode() + b"\n")
elif task_id == "timestamp":
    logs.sendall(json.dumps({"event": 1, "level": "info", "timestamp": text}).encode() + b"\n"); time.sleep(60)
elif task_id == "level":
    logs.sendall(json.dumps({"event": text}).encode() + b"\n"); time.sleep(60)
elif task_id == "array":
    logs.sendall(json.dumps([text]).encode() + b"\n"); time.sleep(60)
elif task_id == "bad_request":
    print(text, flush=True)
    send(1, {"type": text, "a": text}); send(1, {"type": "GetVariable", "key": "a", text: text})
    ask({"type": "GetVariable", "key": text})
    ask({"type": "SetXCom", **xcom(""), "value": text})
elif task_id == "values":
    ask({"type": "SetXCom", **xcom("return_value"), "value": {"text": secrets, quoted: text}})
    ask({"type": "SetXCom", **xcom(text), "value": text})
elif task_id == "bad_trigger":
    refuse()
elif task_id == "question":
    ask_human()
elif task_id == "bad_answer":
    ask_human(subject="Go on?", options=secrets)
elif task_id == "reason" and details["ti"]["try_number"] == 1:
    send(0, {"type": "RetryTask", "end_date": now(), "retry_reason": text, "retry_delay_seconds": 0.0})
    sys.exit(0)
elif task_id == "bad_date":
    send(0, {"type": "RescheduleTask", "reschedule_date": text, "end_date": now()}); sys.exit(0)
elif task_id == "triggers":
    ask({"type": "TriggerDagRun", "dag_id": "other", "run_id": text, "conf": {"a": text}})
elif task_id == "frame":
    comm.sendall(text.encode() * 100); time.sleep(60)
elif task_id == "dies":
    os.write(2, text.encode() + b"\n"); os.kill(os.getpid(), signal.SIGSEGV)
succeed()
"""
TASKS = [
    "streams",
    "records",
    "timestamp",
    "level",
    "array",
    "bad_request",
    "values",
    "bad_trigger",
    "question",
    "bad_answer",
    "reason",
    "bad_date",
    "triggers",
    "frame",
    "dies",
]
#: These tasks save their values, which the next run needs. Only the owner of the database can read it.
STORING = {"values", "triggers"}
MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {DAGS}
sdk: {language: raw, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""
SEED = """
[[human_input]]
task_id = "bad_answer"
chosen = ["no"]
"""


def find_all(content: str) -> list[int]:
    """Return where a canary begins."""
    return [match.start() for match in re.finditer(SIGN, content)]


def test_canaries(tmp_path: Path) -> None:
    """However tasks write secrets, neither the terminal nor the report shows one. Only the database holds values."""
    dags = ", ".join(f"{task}: {{tasks: [{task}]}}" for task in TASKS)
    path = str(write_bundle(tmp_path / "raw", PROGRAM, MANIFEST.replace("DAGS", dags)))
    (tmp_path / "seed.toml").write_text(SEED)
    uri = "postgres://me:canary%2Fp%C3%A4ss%20%221%22@host/db?api_key=canary-extra-3"
    leaks = []
    for task in TASKS:
        report, database = tmp_path / f"{task}.html", tmp_path / f"{task}.sqlite"
        result = CliRunner().invoke(
            run,
            [
                *(path, "--dag", task, "--seed", str(tmp_path / "seed.toml"), "--max-wait", "0"),
                *("--conn", f"db={uri}", "--var", "api_token=canary-token-2"),
                *("--report", str(report), "--db", str(database)),
            ],
        )
        assert result.exit_code in (0, 1), (task, result.output)
        for name, content in (("terminal", result.output), ("report", report.read_text())):
            leaks += [(task, name, content[max(0, at - 80) : at + 80]) for at in find_all(content)]
        assert bool(find_all(database.read_text("latin-1"))) == (task in STORING), task
    assert not leaks
