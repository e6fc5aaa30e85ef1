"""structlog, loguru and python-json-logger: what each of them writes."""

import io
import json
import logging

import structlog
from loguru import logger
from pythonjsonlogger.json import JsonFormatter

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("logging_helpers")


@dag.task
def work() -> list:
    lines = io.StringIO()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(lines),
    )
    try:
        raise ValueError("wrong")
    except ValueError:
        structlog.get_logger().exception("failed", rows=3)
    record = json.loads(lines.getvalue())
    second = io.StringIO()
    logger.remove()
    logger.add(second, format="{level}|{function}|{message}", diagnose=False)

    @logger.catch
    def fails() -> None:
        raise KeyError("gone")

    fails()
    third = io.StringIO()
    handler = logging.StreamHandler(third)
    handler.setFormatter(JsonFormatter("%(levelname)s %(message)s"))
    plain = logging.getLogger("plain")
    plain.addHandler(handler)
    plain.warning("slow", extra={"seconds": 2})
    return [
        [record["event"], record["rows"], record["level"], record["exception"][0]["exc_type"]],
        [second.getvalue().splitlines()[0].split("|")[0], "KeyError: 'gone'" in second.getvalue()],
        json.loads(third.getvalue()),
    ]
