"""Conversion of JSON values to annotated types."""

from __future__ import annotations

import builtins
import collections.abc
import subprocess
import sys
import typing
from typing import Any, NamedTuple

import pytest
import typing_extensions
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.values.convert import convert
from dagfloe.values.hints import Mismatch
from support.strategies import finite, int64, json_values, text

UserId = typing.NewType("UserId", int)
Rows = typing_extensions.TypeAliasType("Rows", "list[Row]")
Row = dict[str, int]
Tree = typing_extensions.TypeAliasType("Tree", "dict[str, Tree] | list[Tree] | int")
T = typing.TypeVar("T")
Bag = typing_extensions.TypeAliasType("Bag", list[T], type_params=(T,))
Loop = "Loop"
Forward = list["UserId"]


class Closed(typing.Protocol):
    """A protocol without runtime_checkable."""

    def close(self) -> None:
        """Close it."""


class Rooms:
    """A lazy sequence, as the runtime passes it for the XComs of mapped tasks."""

    is_lazy_sequence = True

    def __init__(self, *items: object) -> None:
        self.items = list(items)
        self.reads = 0

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        self.reads += 1
        return self.items[index]

    def __iter__(self) -> Any:
        self.reads += 1
        return iter(self.items)


collections.abc.Sequence.register(Rooms)


def resolve(source: str) -> object:
    """Evaluate an annotation in this module, as the runtime does."""
    return eval(source, globals())  # noqa: S307 - the annotations below


def fit(value: object, annotation: object) -> object:
    return convert(value, annotation, resolve)


def misfit(value: object, annotation: object) -> str:
    with pytest.raises(Mismatch) as caught:
        convert(value, annotation, resolve)
    return str(caught.value)


class Shape(NamedTuple):
    """An annotation, values that fit it, and the expected results."""

    annotation: str
    values: st.SearchStrategy[Any]
    convert: Any


def same(value: Any) -> Any:
    return value


LEAVES = [
    Shape("int", int64, same),
    Shape("float", finite | int64, float),
    Shape("str", text, same),
    Shape("bool", st.booleans(), same),
    Shape("None", st.none(), same),
    Shape("UserId", int64, same),
    Shape("typing.Literal['a', 1, None]", st.sampled_from(["a", 1, None]), same),
]


def containers(inner: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    def lists(name: str) -> Any:
        return lambda inner: Shape(
            f"{name}[{inner.annotation}]",
            st.lists(inner.values, max_size=3),
            lambda value: [inner.convert(x) for x in value],
        )

    def maps(name: str) -> Any:
        return lambda inner: Shape(
            f"{name}[str, {inner.annotation}]",
            st.dictionaries(text, inner.values, max_size=3),
            lambda value: {key: inner.convert(child) for key, child in value.items()},
        )

    def any_length(inner: Shape) -> Shape:
        return Shape(
            f"tuple[{inner.annotation}, ...]",
            st.lists(inner.values, max_size=3),
            lambda value: tuple(inner.convert(x) for x in value),
        )

    def pair(first: Shape, second: Shape) -> Shape:
        return Shape(
            f"typing.Tuple[{first.annotation}, {second.annotation}]",
            st.tuples(first.values, second.values).map(list),
            lambda value: (first.convert(value[0]), second.convert(value[1])),
        )

    def optional(form: str) -> Any:
        return lambda inner: Shape(
            form.format(inner.annotation),
            st.none() | inner.values,
            lambda value: None if value is None else inner.convert(value),
        )

    list_names = ["list", "typing.List", "collections.abc.Sequence", "typing.Sequence", "typing.Iterable"]
    map_names = ["dict", "typing.Dict", "collections.abc.Mapping", "typing.MutableMapping"]
    return st.one_of(
        st.sampled_from(list_names).flatmap(lambda name: inner.map(lists(name))),
        st.sampled_from(map_names).flatmap(lambda name: inner.map(maps(name))),
        inner.map(any_length),
        st.builds(pair, inner, inner),
        st.sampled_from(["typing.Optional[{}]", "typing.Union[{}, None]", "typing.Annotated[{}, 'rows']"]).flatmap(
            lambda form: inner.map(optional(form if "None" in form or "Opt" in form else f"typing.Optional[{form}]"))
        ),
    )


shapes = st.recursive(st.sampled_from(LEAVES), containers, max_leaves=5)


@given(st.data())
def test_values_of_a_shape_fit_its_annotation(data: st.DataObject) -> None:
    """Any value that fits an annotation is converted: for example, lists to tuples and integers to floats."""
    shape = data.draw(shapes)
    value = data.draw(shape.values)
    assert repr(fit(value, shape.annotation)) == repr(shape.convert(value))
    assert repr(fit(value, resolve(shape.annotation))) == repr(shape.convert(value))


def places(value: Any, path: str = "$") -> list[tuple[str, list[Any]]]:
    """All places in a value: their paths, and the keys that lead to them."""
    all_places: list[tuple[str, list[Any]]] = [(path, [])]
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        step = f"[{key!r}]" if not (isinstance(key, str) and key.isidentifier()) else f".{key}"
        all_places += [(inner, [key, *keys]) for inner, keys in places(child, path + step)]
    return all_places


@given(st.data())
def test_one_misfit_anywhere_in_a_value(data: st.DataObject) -> None:
    """A misfit anywhere in a value is an error with its path and type, which does not show the value."""
    shape = data.draw(shapes)
    value = data.draw(shape.values)
    path, keys = data.draw(st.sampled_from(places(value)))
    if keys:
        spoiled = value
        for key in keys[:-1]:
            spoiled = spoiled[key]
        spoiled[keys[-1]] = b"secret"
    else:
        value = b"secret"
    with pytest.raises(Mismatch) as caught:
        fit(value, shape.annotation)
    assert caught.value.path == path
    assert caught.value.actual == "bytes"
    assert "secret" not in str(caught.value)


@given(json_values, st.sampled_from(["object", "typing.Any", "T", "Unknown", "1 / 0", "Closed", "Loop", "nowhere.X"]))
def test_open_annotations(value: Any, annotation: str) -> None:
    """`Any`, type variables, unknown names and protocols accept every value."""
    assert fit(value, annotation) is value


@given(json_values, shapes)
def test_any_json_value_fits_or_is_a_mismatch(value: Any, shape: Shape) -> None:
    """The only possible exception is `Mismatch`."""
    try:
        fit(value, shape.annotation)
    except Mismatch as mismatch:
        path, message = mismatch.path, str(mismatch)
    else:
        return
    assert message.startswith(f"{path}: expected ")


@pytest.mark.parametrize(
    ("value", "annotation", "result"),
    [
        (3, "float", 3.0),
        (3, "float | int", 3),
        (3.0, "int | float", 3.0),
        ([1, 2.5], "list[float] | None", [1.0, 2.5]),
        ([1], "list[float] | list[int]", [1]),
        ((1,), "list[int]", [1]),
        ((1,), "typing.MutableSequence[int]", [1]),
        ([1, 2, 1], "set[int]", {1, 2}),
        ([1], "frozenset[int] | None", frozenset([1])),
        ([1], "collections.abc.Set[int]", {1}),
        ({1}, "set[int]", {1}),
        ((1, 2), "collections.abc.Sequence[int]", (1, 2)),
        ({1}, "typing.Collection[int]", {1}),
        ([], "tuple[()]", ()),
        ([1, "a"], "tuple", (1, "a")),
        ([1, "a"], "list", [1, "a"]),
        ({"a": 1}, "typing.Dict", {"a": 1}),
        ([{"a": 1}], "Rows", [{"a": 1}]),
        ([1], "Bag[int]", [1]),
        ({"a": [1, {"b": 2}]}, "Tree", {"a": [1, {"b": 2}]}),
        ([1], "Forward", [1]),
        ([1], "typing.List['UserId']", [1]),
        (7, "'UserId'", 7),
        (None, None, None),
        (b"x", "bytes", b"x"),
        ("ab", "str | typing.Sequence[str]", "ab"),
        (range(3), "collections.abc.Sequence[int]", range(3)),
    ],
)
def test_conversions(value: object, annotation: object, result: object) -> None:
    """The first fitting member of a union applies; an int prefers `int` to `float`."""
    assert repr(fit(value, annotation)) == repr(result)


@pytest.mark.parametrize(
    ("value", "annotation", "message"),
    [
        (True, "int", "$: expected int, got bool"),
        (True, "float", "$: expected float, got bool"),
        (1, "bool", "$: expected bool, got int"),
        (1.0, "int", "$: expected int, got float"),
        (10**400, "float", "$: expected float, got int"),
        ("x", "None", "$: expected None, got str"),
        (None, "str", "$: expected str, got None"),
        ("x", "bytes", "$: expected bytes, got a str that is not base64"),
        ("x", "int | None", "$: expected int | None, got str"),
        ("x", "typing.Optional[typing.List[int]]", "$: expected list[int] | None, got str"),
        ([1, "a"], "typing.Optional[typing.List[int]]", "$[1]: expected int, got str"),
        ([1, "a"], "list[int] | list[float]", "$: expected list[int] | list[float], got list"),
        ({"a b": {"c": "x"}}, "dict[str, dict[str, float]]", "$['a b'].c: expected float, got str"),
        ({"1": 2}, "dict[int, int]", "$['1']: expected int as its key, got str"),
        ([1], "dict[str, int]", "$: expected dict[str, int], got list"),
        ({}, "list[int]", "$: expected list[int], got dict"),
        ({}, "typing.Iterable[str]", "$: expected Iterable[str], got dict"),
        ("abc", "typing.Sequence[str]", "$: expected Sequence[str], got str"),
        ([1], "tuple[int, str]", "$: expected tuple[int, str], got list of length 1"),
        ([1], "tuple[()]", "$: expected tuple[()], got list of length 1"),
        (1, "tuple[int, ...]", "$: expected tuple[int, ...], got int"),
        ([[1]], "set[list[int]]", "$: expected set[list[int]], got a list of unhashable items"),
        ([["a"]], "Tree | None", "$[0][0]: expected dict[str, Tree] | list[Tree] | int, got str"),
        ("b", "typing.Literal['a', 1]", "$: expected Literal['a', 1], got str"),
        (True, "typing.Literal[1]", "$: expected Literal[1], got bool"),
        ("7", "UserId", "$: expected int, got str"),
        ([{"a": "x"}], "Rows", "$[0].a: expected int, got str"),
        ({}, "Bag[int]", "$: expected list[T], got dict"),
        ("x", "typing.Annotated[int, 'metres'] | None", "$: expected int | None, got str"),
        ("x", "list['UserId'] | None", "$: expected list[UserId] | None, got str"),
        ("x", "typing.List['UserId']", "$: expected list[UserId], got str"),
        ("x", "list[typing.Any]", "$: expected list[Any], got str"),
        ("x", "list[typing.Callable[[int], str]]", "$: expected list[Callable[int, str]], got str"),
        ("x", "list[typing.List]", "$: expected list[list], got str"),
        ("x", "list[UserId | T]", "$: expected list[UserId | T], got str"),
    ],
)
def test_mismatches_name_path_annotation_and_type(value: object, annotation: object, message: str) -> None:
    """The error gives the path, the annotation as an author writes it, and the type of the value."""
    assert misfit(value, annotation) == message


@pytest.mark.skipif(sys.version_info < (3, 11), reason="syntax of Python 3.11")
def test_unpacked_tuples() -> None:
    """A list for `tuple[int, *tuple[str, ...]]` becomes a tuple."""
    assert fit(["x", 1], "tuple[int, *tuple[str, ...]]") == ("x", 1)
    assert fit(["x", 1], "tuple[int, typing.Unpack[tuple[str, ...]]]") == ("x", 1)


@pytest.mark.parametrize(
    ("annotation", "result"),
    [("list[int]", [1, 2]), ("tuple[int, ...]", (1, 2)), ("set[int] | None", {1, 2}), ("tuple[int, int]", (1, 2))],
)
def test_lazy_sequence_becomes_a_container(annotation: str, result: object) -> None:
    """A lazy sequence is read as a whole for a list, tuple or set."""
    rooms = Rooms(1, 2)
    assert fit(rooms, annotation) == result
    assert rooms.reads == 1


def test_lazy_sequence_with_a_misfit() -> None:
    """A misfit inside a lazy sequence has a path; a union reads the sequence once."""
    rooms = Rooms(1, "x")
    assert misfit(rooms, "list[int] | tuple[bytes] | None") == "$[1]: expected int, got str"
    assert rooms.reads == 1
    assert misfit(rooms, "dict[str, int]") == f"$: expected dict[str, int], got {__name__}.Rooms"
    assert misfit(rooms, "str") == f"$: expected str, got {__name__}.Rooms"
    assert rooms.reads == 1


@pytest.mark.parametrize("annotation", ["typing.Sequence[str]", "typing.Collection", "typing.Iterable[str]", "object"])
def test_lazy_sequence_stays_unread(annotation: str) -> None:
    """`Sequence`, `Collection`, `Iterable` and `object` accept a lazy sequence unread."""
    rooms = Rooms(1, 2)
    assert fit(rooms, annotation) is rooms
    assert rooms.reads == 0


def test_too_deep_value() -> None:
    """A recursive annotation with a very deep value is a Mismatch, not a RecursionError."""
    value: Any = 1
    for _ in range(2000):
        value = [value]
    assert misfit(value, "Tree") == "$: expected Tree, got a value that is nested too deeply"


def test_an_annotation_is_resolved_once() -> None:
    """The string inside an annotation is resolved once for a long list."""
    resolved = []

    def ask(source: str) -> object:
        resolved.append(source)
        return resolve(source)

    assert convert([1] * 1000, list["UserId"], ask) == [1] * 1000
    assert resolved == ["UserId"]


def test_plain_annotations_import_nothing() -> None:
    """Annotations with builtins and unions need neither `typing` nor `inspect` nor `dataclasses`."""
    code = (
        "import sys\n"
        "from dagfloe.values.convert import convert\n"
        "slow = ('typing', 'inspect', 'dataclasses', 'enum')\n"
        "for name in slow: sys.modules.pop(name, None)\n"
        "for value, text in [(1, 'int'), (1, 'float'), ([1], 'list[int]'), ({'a': None}, 'dict[str, int | None]'),\n"
        "                    ([1, 'a'], 'tuple[int, str]'), ('x', 'str | None'), (None, 'bool | None')]:\n"
        "    convert(value, text, eval)\n"
        "print([name for name in slow if name in sys.modules], 'dagfloe.values.typed_classes' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert ran.stdout.split("\n")[0] == "[] False"


def test_every_builtin_class_is_an_annotation() -> None:
    """An instance of a class fits it; a str fits no class other than `str` and `object`."""
    for cls in (bool, int, float, bytes, bytearray, complex, list, tuple, dict, set, frozenset, range):
        assert fit(cls(1) if cls is range else cls(), cls) == (cls(1) if cls is range else cls())
        got = "a str that is not base64" if cls is bytes else "str"
        assert misfit("x", cls.__name__) == f"$: expected {cls.__name__}, got {got}"
        assert getattr(builtins, cls.__name__) is cls
