"""The messages between a Dag processor and a bundle file. Pure.

A Dag processor asks a bundle file for its own Dags (`DagFileParseRequest`), and for the task handlers that the stub
tasks of other files need (`TaskHandlerParseRequest`, from the schema of Airflow 3.4 on).
"""

from __future__ import annotations

import os

from dagfloe.runtime.config import SCHEMA_VERSIONS
from dagfloe.runtime.log.sanitizer import class_name, safe_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, TypeGuard

    from dagfloe.messages.v2026_06_16 import DagFileParsingResult
    from dagfloe.messages.v2026_10_30 import TaskHandlerParsingResult

_DAGS, _HANDLERS = "DagFileParseRequest", "TaskHandlerParseRequest"


def is_parse_request(body: Mapping[str, Any] | None, schema_version: str) -> TypeGuard[Mapping[str, Any]]:
    """Whether the first frame's body is a Dag processor's request that names its file.

    Args:
        body: the body.
        schema_version: the supervisor schema version that the bundle speaks.
    """
    if body is None or not all(body.get(name) and isinstance(body[name], str) for name in ("file", "bundle_path")):
        return False
    kind = body.get("type")
    return kind == _DAGS or (kind == _HANDLERS and schema_version >= SCHEMA_VERSIONS["3.4"])


def asks_for_dags(request: Mapping[str, Any]) -> bool:
    """Whether a Dag processor asks for Dags, and not for task handlers."""
    return bool(request["type"] == _DAGS)


def parsing_result(
    request: Mapping[str, Any],
    *,
    dags: Sequence[Mapping[str, Any]] = (),
    handlers: Mapping[str, Any] | None = None,
    error: BaseException | str = "",
) -> dict[str, Any]:
    """Make the answer to a Dag processor.

    Args:
        request: the `DagFileParseRequest` or `TaskHandlerParseRequest`.
        dags: the native Dags in Airflow's serialization, without the paths of the file.
        handlers: the task handlers, by dag_id.
        error: why the bundle cannot give them; Airflow shows it as the file's import error.
    """
    file = str(request["file"])
    relative = os.path.relpath(file, str(request["bundle_path"]))
    errors = {relative: error if isinstance(error, str) else _show(error)} if error else {}
    if asks_for_dags(request):
        paths = {"fileloc": file, "relative_fileloc": relative}
        answer: DagFileParsingResult = {
            "type": "DagFileParsingResult",
            "fileloc": file,
            "serialized_dags": [{"data": {**data, "dag": {**data["dag"], **paths}}} for data in dags],
            "import_errors": errors,
        }
        return {**answer}
    handlers_answer: TaskHandlerParsingResult = {
        "type": "TaskHandlerParsingResult",
        "fileloc": file,
        "task_handlers": {**(handlers or {})},
        "import_errors": errors or None,
        "warnings": None,
    }
    return {**handlers_answer}


def _show(error: BaseException) -> str:
    import traceback  # noqa: PLC0415 - few bundles are broken

    try:
        shown = "".join(traceback.format_exception(error))
    except BaseException as failure:  # noqa: BLE001 - attributes of the exception may raise anything
        shown = f"{class_name(error)} ({class_name(failure)} while it was shown)"
    return safe_string(shown, str)  # no secret is known yet
