"""Secrets, and their removal from strings."""

from __future__ import annotations

import json
import random
import re
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dagfloe.masking import Secrets, is_sensitive
from support.strategies import any_text, json_values

if TYPE_CHECKING:
    from collections.abc import Callable


@given(st.lists(st.text(st.characters(), min_size=3, max_size=8), min_size=1, max_size=4), any_text, any_text)
def test_masked_string_contains_no_secret(strings: list[str], before: str, after: str) -> None:
    """A masked string contains no secret, even if secrets overlap."""
    secrets = Secrets()
    for string in strings:
        secrets.add(string)
    masked = secrets.mask(before + strings[0] + after)
    assert "***" in masked
    assert not [string for string in strings if string in masked.replace("***", "\0")]


def test_nothing_is_masked_at_first() -> None:
    """Without secrets, a string does not change."""
    assert Secrets().mask("unchanged") == "unchanged"


def test_longest_secret_first() -> None:
    """A secret that begins with another secret is masked as a whole."""
    secrets = Secrets()
    secrets.add("open")
    secrets.add("open-sesame")
    assert secrets.mask("open-sesame, open!") == "***, ***!"


@pytest.mark.parametrize("value", ["", "ab", None, 123456, True, b"secret", object()])
def test_values_that_mask_nothing(value: object) -> None:
    """Strings of fewer than three characters, and values that are not strings, mask nothing."""
    secrets = Secrets()
    secrets.add(value)
    assert secrets.mask("ab 123456 True secret") == "ab 123456 True secret"


def test_strings_inside_lists_and_dicts() -> None:
    """Every string inside a list or a dict is masked; the keys of a dict are not."""
    secrets = Secrets()
    secrets.add({"name": ["first", {"deep": ("second",)}], "n": 12345})
    assert secrets.mask("name first deep second 12345") == "name *** deep *** 12345"


def test_lines_of_a_secret() -> None:
    """A secret with several lines is also masked line by line."""
    secrets = Secrets()
    secrets.add("-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n")
    assert secrets.mask("MIIEvQIBADANBg") == "***"
    assert secrets.mask("  kqhkiG9w0BAQEF  ") == "  ***  "


def test_extra() -> None:
    """Of an extra, the whole string and the values of sensitive keys at any depth are masked."""
    secrets = Secrets()
    extra = {
        "host": "h.example",
        "api_key": "k-12345",
        "pin_token": 271828,
        "a": [{"Password": ["one", "two"]}],
        "token": True,
    }
    secrets.add_extra(json.dumps(extra))
    assert secrets.mask(json.dumps(extra)) == "***"
    assert secrets.mask("h.example k-12345 271828 one two True") == "h.example *** *** *** *** True"


@pytest.mark.parametrize("extra", [None, "", "{}", "[]"])
def test_empty_extra(extra: str | None) -> None:
    """An empty extra masks nothing."""
    secrets = Secrets()
    secrets.add_extra(extra)
    assert secrets.mask("{} [] None") == "{} [] None"


@given(any_text | json_values.map(json.dumps))
@example("[" * 20_000)
@example('{"token":' * 800 + "1" + "}" * 800)
def test_any_extra_can_be_added(extra: str) -> None:
    """Any string may be an extra, and is masked as a whole."""
    secrets = Secrets()
    secrets.add_extra(extra)
    assert extra not in secrets.mask(extra) or len(extra) < 3


def test_threads_may_add_at_the_same_time() -> None:
    """A secret is masked from the time at which a thread adds it, whatever other threads add."""
    secrets = Secrets()
    missed: list[str] = []

    def work(name: str) -> None:
        for number in range(40):
            secret = f"{name}-{number}-secret"
            secrets.add(secret)
            if secrets.mask(secret) != "***":
                missed.append(secret)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    finally:
        sys.setswitchinterval(interval)
    assert missed == []


def test_repr_shows_no_secret() -> None:
    """The repr shows the number of secrets, but no secret."""
    secrets = Secrets()
    secrets.add("open-sesame")
    assert repr(secrets).startswith("Secrets(")
    assert "sesame" not in repr(secrets)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("db_password", True), ("API-KEY", True), ("API_KEY", True), ("apikey", True), ("AccessToken", True),
        ("private_key", True), ("my_secret_thing", True), ("Authorization", True), ("passphrase", True),
        ("row_limit", False), ("host", False), ("", False), ("keyboard", False),
    ],
)  # fmt: skip
def test_sensitive_names(name: str, expected: bool) -> None:
    """A name decides whether its value is secret."""
    assert is_sensitive(name) is expected


@given(json_values)
def test_any_value_can_be_added(value: Any) -> None:
    """Any JSON value may be added."""
    secrets = Secrets()
    secrets.add(value)
    if isinstance(value, str) and len(value) >= 3:
        assert secrets.mask(value) == "***"


def _covered(strings: list[str], text: str) -> str:
    """The text with a NUL for each character that belongs to a secret: every occurrence of every secret counts."""
    covered = [False] * len(text)
    for string in strings:
        position = text.find(string)
        while position >= 0:
            covered[position : position + len(string)] = [True] * len(string)
            position = text.find(string, position + 1)
    return "".join("\0" if is_covered else character for character, is_covered in zip(text, covered, strict=True))


@given(
    st.lists(st.text("ab", min_size=3, max_size=9), min_size=1, max_size=9),
    st.text("abc", max_size=60),
    st.booleans(),
)
def test_all_occurrences_are_masked(strings: list[str], text: str, many: bool) -> None:
    """A simple reference finds the same characters in secrets, with few secrets and with many."""
    secrets = Secrets()
    secrets.add(strings)
    if many:
        secrets.add([f"{number:04}-unrelated" for number in range(200)])
    unmasked = [part for part in re.split("\0+", _covered(strings, text)) if part]
    assert [part for part in secrets.mask(text).split("***") if part] == unmasked


@pytest.mark.parametrize("size", [127, 128, 129, 255, 256, 1000, 100_000])
@pytest.mark.parametrize("alphabet", ["a", "ab", "0123456789abcdef-/ü\"\\'"])
def test_long_secrets(size: int, alphabet: str) -> None:
    """A long secret is masked as a whole, in every form."""
    secret = "".join(random.Random(size).choices(alphabet, k=size))  # noqa: S311 - not for cryptography
    secrets = Secrets()
    secrets.add(secret)
    for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret), quote(secret, safe="")):
        assert secrets.mask(f"<{form}>") == "<***>"


def _many(count: int) -> None:
    secrets = Secrets()
    for number in range(count):
        secrets.add(f"{number * 7919:08}-secret")
        secrets.mask("a line without a secret")


def _equal_starts(count: int) -> None:
    secrets = Secrets()
    for number in range(count):
        secrets.add(f"tok_live_{number:06}")
        secrets.mask(f"the tok_live_{number:06} and tok_dead_{number:06}")


def _huge(count: int) -> None:
    secrets = Secrets()
    secrets.add("0123456789" * (count * 20))
    secrets.mask("0123456789" * 100)


def _huge_line(count: int) -> None:
    secrets = Secrets()
    secrets.add([f"{'a' * length}b" for length in range(2, 40)])
    secrets.mask("a" * count * 4)


@pytest.mark.parametrize("work", [_many, _equal_starts, _huge, _huge_line])
def test_cost_is_linear(work: Callable[[int], None]) -> None:
    """Four times the secrets, or the size of a secret or a line, cost about four times the processor time."""

    def cost(count: int) -> float:
        start = time.process_time()
        work(count)
        return time.process_time() - start

    few, many = 0.0, 0.0
    for _ in range(3):  # the machine may slow down in one of them
        few += cost(800)
        many += cost(3200)
    assert many / few < 9, (few, many)
