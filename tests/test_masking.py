"""The secrets that a process has seen."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dagfloe.masking import Secrets, is_sensitive
from support.strategies import any_text, json_values


@given(st.lists(st.text(st.characters(), min_size=3, max_size=8), min_size=1, max_size=4), any_text, any_text)
def test_masked_text_holds_no_secret(texts: list[str], before: str, after: str) -> None:
    """Whatever was added is in no masked text, whichever secrets begin or end like each other."""
    secrets = Secrets()
    for text in texts:
        secrets.add(text)
    masked = secrets.mask(before + texts[0] + after)
    assert "***" in masked
    assert not [text for text in texts if text in masked.replace("***", "\0")]


def test_nothing_is_masked_at_first() -> None:
    """Without secrets a text stays as it is."""
    assert Secrets().mask("as it is") == "as it is"


def test_longest_secret_first() -> None:
    """A secret that begins with another one is masked as a whole."""
    secrets = Secrets()
    secrets.add("open")
    secrets.add("open-sesame")
    assert secrets.mask("open-sesame, open!") == "***, ***!"


@pytest.mark.parametrize("value", ["", "ab", None, 123456, True, b"secret", object()])
def test_what_is_no_secret_text(value: object) -> None:
    """Texts of fewer than three characters, and values that are no text, mask nothing."""
    secrets = Secrets()
    secrets.add(value)
    assert secrets.mask("ab 123456 True secret") == "ab 123456 True secret"


def test_texts_inside_lists_and_maps() -> None:
    """Every text inside a list or a map is masked; the names in a map are not."""
    secrets = Secrets()
    secrets.add({"name": ["first", {"deep": ("second",)}], "n": 12345})
    assert secrets.mask("name first deep second 12345") == "name *** deep *** 12345"


def test_lines_of_a_secret() -> None:
    """A key of many lines is masked when it is printed line by line."""
    secrets = Secrets()
    secrets.add("-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n")
    assert secrets.mask("MIIEvQIBADANBg") == "***"
    assert secrets.mask("  kqhkiG9w0BAQEF  ") == "  ***  "


def test_extra() -> None:
    """Of an extra, the whole text and what stands under telling names is masked, at any depth."""
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
    """An extra that holds nothing masks nothing."""
    secrets = Secrets()
    secrets.add_extra(extra)
    assert secrets.mask("{} [] None") == "{} [] None"


@given(any_text | json_values.map(json.dumps))
@example("[" * 20_000)
@example('{"token":' * 800 + "1" + "}" * 800)
def test_any_extra_can_be_added(extra: str) -> None:
    """Any text may be an extra, and is masked as a whole."""
    secrets = Secrets()
    secrets.add_extra(extra)
    assert extra not in secrets.mask(extra) or len(extra) < 3


def test_threads_may_add_at_the_same_time() -> None:
    """A secret that one thread adds is masked from then on, whatever others add meanwhile."""
    secrets = Secrets()
    missed: list[str] = []

    def work(name: str) -> None:
        for number in range(40):
            text = f"{name}-{number}-secret"
            secrets.add(text)
            if secrets.mask(text) != "***":
                missed.append(text)

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
    """The set's own repr tells how many secrets there are, and none of them."""
    secrets = Secrets()
    secrets.add("open-sesame")
    assert repr(secrets).startswith("Secrets(")
    assert "sesame" not in repr(secrets)


@pytest.mark.parametrize(
    ("name", "telling"),
    [
        ("db_password", True), ("API-KEY", True), ("API_KEY", True), ("apikey", True), ("AccessToken", True),
        ("private_key", True), ("my_secret_thing", True), ("Authorization", True), ("passphrase", True),
        ("row_limit", False), ("host", False), ("", False), ("keyboard", False),
    ],
)  # fmt: skip
def test_telling_names(name: str, telling: bool) -> None:
    """A name tells by itself whether its value is secret."""
    assert is_sensitive(name) is telling


@given(json_values)
def test_any_value_can_be_added(value: Any) -> None:
    """Any JSON value may be added."""
    secrets = Secrets()
    secrets.add(value)
    if isinstance(value, str) and len(value) >= 3:
        assert secrets.mask(value) == "***"
