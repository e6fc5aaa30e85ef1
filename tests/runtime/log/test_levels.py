"""The enabled log levels."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.runtime.log.levels import LEVEL_VARIABLE, NAMESPACES_VARIABLE, Levels, level_name
from support.strategies import any_text

KNOWN = {"critical": 50, "fatal": 50, "error": 40, "warning": 30, "warn": 30, "info": 20, "debug": 10, "notset": 10}
names = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4).map(".".join)
level_texts = st.sampled_from([*KNOWN, *(name.upper() for name in KNOWN), "Info"])
settings = st.lists(st.tuples(names, level_texts), max_size=6)


def naive(pairs: list[tuple[str, str]], root: str, name: str) -> int:
    """The level of the longest dotted prefix, computed in a simple way. A later entry overrides an earlier one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        for prefix, level in reversed(pairs):
            if prefix.split(".") == parts[:length]:
                return KNOWN[level.lower()]
    return KNOWN[root.lower()]


@given(settings, level_texts, names, st.integers(0, 60), st.sampled_from([",", " ", ", ", "\n", " , "]))
def test_longest_dotted_prefix_decides(
    pairs: list[tuple[str, str]], root: str, name: str, number: int, separator: str
) -> None:
    """The longest prefix of whole dotted parts decides, with any separator between the entries."""
    text = separator.join(f"{prefix}={level}" for prefix, level in pairs)
    levels = Levels.from_environment({LEVEL_VARIABLE: root, NAMESPACES_VARIABLE: text})
    for _ in range(2):  # the second answer comes from the cache
        assert levels.is_enabled(name, number) == (number >= naive(pairs, root, name))


@given(settings, st.lists(st.sampled_from(["x", "=INFO", "x=", "x=LOUD", "x=INFO=INFO", "=", "a=b"])), names)
def test_malformed_entries_are_ignored(pairs: list[tuple[str, str]], malformed: list[str], name: str) -> None:
    """Entries other than `name=LEVEL` are ignored."""
    text = ",".join([*malformed, *(f"{prefix}={level}" for prefix, level in pairs), *malformed])
    levels = Levels.from_environment({NAMESPACES_VARIABLE: text})
    assert levels.is_enabled(name, 25) == (naive(pairs, "info", name) <= 25)


@given(any_text, any_text, any_text, st.integers())
def test_any_setting_can_be_read(root: str, namespaces: str, name: str, number: int) -> None:
    """Any value of the two settings can be parsed."""
    levels = Levels.from_environment({LEVEL_VARIABLE: root, NAMESPACES_VARIABLE: namespaces})
    assert levels.is_enabled(name, number) in (True, False)
    assert levels.is_enabled(name, logging.CRITICAL)


@pytest.mark.parametrize(("text", "root"), [("", 20), ("loud", 20), (" debug\n", 10), ("NOTSET", 10), ("WARN", 30)])
def test_level_of_the_root(text: str, root: int) -> None:
    """A malformed or missing root level is INFO."""
    assert Levels.from_environment({LEVEL_VARIABLE: text}).root == root
    assert Levels.from_environment({}).root == logging.INFO


@given(st.integers() | st.floats(allow_nan=False))
def test_level_names(number: float) -> None:
    """A number has the name of the next level at or below it. The supervisor accepts every name."""
    expected = [name for name in ("critical", "error", "warning", "info") if number >= KNOWN[name]]
    assert level_name(number) == (expected or ["debug"])[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["critical", "error", "warning", "info", "debug"])
def test_levels_begin_at_their_number(name: str) -> None:
    """A record with exactly the number of a level has its name, and is enabled by it; one number lower is not."""
    number = getattr(logging, name.upper())
    assert level_name(number) == name
    assert Levels(number, {}).is_enabled("any", number)
    assert not Levels(number, {}).is_enabled("any", number - 1)
