"""What a task asks of Airflow: variables, connections and XComs, through the supervisor.

Knows the messages and not how they travel: it is given something that sends a request body and returns the reply's.
"""

from __future__ import annotations

import json
import os

from dagfloe.connection import Connection
from dagfloe.errors import DagfloeError, RemoteProtocolError, VariableNotFound, XComNotFound
from dagfloe.secrets import Secrets, is_telling, secret_parts
from dagfloe.values import check_jsonable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, Protocol

    from dagfloe.context import TaskInstance

    class Transport(Protocol):
        """Sends one request and waits for its reply."""

        reply_timeout_s: float

        def request(self, body: dict[str, Any]) -> dict[str, Any] | None:
            """The reply's body; errors are raised."""
            ...


class _Unset:
    def __repr__(self) -> str:
        return "<no default>"


_UNSET: Final = _Unset()

#: The key under which a task's return value is pushed.
RETURN_VALUE = "return_value"


class Client:
    """The running task's access to Airflow. Annotate a parameter with it to have it passed.

    All methods may be called from any thread. Beside what they document, all raise `PermissionDenied`, `ApiServerError`
    or another `SupervisorError` when Airflow refuses, `ReplyTimeoutError` when it does not answer in time, and
    `ConnectionLostError` when the supervisor is gone.
    """

    def __init__(self, transport: Transport, ti: TaskInstance, secrets: Secrets | None = None) -> None:
        self._transport = transport
        self._ti = ti
        self._secrets = secrets if secrets is not None else Secrets()

    @property
    def reply_timeout_s(self) -> float:
        """How many seconds a call waits for its answer at most. Set it to change it for the calls that follow."""
        return self._transport.reply_timeout_s

    @reply_timeout_s.setter
    def reply_timeout_s(self, seconds: float) -> None:
        self._transport.reply_timeout_s = seconds

    # Variables

    def get_variable(self, key: str, default: Any = _UNSET, *, deserialize_json: bool = False) -> Any:
        """Read a variable: from `AIRFLOW_VAR_<KEY>` in the environment if it is there, else from Airflow.

        Args:
            key: the variable's key.
            default: returned when there is no such variable.
            deserialize_json: whether the value is JSON to be decoded.

        Returns:
            The value as text, or what the JSON holds.

        Raises:
            VariableNotFound: when there is no such variable and no default.
            DagfloeError: when the value should be JSON and is not; the message does not show it.
        """
        value = os.environ.get(f"AIRFLOW_VAR_{key.upper()}")
        if value is not None:
            if is_telling(key):
                self.mask_secret(value, key)
        else:
            try:
                value = self._ask({"type": "GetVariable", "key": key}, "VariableResult").get("value")
            except VariableNotFound:
                if isinstance(default, _Unset):
                    raise
                return default
            if is_telling(key):
                self._secrets.add(value)
        if not deserialize_json or value is None:
            return value
        try:
            decoded = json.loads(value)
        except (ValueError, RecursionError) as error:
            at = f"line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else "its start"
            raise DagfloeError(
                f"variable {key!r} is not JSON (at {at}): correct its value, or read it without deserialize_json"
            ) from None
        if is_telling(key):
            self._secrets.add(decoded)
        return decoded

    def set_variable(
        self, key: str, value: Any, description: str | None = None, *, serialize_json: bool = False
    ) -> None:
        """Write a variable.

        Args:
            key: the variable's key.
            value: text, or with `serialize_json` any value that has a JSON form.
            description: shown in Airflow.
            serialize_json: whether to encode the value as JSON.

        Raises:
            ValueNotSerializableError: when the value has no JSON form.
            DagfloeError: when the value is no text and `serialize_json` is off.
        """
        if serialize_json:
            check_jsonable(value)
            text = json.dumps(value)
        elif isinstance(value, str):
            text = value
        else:
            raise DagfloeError(
                f"variable {key!r} takes text, not {type(value).__name__}: use str(...) or serialize_json=True"
            )
        if is_telling(key):
            self._secrets.add([value, text])
        self._transport.request({"type": "PutVariable", "key": key, "value": text, "description": description})

    def delete_variable(self, key: str) -> None:
        """Delete a variable; nothing happens when there is none."""
        self._transport.request({"type": "DeleteVariable", "key": key})

    # Connections

    def get_connection(self, conn_id: str) -> Connection:
        """Read a connection: from `AIRFLOW_CONN_<ID>` (URI or JSON) if the environment has it, else from Airflow.

        Its password and the secret parts of its extra are masked in the log from then on.

        Raises:
            ConnectionNotFound: when there is no such connection.
            DagfloeError: when the environment holds a malformed one; the message does not show it.
        """
        text = os.environ.get(f"AIRFLOW_CONN_{conn_id.upper()}")
        if text is not None:
            connection = Connection.from_text(conn_id, text)
            secrets = [secret for secret in (connection.password, *secret_parts(connection.extra_text)) if secret]
            if secrets:
                self._mask(secrets, None)
            return connection
        reply = self._ask({"type": "GetConnection", "conn_id": conn_id}, "ConnectionResult")
        self._secrets.add(reply.get("password"))
        self._secrets.add_extra(reply.get("extra"))
        if "conn_type" not in reply:
            raise RemoteProtocolError(f"the supervisor answered with connection {conn_id!r} without its conn_type")
        return Connection(
            conn_id,
            reply["conn_type"],
            host=reply.get("host"),
            schema=reply.get("schema"),
            login=reply.get("login"),
            password=reply.get("password"),
            port=reply.get("port"),
            extra=reply.get("extra"),
        )

    # XComs

    def get_xcom(
        self,
        task_id: str,
        key: str = RETURN_VALUE,
        default: Any = _UNSET,
        *,
        dag_id: str | None = None,
        run_id: str | None = None,
        map_index: int | None = None,
        include_prior_dates: bool = False,
    ) -> Any:
        """Read an XCom.

        Args:
            task_id: the task that pushed it.
            key: its key; by default the task's return value.
            default: returned when there is no such XCom. Airflow 3.3 answers alike for none and for null.
            dag_id: the Dag; this one by default.
            run_id: the Dag run; this one by default.
            map_index: the map index, for a mapped task.
            include_prior_dates: whether earlier runs count, too.

        Raises:
            XComNotFound: when Airflow says that there is none, and no default is given.
        """
        request = {
            "type": "GetXCom",
            "key": key,
            "dag_id": dag_id or self._ti.dag_id,
            "run_id": run_id or self._ti.run_id,
            "task_id": task_id,
            "map_index": map_index,
            "include_prior_dates": include_prior_dates,
        }
        try:
            value = self._ask(request, "XComResult").get("value")
        except XComNotFound:
            if isinstance(default, _Unset):
                raise
            return default
        return default if value is None and not isinstance(default, _Unset) else value

    def set_xcom(self, key: str, value: Any) -> None:
        """Push an XCom of this task instance.

        Args:
            key: its key; `return_value` is the one that the task's own return value takes.
            value: any value that has a JSON form.

        Raises:
            ValueNotSerializableError: when the value has none; the message gives the path inside it and the type.
        """
        check_jsonable(value)
        self._transport.request({"type": "SetXCom", "value": value, **self._own_xcom(key)})

    def delete_xcom(self, key: str) -> None:
        """Delete an XCom of this task instance; nothing happens when there is none."""
        self._transport.request({"type": "DeleteXCom", **self._own_xcom(key)})

    # Secrets

    def mask_secret(self, value: str, name: str | None = None) -> None:
        """Show a text as `***` in the task's log from now on, here and in the supervisor.

        Args:
            value: the secret text.
            name: its name, if that matters to Airflow's masking rules.
        """
        self._mask(value, name)

    def _mask(self, value: Any, name: str | None) -> None:
        self._secrets.add(value)
        self._transport.request({"type": "MaskSecret", "value": value, "name": name})

    def _ask(self, request: dict[str, Any], expected: str) -> dict[str, Any]:
        reply = self._transport.request(request)
        if reply is None or reply.get("type") != expected:
            got = "nothing" if reply is None else repr(reply.get("type"))
            raise RemoteProtocolError(
                f"the supervisor answered {request['type']} with {got} instead of {expected}: "
                "does this Airflow speak the bundle's supervisor schema version?"
            )
        return reply

    def _own_xcom(self, key: str) -> dict[str, Any]:
        ti = self._ti
        return {
            "key": key,
            "dag_id": ti.dag_id,
            "run_id": ti.run_id,
            "task_id": ti.task_id,
            "map_index": ti.map_index,
        }
