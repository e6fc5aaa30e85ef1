"""What every group of calls stands on: one request and its typed reply. Knows messages, and not how they travel."""

from __future__ import annotations

from dagfloe.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from typing import Any, Protocol

    from dagfloe.masking import Secrets
    from dagfloe.model.assets import Asset, AssetAlias, AssetRef
    from dagfloe.model.context import Context, TaskInstance
    from dagfloe.values.dates import Clock

    class Transport(Protocol):
        """Sends one request and waits for its reply."""

        reply_timeout_s: float

        def request(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
            """The reply's body; errors are raised."""
            ...

    class RegisteredBundle(Protocol):
        """What the client needs of a `Bundle`."""

        def find(self, dag_id: str, task_id: str) -> RegisteredTask | None:
            """The task registered under these ids, if there is one."""
            ...

    class RegisteredTask(Protocol):
        """What the client needs of a `Task`."""

        @property
        def task_id(self) -> str:
            """The task's id."""
            ...

        @property
        def dag(self) -> RegisteredDag:
            """The Dag that it belongs to."""
            ...

        @property
        def outlets(self) -> Collection[Asset | AssetRef | AssetAlias]:
            """The assets and aliases for which it emits events."""
            ...

    class RegisteredDag(Protocol):
        """What the client needs of a `Dag`."""

        @property
        def tasks(self) -> Mapping[str, object]:
            """The tasks by task_id, in the order of registration."""
            ...

        def downstream_of(self, task_id: str) -> list[str]:
            """The tasks right after one."""
            ...

        def reachable_from(self, task_id: str) -> set[str]:
            """All tasks that run after one, directly or through others."""
            ...

        def first_task_ids(self, name: str) -> list[str]:
            """The tasks that a branch follows for a name: the first ones of a task group, or the task itself."""
            ...


class Unset:
    """The default of a parameter for which None is a value."""

    def __repr__(self) -> str:
        return "<no default>"


UNSET = Unset()


class Exchange:
    """The running task's side of the conversation.

    Args:
        transport: carries the requests.
        context: the running task's context.
        secrets: what is masked in the log.
        bundle: where the running task is registered, if it is known.
        clock: returns the present time, aware; None for the real clock.
    """

    def __init__(
        self,
        transport: Transport,
        context: Context,
        secrets: Secrets,
        bundle: RegisteredBundle | None,
        clock: Clock | None,
    ) -> None:
        self.transport = transport
        self.context = context
        self.secrets = secrets
        self._bundle = bundle
        self._clock = clock

    @property
    def ti(self) -> TaskInstance:
        """The running task instance."""
        return self.context.ti

    def now(self) -> datetime:
        """The present time, aware."""
        if self._clock is not None:
            return self._clock()
        from dagfloe.values.dates import utc_now  # noqa: PLC0415 - few calls need it

        return utc_now()

    @property
    def task(self) -> RegisteredTask | None:
        """The running task as it was registered, if it is known."""
        return self._bundle.find(self.ti.dag_id, self.ti.task_id) if self._bundle else None

    def send(self, body: Mapping[str, Any]) -> None:
        """Send a request whose reply says nothing."""
        self.transport.request(body)

    def ask(self, body: Mapping[str, Any], expected: str) -> Any:
        """Send a request.

        Args:
            body: the request.
            expected: the type of its reply.

        Returns:
            The reply's body.

        Raises:
            RemoteProtocolError: when the reply is of another type.
        """
        reply = self.transport.request(body)
        if reply is None or reply.get("type") != expected:
            got = "nothing" if reply is None else repr(reply.get("type"))
            raise RemoteProtocolError(
                f"the supervisor answered {body['type']} with {got} instead of {expected}: "
                "does this Airflow speak the bundle's supervisor schema version?"
            )
        return reply

    def ask_for(self, body: Mapping[str, Any], expected: str, field: str) -> Any:
        """One field of a reply.

        Raises:
            RemoteProtocolError: when the reply is of another type, or does not have the field.
        """
        reply = self.ask(body, expected)
        if field not in reply:
            raise RemoteProtocolError(f"the supervisor answered {body['type']} without {field!r}")
        return reply[field]


def decode_xcom(value: Any) -> Any:
    """The value of an XCom as it was before Airflow's own serialization; what JSON has stays as it is."""
    if not isinstance(value, (dict, list)):
        return value
    from dagfloe.values.serde import decode  # noqa: PLC0415 - only where a container was read

    return decode(value)
