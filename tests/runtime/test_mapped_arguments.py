"""The arguments of a mapped task instance."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.errors import BindingError
from dagfloe.runtime.mapped_arguments import MappedArguments

sources = st.dictionaries(
    st.text("abc", min_size=1, max_size=3),
    st.lists(st.integers(), min_size=1, max_size=4) | st.dictionaries(st.text(max_size=2), st.none(), min_size=1),
    min_size=1,
    max_size=3,
)


def items_of(source: Any) -> list[Any]:
    """The items of a source; for a dict, its pairs."""
    return list(source.items()) if isinstance(source, dict) else list(source)


@given(sources)
def test_order(mapped: dict[str, Any]) -> None:
    """Every combination has one map index, the last argument changes fastest, and larger indexes are an error."""
    expected = list(product(*map(items_of, mapped.values())))
    for map_index, combination in enumerate(expected):
        arguments = MappedArguments(mapped, map_index)
        assert tuple(arguments.choose(name, lambda source: source) for name in mapped) == combination
    with pytest.raises(BindingError, match="no item for map index"):
        MappedArguments(mapped, len(expected)).choose(next(iter(mapped)), lambda source: source)


def test_sources_are_resolved_once() -> None:
    """A source is resolved only once, for all parameters together."""
    resolved: list[object] = []

    def resolve(source: object) -> object:
        resolved.append(source)
        return [source]

    arguments = MappedArguments({"a": "one", "b": "two"}, 0)
    assert [arguments.choose(name, resolve) for name in ("a", "b", "a")] == ["one", "two", "one"]
    assert sorted(map(str, resolved)) == ["one", "two"]


@pytest.mark.parametrize(
    ("source", "why"), [("text", "str"), (5, "int"), (None, "NoneType"), ([], "empty"), ({}, "empty")]
)
def test_value_without_items(source: object, why: str) -> None:
    """A value without items is an error that names the parameter."""
    with pytest.raises(BindingError, match=f"'a'.*{why}"):
        MappedArguments({"a": source}, 0).choose("a", lambda value: value)
