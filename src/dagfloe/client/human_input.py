"""Questions to a human: `client.human_input`."""

from __future__ import annotations

from dagfloe.errors import (
    DagfloeError,
    HumanInputError,
    HumanInputTimeout,
    RemoteProtocolError,
    TaskAwaitingInput,
    TaskDeferred,
)
from dagfloe.model.record import Record
from dagfloe.values.dates import to_seconds
from dagfloe.values.jsonable import check_jsonable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime, timedelta
    from typing import Any, NoReturn

    from dagfloe.client._exchange import Exchange
    from dagfloe.messages.v2026_06_16 import CreateHITLDetailPayload

#: The trigger that looks for the answer again and again; it is in Airflow's standard provider.
HITL_TRIGGER = "airflow.providers.standard.triggers.hitl.HITLTrigger"


class HumanAnswer(Record):
    """What a human answered. Annotate the parameter `event` of a `resume` function with it to get it.

    Attributes:
        chosen_options: the options that were chosen.
        params_input: what was typed into the form.
        responded_at: when, aware.
        responded_by_user: `id` and `name` of who answered; None when the defaults were taken.
        timedout: whether nobody answered in time, and the defaults were taken.
    """

    chosen_options: tuple[str, ...] = ()
    params_input: Mapping[str, Any] = {}
    responded_at: datetime | None = None
    responded_by_user: Mapping[str, str] | None = None
    timedout: bool = False

    @classmethod
    def from_event(cls, event: object) -> HumanAnswer:
        """Read the event with which a task resumes.

        Raises:
            HumanInputTimeout: when nobody answered in time and there are no defaults.
            HumanInputError: when the answer was not valid.
            RemoteProtocolError: when it is no such event.
        """
        if isinstance(event, cls):
            return event
        if not isinstance(event, dict):
            raise RemoteProtocolError(f"the event of a human's answer is {type(event).__name__}, expected a map")
        if "error" in event:
            kind = HumanInputTimeout if event.get("error_type") == "timeout" else HumanInputError
            raise kind(f"no valid answer came: {event['error']}")
        return cls.read(event, "event")

    #: How the conversion of arguments makes an instance.
    __dagfloe_convert__ = from_event


class HumanInput:
    """Ask a human, and wait for the answer without keeping a worker."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def ask(
        self,
        subject: str,
        options: Iterable[str],
        *,
        body: str | None = None,
        defaults: Iterable[str] | None = None,
        multiple: bool = False,
        params: Mapping[str, object] | None = None,
        assigned_users: Iterable[Mapping[str, str]] | None = None,
        timeout: timedelta | float | None = None,
        resume: Callable[..., object] | str | None = None,
        kwargs: Mapping[str, object] | None = None,
        poll: timedelta | float | None = None,
    ) -> NoReturn:
        """Ask, and give the worker free until the answer is there; the task then resumes with it as `event`.

        Args:
            subject: the question.
            options: the answers to choose from, at least one.
            body: more text, in Markdown.
            defaults: what is taken when nobody answers in time; some of `options`.
            multiple: whether more than one may be chosen.
            params: fields of a form to be filled in, by name, with their default values.
            assigned_users: who may answer, each with `id` and `name`; everybody by default.
            timeout: how long to wait, as a timedelta or in seconds; for ever by default.
            resume: the function to resume in: see `TaskDeferred`.
            kwargs: what it gets by name, beside `event`.
            poll: when given, the task is not parked as `awaiting_input`, but deferred to a trigger that looks for the
                answer at this interval; for Dags whose tools know `deferred` only.

        Raises:
            TaskAwaitingInput: always, or TaskDeferred with `poll`: let it pass.
            DagfloeError: when options and defaults do not fit each other.
        """
        options, defaults = list(options), None if defaults is None else list(defaults)
        form = dict(params or {})
        self.request(
            subject,
            options,
            body=body,
            defaults=defaults,
            multiple=multiple,
            params=form,
            assigned_users=assigned_users,
        )
        if poll is None:
            raise TaskAwaitingInput(resume=resume, kwargs=kwargs, timeout=timeout)
        from datetime import timedelta  # noqa: PLC0415 - only here

        trigger_kwargs = {
            "ti_id": self._exchange.ti.id,
            "options": options,
            "params": form,
            "defaults": defaults,
            "multiple": multiple,
            "timeout_datetime": None
            if timeout is None
            else self._exchange.now() + timedelta(seconds=to_seconds(timeout)),
            "poke_interval": to_seconds(poll),
        }
        raise TaskDeferred(HITL_TRIGGER, trigger_kwargs, resume=resume, kwargs=kwargs)

    def request(
        self,
        subject: str,
        options: Iterable[str],
        *,
        body: str | None = None,
        defaults: Iterable[str] | None = None,
        multiple: bool = False,
        params: Mapping[str, object] | None = None,
        assigned_users: Iterable[Mapping[str, str]] | None = None,
    ) -> None:
        """Put the question to Airflow without waiting; raise `TaskAwaitingInput` later. Arguments as for `ask`.

        Raises:
            DagfloeError: when options and defaults do not fit each other.
        """
        options, defaults = list(options), None if defaults is None else list(defaults)
        if not options:
            raise DagfloeError("a question to a human needs at least one option")
        if defaults is not None and not set(defaults) <= set(options):
            raise DagfloeError(f"the defaults {defaults} of a question are not all among its options {options}")
        if defaults is not None and len(defaults) > 1 and not multiple:
            raise DagfloeError("a question with multiple=False has at most one default")
        check_jsonable(params)
        message: CreateHITLDetailPayload = {
            "type": "CreateHITLDetailPayload",
            "ti_id": self._exchange.ti.id,
            "options": options,
            "subject": subject,
            "body": body,
            "defaults": defaults,
            "multiple": multiple,
            "params": {name: _param(value) for name, value in (params or {}).items()},
            "assigned_users": [{"id": user["id"], "name": user["name"]} for user in assigned_users or ()],
        }
        self._exchange.ask(message, "HITLDetailRequestResult")


def _param(value: object) -> dict[str, object]:
    """A form field as Airflow's own operator sends it."""
    if isinstance(value, dict) and {"value", "schema"} <= set(value):
        return {"description": None, **value}
    return {"value": value, "description": None, "schema": {}}
