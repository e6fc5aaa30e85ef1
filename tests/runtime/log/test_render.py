"""Rendering log records as lines that the supervisor can always parse."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
from datetime import datetime, timedelta, timezone
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus
from xml.etree import ElementTree as ET

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dagfloe.cancellation import Cancellation
from dagfloe.errors import TaskCancelled
from dagfloe.masking import Secrets
from dagfloe.runtime.log.channel import LogChannel
from dagfloe.runtime.log.handler import ChannelHandler
from dagfloe.runtime.log.levels import Levels
from dagfloe.runtime.log.render import MAX_CHARACTERS, MAX_FRAMES, MAX_NOTES, Describer, render, render_record
from dagfloe.runtime.log.sanitizer import MAX_ELEMENTS, MAX_STRING_LENGTH
from support.strategies import Evasive, OddText, Raises, any_text, odd_values

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup

if TYPE_CHECKING:
    from collections.abc import Callable

LEVELS = {"critical", "error", "warning", "info", "debug"}
OURS = {"timestamp", "level", "logger", "event", "exception"}
#: Field names that break the supervisor's handling of the task, or that it overwrites.
DANGEROUS = {
    "target",
    "msg",
    "self",
    "method_name",
    "error_detail",
    "exc_info",
    "stack_info",
    "positional_args",
    "logger_name",
}
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def no_mask(text: str) -> str:
    """Mask nothing."""
    return text


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; duplicate names are an error."""
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def strings_in(value: object) -> list[str]:
    """Every string in a JSON value, including names."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in strings_in(part)]
    return [text for item in value for text in strings_in(item)] if isinstance(value, list) else []


def numbers_in(value: object) -> list[Any]:
    """Every number in a JSON value."""
    if isinstance(value, (int, float)):
        return [value]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [number for item in children for number in numbers_in(item)]


def check_line(line: bytes) -> dict[str, Any]:
    """Check that the supervisor can parse a line completely, and parse it."""
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert b"\r" not in line
    fields: dict[str, Any] = json.loads(line.decode(), object_pairs_hook=unique, parse_constant=pytest.fail)
    assert isinstance(fields, dict)
    assert fields["level"] in LEVELS
    assert RFC_3339.fullmatch(fields["timestamp"])
    datetime.fromisoformat(fields["timestamp"])
    assert isinstance(fields["event"], str)
    assert isinstance(fields["logger"], str)
    assert isinstance(fields.get("exception", []), list)
    assert not DANGEROUS & set(fields)
    for text in strings_in(fields):
        text.encode()
    assert all(isinstance(number, float) or -(2**63) <= number < 2**63 for number in numbers_in(fields))
    return fields


def rendered(mask: Callable[[str], str] = no_mask, **attributes: Any) -> dict[str, Any]:
    """A record with these attributes, as the supervisor parses it."""
    record = logging.makeLogRecord({"levelno": logging.INFO, "levelname": "INFO", "name": "x", **attributes})
    return check_line(render_record(record, mask))


def caught(action: Callable[[], object]) -> BaseException:
    """The exception that an action raises."""
    try:
        action()
    except BaseException as error:  # noqa: BLE001 - the exception is the result
        return error
    raise AssertionError("nothing was raised")


def describe(error: BaseException) -> list[dict[str, Any]]:
    """An exception with its causes, as the supervisor gets it."""
    chain: list[dict[str, Any]] = json.loads(json.dumps(Describer(no_mask).describe(error)))
    return chain


class Unspeakable(Exception):
    """An exception whose attributes cannot be read."""

    def __str__(self) -> str:
        raise RuntimeError("no str")

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]
        raise RuntimeError("no notes")

    def __bool__(self) -> bool:
        return False


def syntax_error(*details: object) -> SyntaxError:
    """A SyntaxError with attributes of the wrong types, as parsers other than Python's raise them."""
    error = SyntaxError("bad")
    error.filename, error.lineno, error.offset, error.text = details  # type: ignore[assignment]
    return error


def link(errors: list[BaseException]) -> BaseException:
    """Make a chain of exceptions: one is the cause or context of the one before it. It may be circular."""
    for number, (error, led_to) in enumerate(zip(errors, errors[1:] + errors[:1], strict=True)):
        if number % 2:
            error.__cause__ = led_to
        else:
            error.__context__ = led_to
    return errors[0]


class WithMembers(Exception):
    """An exception, not a group, with an attribute that lists exceptions, itself included."""

    def __init__(self) -> None:
        super().__init__("members")
        self.exceptions = (self, ValueError("member"), self)


simple_exceptions: st.SearchStrategy[BaseException] = st.one_of(
    st.builds(ValueError, odd_values),
    st.builds(KeyError, any_text),
    st.builds(Unspeakable),
    st.builds(WithMembers),
    st.builds(syntax_error, odd_values, odd_values, odd_values, odd_values),
    st.builds(
        lambda text: ExceptionGroup("group", [ValueError(text), ExceptionGroup("inner", [OSError(2, text)])]), any_text
    ),
)
exceptions = st.lists(simple_exceptions, min_size=1, max_size=4).map(link)

field_names = any_text | st.sampled_from(sorted(DANGEROUS | OURS | {"stack", "fields_left_out", "event_dict"}))
records = st.fixed_dictionaries(
    {"msg": odd_values | st.sampled_from(["%s", "%d %s", "%(a)s", "%", "{}", "100 %"])},
    optional={
        "args": st.none()
        | st.lists(odd_values, max_size=2).map(tuple)
        | st.dictionaries(any_text, odd_values, max_size=2),
        "name": any_text | odd_values,
        "levelno": st.integers() | st.floats() | odd_values,
        "created": st.floats() | st.integers() | odd_values,
        "stack_info": st.none() | odd_values,
        "exc_text": st.none() | odd_values,
        "exc_info": st.sampled_from([None, True, (), (None, None, None), (ValueError, "text", None), 3])
        | exceptions.map(lambda error: (type(error), error, error.__traceback__)),
    },
)


@given(records, st.dictionaries(field_names | odd_values.map(id), odd_values, max_size=3))
def test_any_record_is_one_line_that_the_supervisor_understands(
    attributes: dict[str, Any], extra: dict[Any, Any]
) -> None:
    """For any record, the line is one JSON object with a valid level, a valid time and no reserved field."""
    record = logging.makeLogRecord({"levelno": 20, **attributes})
    vars(record).update({name: value for name, value in extra.items() if name not in vars(record)})
    check_line(render_record(record, no_mask))


@given(odd_values, st.dictionaries(field_names, odd_values), st.none() | exceptions)
def test_any_message_is_one_line(event: Any, fields: dict[str, Any], error: BaseException | None) -> None:
    """The same is true for messages without a log record."""
    check_line(render(0.0, "info", "x", event, no_mask, fields, error))


def test_plain_record() -> None:
    """Time, level, logger, message and extra fields arrive unchanged."""
    fields = rendered(
        name="a.b", levelno=logging.WARNING, msg="%s of %d", args=("one", 2), created=1767323045.5,
        rows=3, ok=True, rate=0.5, who=None, where={"x": [1, "é"]}, when=datetime(2026, 1, 2, tzinfo=timezone.utc),
    )  # fmt: skip
    assert fields == {
        "timestamp": "2026-01-02T03:04:05.500000+00:00",
        "level": "warning",
        "logger": "a.b",
        "event": "one of 2",
        "rows": 3,
        "ok": True,
        "rate": 0.5,
        "who": None,
        "where": {"x": [1, "é"]},
        "when": "2026-01-02T00:00:00+00:00",
    }


@pytest.mark.parametrize("name", sorted(DANGEROUS | {"timestamp", "level", "logger", "event", "exception"}))
def test_fields_with_reserved_names_are_renamed(name: str) -> None:
    """A field with a reserved name is renamed, and no value is lost."""
    fields = check_line(render(0, "info", "x", "said", no_mask, {name: 1, f"{name}_": 2}))
    assert fields[f"{name}_"] == 1
    assert fields[f"{name}__"] == 2
    assert fields["event"] == "said"


def test_names_that_become_equal_are_renamed() -> None:
    """Names with the same string form keep their own values, at every depth."""
    fields = check_line(render(0, "info", "x", "e", no_mask, {1: "a", "1": "b", "in": {1: "c", "1": "d"}}))  # type: ignore[dict-item]
    assert fields | {"timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "logger": "x",
        "event": "e",
        "1": "a",
        "1_": "b",
        "in": {"1": "c", "1_": "d"},
    }


@pytest.mark.parametrize(
    ("make", "rendered_value"),
    [
        (lambda: 2**63, str(2**63)),
        (lambda: float("nan"), "nan"),
        (lambda: float("-inf"), "-inf"),
        (lambda: "\ud800", "\\ud800"),
        (lambda: b"\xff", "b'\\xff'"),
        (Raises, "<Raises, ValueError in its repr()>"),
        (lambda: OddText("text"), "text"),
        (lambda: (1, (2,)), [1, [2]]),
    ],
)
def test_values_that_are_not_json(make: Callable[[], object], rendered_value: object) -> None:
    """A value that is not JSON becomes a string, and the values beside it are unchanged."""
    value = make()
    fields = rendered(msg="e", before=1, odd=value, within=[1, value], after=2)
    assert fields["odd"] == rendered_value
    assert (fields["before"], fields["within"], fields["after"]) == (1, [1, rendered_value], 2)


def test_value_that_lies_about_its_class() -> None:
    """A value whose `__class__` raises is shown like any other."""
    assert rendered(msg="e", odd=Evasive())["odd"].startswith("<support.strategies.Evasive object at ")


def test_large_structures_are_cut() -> None:
    """A structure that contains itself, or has too many elements, is cut, with a note about the rest."""
    cyclic: list[Any] = []
    cyclic.extend([cyclic] * 10)
    line = render(0, "info", "x", "e", no_mask, {"cyclic": cyclic, "after": [1, 2], "long": list(range(10**6))})
    assert len(line) < 100 * MAX_ELEMENTS
    fields = check_line(line)
    assert any("nested too deep" in text for text in strings_in(fields["cyclic"]))
    fields = rendered(msg="e", long=list(range(MAX_ELEMENTS + 5)))
    assert fields["long"][-1] == "... (6 more)"
    assert fields["long"][:-1] == list(range(MAX_ELEMENTS - 1))
    fields = rendered(msg="e", long={str(number): number for number in range(MAX_ELEMENTS + 5)})
    assert fields["long"].pop("...") == "(6 more)"
    assert fields["long"] == {str(number): number for number in range(MAX_ELEMENTS - 1)}


def test_long_strings_are_cut() -> None:
    """A string of megabytes is cut, and the line shows its full length."""
    event = rendered(msg="x" * (MAX_STRING_LENGTH + 1))["event"]
    assert event == "x" * MAX_STRING_LENGTH + f"... ({MAX_STRING_LENGTH + 1} characters)"


def test_arguments_that_do_not_fit() -> None:
    """If the arguments do not fit the message, it is logged without them."""
    assert rendered(msg="%d rows", args=("x",))["event"] == "%d rows (its arguments do not fit: TypeError)"
    assert "Raises" in rendered(msg=Raises())["event"]


def test_stack_is_a_field() -> None:
    """The stack of `stack_info=True` or `exc_text` arrives as a field."""
    assert rendered(msg="e", stack_info="Stack (most recent call last): ...")["stack"].startswith("Stack")
    assert rendered(msg="e", exc_text="Traceback ...")["stack"] == "Traceback ..."


def test_unusable_record_is_still_a_line() -> None:
    """If a record's attributes are unusable, the line has at least the logger, the level and the reason."""
    fields = rendered(msg="hello", name=Raises(), levelno="high", created="now", exc_info=())
    assert fields["level"] == "error"
    assert "hello" in fields["event"]


@pytest.mark.parametrize("attributes", [{"name": ["no text"]}, {"levelno": "high"}, {"name": None, "levelno": None}])
def test_handler_sends_malformed_records(attributes: dict[str, Any]) -> None:
    """A record whose name or level has the wrong type is sent, and the log call does not raise."""
    with TemporaryFile() as file:
        channel = LogChannel(Cancellation(), Secrets(), file.fileno())
        ChannelHandler(channel, Levels(logging.INFO, {})).handle(logging.makeLogRecord({"msg": "said", **attributes}))
        channel.close()
        file.seek(0)
        assert "said" in check_line(file.read())["event"]


# Secrets

secret_texts = st.builds(
    "K7x{}{}".format,
    any_text,
    st.sampled_from(["", "'", '"', "\\", "\n", "\r\n", "é", "\udce4", " +/%", "a'\"b", "\x00"]),
)


def exc_info(error: Exception) -> tuple[type[Exception], Exception, None]:
    """An `exc_info`."""
    return type(error), error, None


def with_note(error: Exception, note: str) -> Exception:
    """An exception with a note."""
    vars(error)["__notes__"] = [note]  # Python 3.10 has no add_note
    return error


#: The ways in which a secret can get into a log record.
LEAKS: dict[str, Callable[[str], dict[str, Any]]] = {
    "message": lambda secret: {"msg": f"it is {secret}!"},
    "argument": lambda secret: {"msg": "%s and %r", "args": (secret, secret)},
    "container": lambda secret: {"msg": "%s", "args": ([{"deep": (secret,)}],)},
    "json": lambda secret: {"msg": json.dumps({"p": secret})},
    "json without escapes": lambda secret: {"msg": json.dumps({"p": secret}, ensure_ascii=False)},
    "json in json": lambda secret: {"msg": json.dumps(json.dumps({"p": secret}))},
    "repr of a repr": lambda secret: {"msg": "%r", "args": (repr({"p": secret}),)},
    "bytes": lambda secret: {"msg": "%s", "args": (secret.encode(),)},
    "in a URI": lambda secret: {"msg": quote(secret, safe="")},
    "in a path": lambda secret: {"msg": quote(secret)},
    "in a query": lambda secret: {"msg": quote_plus(secret)},
    "field": lambda secret: {"msg": "", "field": secret},
    "nested field": lambda secret: {"msg": "", "field": {"a": [(secret,)]}},
    "name": lambda secret: {"msg": "", secret: 1},
    "nested name": lambda secret: {"msg": "", "field": {secret: {secret: 1}}},
    "object": lambda secret: {"msg": "", "field": SimpleReprOf(secret)},
    "logger": lambda secret: {"msg": "", "name": f"a.{secret}"},
    "stack": lambda secret: {"msg": "", "stack_info": f"x\n{secret}"},
    "exception": lambda secret: {"msg": "", "exc_info": exc_info(ValueError(secret))},
    "exception's repr": lambda secret: {"msg": "", "exc_info": exc_info(KeyError(secret))},
    "exception's note": lambda secret: {"msg": "", "exc_info": exc_info(with_note(ValueError(), secret))},
    "syntax error": lambda secret: {"msg": "", "exc_info": exc_info(SyntaxError(secret, (secret, 1, 1, secret)))},
    "member": lambda secret: {"msg": "", "exc_info": exc_info(ExceptionGroup("g", [ValueError(secret)]))},
    "arguments that do not fit": lambda secret: {"msg": f"%d {secret}", "args": (secret,)},
}


#: The ways that a lone surrogate cannot take.
IN_BYTES = {"bytes", "in a URI", "in a path", "in a query"}


class SimpleReprOf:
    """An object whose `repr` shows its attributes."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"<{self.value!r}>"


@pytest.mark.parametrize("leak", LEAKS)
@given(secret=secret_texts)
@example(secret="K7 pa$$ / w'\"\\örd%")  # noqa: S106 - made up
def test_secrets_are_in_no_line(leak: str, secret: str) -> None:
    """A secret is masked in every part of a record, in every encoding."""
    has_surrogates = any("\ud800" <= character < "\ue000" for character in secret)
    assume(leak not in IN_BYTES or not has_surrogates)
    secrets = Secrets()
    secrets.add(secret)
    line = render_record(logging.makeLogRecord({"levelno": 20, "name": "x", **LEAKS[leak](secret)}), secrets.mask)
    fields = check_line(line)
    written = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote_plus(secret, errors="replace")}
    for text in strings_in(fields):
        assert not [form for form in written if form in text]
    assert "***" in "".join(strings_in(fields))


def test_numbers_that_are_secret() -> None:
    """A secret number is masked in number fields, too."""
    secrets = Secrets()
    secrets.add("271828")
    assert rendered(secrets.mask, msg="e", pin=271828, rows=27)["pin"] == "***"
    assert rendered(secrets.mask, msg="e", rows=27)["rows"] == 27


def test_secret_at_the_cut_of_a_long_string() -> None:
    """Where the length limit cuts a secret, its first half is not shown."""
    secrets = Secrets()
    secrets.add("open-sesame")
    assert "open" not in rendered(secrets.mask, msg="x" * (MAX_STRING_LENGTH - 4) + "open-sesame")["event"]


# Exceptions


def types_of(chain: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """The types of the exceptions in a chain, and whether they are causes."""
    return [(error["exc_type"], error["is_cause"]) for error in chain]


def test_chain_of_causes_and_contexts() -> None:
    """The raised exception comes first, then its causes and contexts, marked as such."""

    def action() -> None:
        try:
            try:
                raise OSError("first")
            except OSError as error:
                raise ValueError("second") from error
        except ValueError:
            raise KeyError("third")  # noqa: B904 - a context without a cause

    chain = describe(caught(action))
    assert types_of(chain) == [("KeyError", False), ("ValueError", False), ("OSError", True)]
    assert [error["exc_value"] for error in chain] == ["'third'", "second", "first"]
    assert all(error["frames"][0]["name"] in ("action", "caught") for error in chain)


def test_suppressed_context_is_left_out() -> None:
    """`raise ... from None` hides the context of an exception."""

    def action() -> None:
        try:
            raise OSError("first")
        except OSError:
            raise ValueError("second") from None

    assert types_of(describe(caught(action))) == [("ValueError", False)]


def test_falsy_exceptions_are_causes_too() -> None:
    """A cause that is false in a boolean context, such as an empty collection of errors, is shown."""
    error = ValueError("x")
    error.__cause__ = Unspeakable()
    chain = describe(error)
    assert types_of(chain) == [("ValueError", False), ("Unspeakable", True)]
    assert chain[1]["exc_value"] == "<Unspeakable, RuntimeError in its str()>"
    assert chain[1]["exc_notes"] == []


class Meta(type):
    """A metaclass whose attributes raise."""

    @property
    def __name__(cls) -> Any:  # type: ignore[override]
        raise SystemExit(0)

    @property
    def __module__(cls) -> Any:  # type: ignore[override]
        raise SystemExit(0)

    def __instancecheck__(cls, other: object) -> bool:
        raise SystemExit(0)

    def __subclasscheck__(cls, other: object) -> bool:
        raise SystemExit(0)

    def __getattribute__(cls, name: str) -> Any:
        raise SystemExit(0)


class OddDate(datetime):
    """A time that cannot be written."""

    def isoformat(self, *_: object) -> str:  # noqa: D102 - as that of every time
        raise KeyError


class Endless(list[object]):
    """A list that says that it is endless."""

    def __iter__(self) -> Any:
        while True:
            yield "again"

    def __len__(self) -> int:
        raise SystemExit(0)


def hostile(kind: type[BaseException], method: str) -> BaseException:
    """An exception whose class has a method or a property that raises an exception of a kind."""

    def raise_it(*_: object) -> Any:
        raise kind(0)

    value = (
        raise_it if method in ("__str__", "__repr__", "__getattribute__", "__eq__", "__hash__") else property(raise_it)
    )
    error: BaseException = Meta("Hostile", (ValueError,), {method: value})("why")
    vars(BaseException)["__traceback__"].__set__(error, caught(lambda: 1 / 0).__traceback__)
    return error


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError, RecursionError, MemoryError])
@pytest.mark.parametrize(
    "method",
    [
        *("__str__", "__repr__", "__getattribute__", "__eq__", "__hash__", "__class__", "__dict__", "__cause__"),
        *("__context__", "__suppress_context__", "__traceback__", "__notes__", "args", "exceptions"),
    ],
)
def test_hostile_exceptions_are_described(kind: type[BaseException], method: str) -> None:
    """Whatever an exception's class and metaclass raise, the record has the exception's name and its frames."""
    fields = rendered(msg="said", rows=3, exc_info=(ValueError, hostile(kind, method), None))
    assert (fields["event"], fields["rows"]) == ("said", 3)
    (description,) = fields["exception"]
    assert description["exc_type"] == "Hostile"
    assert description["frames"][-1]["name"] == "<lambda>"


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError, TaskCancelled])
def test_hostile_values_are_shown(kind: type[BaseException]) -> None:
    """Values, keys and notes that raise any exception are named in the record."""
    odd = hostile(kind, "__repr__")
    fields = rendered(msg="said", odd=odd, inside={"a": [odd]}, list=Endless([1, 2]))
    assert fields["odd"] == f"<Hostile, {kind.__name__} in its repr()>"
    assert fields["inside"] == {"a": [fields["odd"]]}
    assert fields["list"] == [1, 2]
    assert rendered(msg="said", odd=OddDate(2026, 1, 1))["odd"] == "<OddDate, KeyError while it was read>"
    error = ValueError("x")
    vars(error)["__notes__"] = Endless([hostile(kind, "__str__"), "b"])
    assert describe(error)[0]["exc_notes"] == [f"<Hostile, {kind.__name__} in its str()>", "b"]


def test_stop_while_a_value_is_shown() -> None:
    """A stop that the runtime delivers while a value is shown is not swallowed."""
    cancellation = Cancellation()

    class Slow:
        def __repr__(self) -> str:
            cancellation.request("SIGTERM")
            return "slow"

    cancellation.arm()
    with pytest.raises(TaskCancelled):
        rendered(msg="said", slow=Slow())


def test_stop_while_an_exception_is_described() -> None:
    """A stop that the runtime delivers while a property of an exception is read is not swallowed."""
    cancellation = Cancellation()

    class Slow(Exception):
        @property
        def __notes__(self) -> list[str]:  # type: ignore[override]
            cancellation.request("SIGTERM")
            return []

    cancellation.arm()
    with pytest.raises(TaskCancelled):
        rendered(msg="said", exc_info=(Slow, Slow("x"), None))


@pytest.mark.parametrize("count", [60, 5000])
def test_many_long_notes_are_cut(count: int) -> None:
    """An exception with any number of long notes is a record of a useful size."""
    error = ValueError("x")
    vars(error)["__notes__"] = ["n" * 100_000] * count
    record = logging.makeLogRecord({"levelno": logging.INFO, "name": "x", "exc_info": exc_info(error)})
    line = render_record(record, no_mask)
    assert len(line) < 3 * MAX_CHARACTERS
    assert json.loads(line)["exception"][0]["exc_notes"][-1] == f"... {count - MAX_NOTES} more notes ..."


def test_circular_chain_ends() -> None:
    """In a circular chain, an exception is shown only once."""
    chain = describe(link([ValueError("a"), KeyError("b"), OSError("c")]))
    assert types_of(chain) == [("ValueError", False), ("KeyError", False), ("OSError", True)]


def test_long_chain_is_cut() -> None:
    """A chain of hundreds of exceptions is cut."""
    errors: list[BaseException] = [ValueError(str(number)) for number in range(500)]
    chain = describe(link(errors))
    assert 10 <= len(chain) <= 50
    assert chain[0]["exc_value"] == "0"


def test_notes() -> None:
    """Notes arrive, also those that are not strings."""
    error = ValueError("x")
    vars(error)["__notes__"] = ["look here", 3, Raises()]
    (description,) = describe(error)
    assert description["exc_notes"] == ["look here", "3", "<Raises, LookupError in its str()>"]


def test_groups() -> None:
    """A group contains its members, with their chains."""
    inner = KeyError("b")
    inner.__cause__ = OSError("c")
    (description,) = describe(ExceptionGroup("g", [ValueError("a"), inner]))
    assert description["is_group"] is True
    assert [types_of(member) for member in description["exceptions"]] == [
        [("ValueError", False)],
        [("KeyError", False), ("OSError", True)],
    ]
    assert description["exceptions"][0][0]["is_group"] is False


@pytest.mark.parametrize("depth", [5, 100, 3000])
def test_groups_of_any_size_are_one_line(depth: int) -> None:
    """Nested groups and groups with thousands of members are cut to a useful size."""
    error: Exception = ValueError("innermost")
    for _ in range(depth):
        error = ExceptionGroup("g", [error])
    fields = rendered(msg="deep", exc_info=exc_info(error))
    assert fields["exception"][0]["exc_type"] == "ExceptionGroup"
    wide = ExceptionGroup("wide", [ValueError(str(number)) for number in range(depth)])
    fields = rendered(msg="wide", exc_info=exc_info(wide))
    assert fields["exception"][0]["exceptions"][0][0]["exc_value"] == "0"
    if depth > 1000:
        assert len(fields["exception"][0]["exceptions"]) < 1000
        assert "more" in fields["exception"][0]["exc_notes"][-1]


def test_syntax_error() -> None:
    """A SyntaxError has its place in the source."""
    (description,) = describe(caught(lambda: compile("a = 1\nb c\n", "tasks.py", "exec")))
    where = description["syntax_error"]
    assert (where["filename"], where["line"].strip()) == ("tasks.py", "b c")
    assert where["lineno"] == 2
    assert where["offset"] >= 2
    assert where["msg"]


def test_syntax_errors_of_other_parsers() -> None:
    """A SyntaxError with missing attributes, or attributes of other types, can be logged."""
    error = caught(lambda: ET.fromstring("<a>"))  # noqa: S314 - a fixed string
    assert rendered(msg="xml", exc_info=(type(error), error, None))["exception"][0]["syntax_error"]["lineno"] >= 0
    error = syntax_error(b"x.py", "12", 2**70, None)
    where = rendered(msg="odd", exc_info=(type(error), error, None))["exception"][0]["syntax_error"]
    assert where == {"filename": "b'x.py'", "lineno": 0, "offset": 0, "line": "", "msg": "bad"}


def test_deep_stack_is_cut_in_the_middle() -> None:
    """Of a deep stack, the first and the last frames are shown, and the number of frames between."""

    def recurse(depth: int) -> None:
        if depth:
            recurse(depth - 1)
        raise ValueError("bottom")

    (description,) = describe(caught(lambda: recurse(300)))
    frames = description["frames"]
    assert len(frames) == MAX_FRAMES + 1
    assert frames[0]["name"] == "caught"
    assert frames[-1]["name"] == "recurse"
    assert frames[MAX_FRAMES // 2]["name"] == f"... {303 - MAX_FRAMES} more frames ..."


def test_recursion_error_can_be_logged() -> None:
    """A RecursionError is logged like any other exception."""

    def recurse() -> None:
        recurse()

    error = caught(recurse)
    assert rendered(msg="deep", exc_info=(type(error), error, error.__traceback__))["exception"][0]["frames"]


def test_times_are_utc() -> None:
    """A record's time is in UTC. An invalid time is replaced by the current time."""
    assert rendered(msg="", created=0.0)["timestamp"] == "1970-01-01T00:00:00+00:00"
    for impossible in (float("nan"), float("inf"), 1e300, "yesterday", None):
        description = datetime.fromisoformat(rendered(msg="", created=impossible)["timestamp"])
        assert datetime.now(tz=timezone.utc) - description < timedelta(minutes=1)
