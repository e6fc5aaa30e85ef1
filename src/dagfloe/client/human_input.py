"""Questions to humans: `client.human_input`."""

from __future__ import annotations

from dagfloe.call_errors import HumanInputError, HumanInputTimeout
from dagfloe.errors import DagfloeError, RemoteProtocolError, TaskAwaitingInput, TaskDeferred
from dagfloe.model.record import Record
from dagfloe.values.dates import check_duration
from dagfloe.values.jsonable import check_jsonable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime, timedelta
    from typing import Any, NoReturn

    from dagfloe.client._exchange import Exchange
    from dagfloe.messages.v2026_06_16 import CreateHITLDetailPayload

#: The trigger that polls for the answer, from Airflow's standard provider.
HITL_TRIGGER = "airflow.providers.standard.triggers.hitl.HITLTrigger"


class HumanAnswer(Record):
    """A human's answer. Annotate the parameter `event` of a `resume` function with it, and the function gets it.

    Attributes:
        chosen_options: the options that the human chose.
        params_input: the values of the form.
        responded_at: the time of the answer, aware.
        responded_by_user: `id` and `name` of the human; None for the defaults.
        timedout: whether nobody answered in time, so that the defaults apply.
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
            HumanInputTimeout: if nobody answered in time and the question has no defaults.
            HumanInputError: if the answer is not valid.
            RemoteProtocolError: if the event has another form.
        """
        if isinstance(event, cls):
            return event
        if not isinstance(event, dict):
            raise RemoteProtocolError(f"the event of a human's answer is {type(event).__name__}, expected a dict")
        if "error" in event:
            kind = HumanInputTimeout if event.get("error_type") == "timeout" else HumanInputError
            raise kind(f"the answer is not valid: {event['error']}")
        return cls.read(event, "event")

    #: The conversion of arguments calls this.
    __dagfloe_convert__ = from_event


class HumanInput:
    """Asks a human, and waits for the answer without a worker."""

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
        """Ask, and free the worker until a human answers. The task then resumes with the answer as `event`.

        Args:
            subject: the question.
            options: the answers to choose from, at least one.
            body: a longer description, in Markdown.
            defaults: the options that apply if nobody answers in time.
            multiple: whether the human may choose several options.
            params: the fields of a form, by name, with their default values.
            assigned_users: the users who may answer, with their `id` and `name`; everybody by default.
            timeout: how long to wait, as a timedelta or in seconds; unlimited by default.
            resume: the function to resume in: see `TaskDeferred`.
            kwargs: its arguments by name, in addition to `event`.
            poll: defer the task to a trigger that polls for the answer at this interval, a timedelta or seconds. By
                default, the task is in the state `awaiting_input`, which some tools do not know.

        Raises:
            TaskAwaitingInput: always; with `poll`, TaskDeferred. Do not catch it.
            DagfloeError: if the defaults do not fit the options, or a time is not valid. Nothing was sent then.
        """
        options, defaults = list(options), None if defaults is None else list(defaults)
        form = dict(params or {})
        timeout_s = None if timeout is None else check_duration(timeout, "the timeout of a question")
        poll_s = None if poll is None else check_duration(poll, "the poll of a question")
        self.request(
            subject,
            options,
            body=body,
            defaults=defaults,
            multiple=multiple,
            params=form,
            assigned_users=assigned_users,
        )
        if poll_s is None:
            raise TaskAwaitingInput(resume=resume, kwargs=kwargs, timeout=timeout)
        from datetime import timedelta  # noqa: PLC0415 - only here

        trigger_kwargs = {
            "ti_id": self._exchange.ti.id,
            "options": options,
            "params": form,
            "defaults": defaults,
            "multiple": multiple,
            "timeout_datetime": None if timeout_s is None else self._exchange.now() + timedelta(seconds=timeout_s),
            "poke_interval": poll_s,
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
        """Ask without waiting, and raise `TaskAwaitingInput` later. The arguments are those of `ask`.

        Raises:
            DagfloeError: if the defaults do not fit the options.
        """
        options, defaults = list(options), None if defaults is None else list(defaults)
        if not options:
            raise DagfloeError("a question to a human needs at least one option: add it to `options`")
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
