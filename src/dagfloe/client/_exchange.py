"""Requests and typed replies: the basis of all groups of calls. Knows messages, but not how they travel."""

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
    from dagfloe.values.jsonable import ForeignValue

    class Transport(Protocol):
        """Sends one request and waits for its reply."""

        reply_timeout_s: float

        def request(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
            """The reply's body. An error reply raises."""
            ...

    class RegisteredBundle(Protocol):
        """What the client needs of a `Bundle`."""

        def find(self, dag_id: str, task_id: str) -> RegisteredTask | None:
            """The task with these ids; None if the bundle has no such task."""
            ...

    class RegisteredTask(Protocol):
        """What the client needs of a `Task`."""

        @property
        def task_id(self) -> str:
            """The task's id."""
            ...

        @property
        def kind(self) -> str:
            """`task`, `branch`, `short_circuit`, `setup` or `teardown`."""
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
        def tasks(self) -> Mapping[str, RegisteredTask]:
            """The tasks by task_id, in the order of registration."""
            ...

        def followers_of(self, task_id: str) -> list[str]:
            """The tasks right after one, those that only the Dag file has included."""
            ...

        def all_followers_of(self, task_id: str) -> list[str]:
            """All tasks that run after one, directly or through others; those that only the Dag file has included."""
            ...

        def is_teardown(self, task_id: str) -> bool:
            """Whether a task is a teardown."""
            ...

        def first_task_ids(self, name: str) -> list[str]:
            """The tasks that a branch to this name follows: the first tasks of a task group, or the task itself."""
            ...


class Unset:
    """The default of a parameter for which None is a value."""

    def __repr__(self) -> str:
        return "<no default>"


UNSET = Unset()


class Exchange:
    """The running task's exchange of requests and replies with the supervisor.

    Args:
        transport: sends the requests.
        context: the running task's context.
        secrets: the strings to mask in the log.
        bundle: the bundle in which the running task is registered, if known.
        clock: returns the present time, aware; None for the real clock.

    Attributes:
        rendered_map_index: the last label of this task instance; its terminal message repeats it.
        foreign: collects values of XComs whose classes the bundle does not have; None if they are errors.
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
        self.rendered_map_index: str | None = None
        self.foreign: list[ForeignValue] | None = None

    def decode_xcom(self, value: Any, body: Mapping[str, Any]) -> Any:
        """An XCom's value as it was before Airflow's serialization. JSON values do not change.

        Args:
            value: the value in the reply.
            body: the request.

        Raises:
            ForeignClassError: if it contains an instance of a class that the bundle cannot create, unless such values
                are collected.
        """
        if not isinstance(value, (dict, list)):
            return value
        from dagfloe.values.serde import decode  # noqa: PLC0415 - only for lists and dicts

        foreign: list[ForeignValue] = [] if self.foreign is None else self.foreign
        value = decode(value, foreign)
        if not foreign or self.foreign is not None:
            return value
        from dagfloe.call_errors import ForeignClassError  # noqa: PLC0415 - only on this path
        from dagfloe.values.foreign import cure_for, find_foreign  # noqa: PLC0415

        path, first = find_foreign(value) or ("$", foreign[0])
        raise ForeignClassError(
            f"XCom {body['key']!r} of task {body['task_id']!r} has an instance of {first.name} at {path}: "
            f"{cure_for(first)}"
        )

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
        """The running task as the bundle registered it; None if unknown."""
        return self._bundle.find(self.ti.dag_id, self.ti.task_id) if self._bundle else None

    def send(self, body: Mapping[str, Any]) -> None:
        """Send a request whose reply carries no data."""
        self.transport.request(body)

    def ask(self, body: Mapping[str, Any], expected: str) -> Any:
        """Send a request.

        Args:
            body: the request.
            expected: the type of its reply.

        Returns:
            The reply's body.

        Raises:
            RemoteProtocolError: if the reply has another type.
        """
        reply = self.transport.request(body)
        if reply is None or reply.get("type") != expected:
            got = "nothing" if reply is None else repr(reply.get("type"))
            raise RemoteProtocolError(
                f"the supervisor answered {body['type']} with {got} instead of {expected}: "
                "does this Airflow support the bundle's supervisor schema version?"
            )
        return reply

    def ask_for(self, body: Mapping[str, Any], expected: str, field: str) -> Any:
        """One field of a reply.

        Raises:
            RemoteProtocolError: if the reply has another type, or lacks the field.
        """
        reply = self.ask(body, expected)
        if field not in reply:
            raise RemoteProtocolError(f"the supervisor answered {body['type']} without {field!r}")
        return reply[field]
