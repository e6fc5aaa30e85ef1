"""Python tasks for Airflow, frozen into one file.

An author imports everything from here::

    from dagfloe import Bundle, Client

    bundle = Bundle()
    dag = bundle.dag("sales")

    @dag.task
    def extract(client: Client) -> int:
        return int(client.get_variable("row_limit", default="100"))
"""

from __future__ import annotations

from dagfloe._version import __version__
from dagfloe.bundle import Bundle, Dag
from dagfloe.client import Client
from dagfloe.connection import Connection
from dagfloe.context import BundleInfo, Context, DagRun, TaskInstance, current_context
from dagfloe.errors import (
    ApiServerError,
    ConnectionLostError,
    ConnectionNotFound,
    DagfloeError,
    NotFoundError,
    PermissionDenied,
    ReplyTimeoutError,
    SupervisorError,
    TaskCancelled,
    TaskFailed,
    TaskSkipped,
    ValueNotSerializableError,
    VariableNotFound,
    XComNotFound,
)

__all__ = [
    "ApiServerError",
    "Bundle",
    "BundleInfo",
    "Client",
    "Connection",
    "ConnectionLostError",
    "ConnectionNotFound",
    "Context",
    "Dag",
    "DagRun",
    "DagfloeError",
    "NotFoundError",
    "PermissionDenied",
    "ReplyTimeoutError",
    "SupervisorError",
    "TaskCancelled",
    "TaskFailed",
    "TaskInstance",
    "TaskSkipped",
    "ValueNotSerializableError",
    "VariableNotFound",
    "XComNotFound",
    "__version__",
    "current_context",
]
