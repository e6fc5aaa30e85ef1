"""The parameters of a task's function, and the arguments to call it with."""

from __future__ import annotations

import functools
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import Client, Context
from dagfloe.authoring.parameters import bind, read_parameters
from dagfloe.errors import BindingError, RegistrationError
from support.strategies import any_text

if TYPE_CHECKING:
    from collections.abc import Callable

FUTURE = "from __future__ import annotations\n"
IMPORTS = """
import functools, logging
import logging as lg
from typing import TYPE_CHECKING, Annotated, Any, List, Optional, Union
import dagfloe
import dagfloe as df
from dagfloe import Client, Context
if TYPE_CHECKING:
    from dagfloe import Client as CheckedClient
    from decimal import Decimal
    from lib import Client as LibClient
Alias = Client
"""


def define(source: str, *, postponed: bool) -> Any:
    """The last function that an author's module defines."""
    names: dict[str, Any] = {}
    code = (FUTURE if postponed else "") + IMPORTS + textwrap.dedent(source)
    exec(compile(code, "tasks.py", "exec", dont_inherit=True), names)  # noqa: S102 - like an import
    return names["task"]


def injected(function: Callable[..., object]) -> dict[str, str | None]:
    """The name of the injected class of every parameter."""
    return {
        parameter.name: parameter.injected.__name__ if parameter.injected else None
        for parameter in read_parameters(function)
    }


BOTH: dict[str, str | None] = {"a": "Client", "b": "Context"}
SIGNATURES: dict[str, dict[str, str | None]] = {
    "a: Client, b: Context, c: logging.Logger": {**BOTH, "c": "Logger"},
    "a: dagfloe.Client, b: df.Context, c: lg.Logger": {**BOTH, "c": "Logger"},
    "a: Alias": {"a": "Client"},
    "a: 'Client', b: 'Context | None' = None": BOTH,
    "a: 'df.Client', b: ' Context '": BOTH,
    "a: Optional[Client], b: Optional['Context'] = None": BOTH,
    "a: Client | None, b: None | Context = None": BOTH,
    "a: Union[Client, None], b: Union[None, Context, int] = None": BOTH,
    "a: Annotated[Client, 'why, not'], b: Annotated[Context, print, [1, 2]]": BOTH,
    "a: Annotated[Optional[Client], 1], b: Optional[Annotated[Context, 2]]": BOTH,
    "a: 'Annotated[Optional[Client], 1]', b: Annotated['Context', 'x']": BOTH,
    "a: Optional['Client'], b: 'Union[Context, None]'": BOTH,
    "a: Client, /, b: Context": BOTH,
    "*, a: Client, b: Context = None": BOTH,
    "a: Client, *args: Context, b: Context, **kwargs: Client": {**BOTH, "args": None, "kwargs": None},
    "a, b: int, c=1, d: list[int] | None = None": {"a": None, "b": None, "c": None, "d": None},
    "a: Any, b: Client": {"a": None, "b": "Client"},
    "a: List[Client], b: 'dict[str, Client]' = None": {"a": None, "b": None},
    "a: type, b: 'no such thing' = 1": {"a": None, "b": None},
    "a: 'Client.nested' = None, b: 'missing.Thing' = None, c: 'Client()' = None": {"a": None, "b": None, "c": None},
    "a: 3 = 3, b: 'int | str' = 1": {"a": None, "b": None},
    "": {},
}


@pytest.mark.parametrize("postponed", [False, True], ids=["now", "postponed"])
@pytest.mark.parametrize("signature", SIGNATURES)
def test_annotations(signature: str, postponed: bool) -> None:
    """An annotation, as a string or not, is resolved where the function is defined."""
    assert injected(define(f"def task({signature}): ...", postponed=postponed)) == SIGNATURES[signature]


@pytest.mark.parametrize("annotation", ["Decimal", "Decimal | None", "Optional[Decimal]", "dict[str, Decimal]"])
def test_types_that_are_imported_for_checkers_only(annotation: str) -> None:
    """A data parameter's annotation need not exist at run time."""
    assert injected(define(f"def task(amount: {annotation} = None): ...", postponed=True)) == {"amount": None}


@pytest.mark.parametrize("annotation", ["LibClient | Client", "Client | LibClient"])
def test_unknown_alternative_of_a_known_class(annotation: str) -> None:
    """The known class among several alternatives decides."""
    assert injected(define(f"def task(a: {annotation}): ...", postponed=True)) == {"a": "Client"}


@pytest.mark.parametrize("annotation", ["sdk.Client", "sdk.Context | None", "Optional[sdk.Context]", "Logger"])
def test_injected_class_that_is_imported_for_checkers_only(annotation: str) -> None:
    """An injected class that only type checkers import is an error that names the parameter."""
    with pytest.raises(RegistrationError, match="import it outside of `if TYPE_CHECKING:`") as caught:
        read_parameters(define(f"def task(first, a: {annotation} = None): ...", postponed=True))
    assert "parameter 'a' of task (tasks.py:" in str(caught.value)


annotation_strings = any_text | st.lists(
    st.sampled_from(
        [
            "Client",
            "Context",
            "None",
            "int",
            "Optional[",
            "Union[",
            "Annotated[",
            "]",
            "[",
            "|",
            ",",
            " ",
            "'",
            ".",
            "typing.",
        ]
    ),
    max_size=10,
).map("".join)


@given(annotation_strings)
def test_any_string_can_be_an_annotation(annotation: str) -> None:
    """With any string as annotation, the function is registered, or an error names the annotation."""

    def task(a: int) -> None: ...

    task.__annotations__["a"] = annotation
    try:
        (parameter,) = read_parameters(task)
    except RegistrationError as error:
        assert "is unknown at run time" in str(error)  # noqa: PT017 - only one of two outcomes
    else:
        assert parameter.injected in (None, Client, Context)


def test_names_of_a_closure() -> None:
    """An annotation may use a name of the enclosing function."""
    source = """
    def make():
        from dagfloe import Client as Inner
        unset: Any
        def task(a: Inner, b: later = None):
            return Inner, later
        if not make:
            later = 1
        return task
    task = make()
    """
    assert injected(define(source, postponed=True)) == {"a": "Client", "b": None}


def test_wrapped_function() -> None:
    """A function that functools.wraps wraps keeps its own parameters."""
    source = """
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)
        return wrapper
    @decorate
    @decorate
    def task(a: Client, b=1): ...
    """
    assert injected(define(source, postponed=True)) == {"a": "Client", "b": None}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("async def task(): yield 1", "an asynchronous generator"),
        ("def task(): yield 1", "is a generator"),
        ("def task(): yield from ()", "is a generator"),
    ],
)
def test_functions_that_do_not_return_their_value(source: str, message: str) -> None:
    """Generators are refused, with what to do instead."""
    with pytest.raises(RegistrationError, match=f"task .tasks.py:.* is {message.removeprefix('is ')}: .*in a list"):
        read_parameters(define(source, postponed=False))


def test_asynchronous_functions() -> None:
    """The parameters of an asynchronous function are those of any other function."""
    assert injected(define("async def task(a: Client, b=1): ...", postponed=True)) == {"a": "Client", "b": None}


class Callable_:  # noqa: N801
    """An object that can be called."""

    def __call__(self) -> None:
        """Be called."""

    def method(self) -> None:
        """Be called on an object."""


@pytest.mark.parametrize(
    "thing", [Callable_(), Callable_, Callable_().method, print, functools.partial(print), len, None, "text"], ids=repr
)
def test_objects_that_are_no_functions(thing: Any) -> None:
    """Only functions that `def` defines can be tasks."""
    with pytest.raises(RegistrationError, match="is not a function: register a function defined with `def`"):
        read_parameters(thing)


def test_circular_wrapping_ends() -> None:
    """A function that wraps itself is an error, not an endless loop."""

    def task() -> None: ...

    task.__wrapped__ = task  # type: ignore[attr-defined]
    with pytest.raises(RegistrationError, match="wraps itself"):
        read_parameters(task)


# Binding

CLIENT, CONTEXT = object(), object()
AVAILABLE: dict[type, object] = {Client: CLIENT, Context: CONTEXT}


def bound(signature: str, **arguments: object) -> tuple[list[object], dict[str, object]]:
    """The arguments for a function."""
    return bind(
        read_parameters(define(f"def task({signature}): ...", postponed=True)),
        AVAILABLE,
        arguments,
        "task 't' of Dag 'd'",
    )


@pytest.mark.parametrize(
    ("signature", "args", "kwargs"),
    [
        ("", [], {}),
        ("a: Client, b: Context", [], {"a": CLIENT, "b": CONTEXT}),
        ("a: Client, /, b: Context", [CLIENT], {"b": CONTEXT}),
        ("a: Client, b: Context, /", [CLIENT, CONTEXT], {}),
        ("a: Client, b=1, /, *, c: Context", [CLIENT], {"c": CONTEXT}),
        ("a=1, *args, b: Client, c=2, **kwargs", [], {"b": CLIENT}),
        ("a=1, b: Client = None", [], {"b": CLIENT}),
    ],
)
def test_arguments(signature: str, args: list[object], kwargs: dict[str, object]) -> None:
    """Injected parameters are passed by name, or by position where necessary; others keep their defaults."""
    assert bound(signature) == (args, kwargs)
    define(f"def task({signature}): ...", postponed=True)(*args, **kwargs)


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("country", "no value for its parameter 'country'"),
        ("a: Client, country, *, year: int", "no value for its parameters 'country', 'year'"),
        ("a=1, b: Client = None, /", "takes 'b' by position after a parameter that takes its default"),
    ],
)
def test_parameters_without_a_value(signature: str, message: str) -> None:
    """A parameter without a value and without a default is an error that names the task and the parameter."""
    with pytest.raises(BindingError, match=message) as caught:
        bound(signature)
    assert str(caught.value).startswith("task 't' of Dag 'd' ")
