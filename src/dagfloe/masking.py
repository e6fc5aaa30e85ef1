"""Secrets that this process knows, and their removal from strings. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType
    from typing import Any

#: Shorter strings are not masked: they would hide half of every log line.
MIN_LENGTH = 3
#: Longer secrets are masked as pieces of this length, each of which overlaps the next one by a character.
MAX_PIECE = 128
MASK = "***"
#: For up to this many different starts of secrets, one pattern finds them. Python compiles it again for each new one.
_MAX_STARTS = 64
_START_LENGTH = 8
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
#: The parts of a name for which Airflow masks the value by default.
_SENSITIVE = (
    "access_key",
    "api_key",
    "apikey",
    "auth_header",
    "authorization",
    "bearer",
    "connection_string",
    "dsn",
    "keyfile_dict",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "proxy",
    "proxies",
    "secret",
    "service_account",
    "service_key",
    "token",
    "webhook_url",
)


@lru_cache(1024)
def is_sensitive(name: str) -> bool:
    """Whether the name of a variable, or of a key in an extra, suggests that its value is secret."""
    name = name.strip().lower()
    if not (name.isascii() and name.isidentifier()):  # most names need no replacement
        name = re.sub(r"\W+", "_", name)
    return any(word in name for word in _SENSITIVE)


class Secrets:
    """A growing set of secret strings.

    The cost of adding is proportional to the size of the added secrets, and the cost of masking to the size of the
    string, whatever the number of secrets. Secrets longer than `MAX_PIECE` are masked piece by piece. Methods may run
    in several threads at the same time, without a lock: each change of a set or a dict is atomic, and comes before
    those that make it visible.
    """

    def __init__(self) -> None:
        #: The secrets and the pieces of long ones.
        self._strings: set[str] = set()
        #: The lengths of the strings, as an ordered set, by their first `MIN_LENGTH` characters.
        self._lengths: dict[str, dict[int, None]] = {}
        #: The first characters of all strings, as long as there are few.
        self._starts: set[str] = set()
        #: The pattern that finds the starts, and how many it covers. If it covers too few, another thread added some.
        self._compiled: tuple[re.Pattern[str] | None, int] = (None, 0)

    def __repr__(self) -> str:
        return f"Secrets({len(self._strings)} strings)"

    def add(self, value: object) -> None:
        """Mask a string from now on, or every string inside a list, tuple or dict. Other values add nothing."""
        for string in _strings(value):
            for form in set(_forms(string)):
                for piece in _pieces(form):
                    self._add_string(piece)

    def add_extra(self, extra_text: str | None) -> None:
        """Mask a connection's extra: the whole string, and the values of sensitive keys inside it."""
        self.add(secret_parts(extra_text))

    def forms(self) -> list[str]:
        """Every string that is masked, for the `Secrets` of another process."""
        return list(self._strings)

    def add_forms(self, forms: list[str]) -> None:
        """Mask the strings that `forms` of another object has returned."""
        for form in forms:
            self._add_string(form)

    def mask(self, string: str) -> str:
        """The string with `***` for every secret, and for every run of secrets that overlap."""
        if not self._starts:
            return string
        pattern = self._pattern()
        if pattern is not None and pattern.search(string) is None:
            return string
        parts: list[str] = []
        rest = 0  # where the part begins that is not yet in `parts`
        begin = end = 0
        for position in self._candidates(string, pattern):
            length = self._longest(string, position)
            if not length:
                continue
            if position >= end:  # not part of the same run
                if end:
                    parts += (string[rest:begin], MASK)
                    rest = end
                begin = position
            end = max(end, position + length)
        if end:
            parts += (string[rest:begin], MASK)
        parts.append(string[end:])
        return "".join(parts)

    def mask_value(self, value: Any) -> Any:
        """A copy of a JSON value with `***` for every secret in its strings, and for the values of sensitive keys."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {
                self.mask(key): MASK if is_sensitive(key) and item is not None else self.mask_value(item)
                for key, item in value.items()
            }
        return [self.mask_value(item) for item in value] if isinstance(value, (list, tuple)) else value

    def _add_string(self, string: str) -> None:
        if string in self._strings:
            return
        self._strings.add(string)
        self._lengths.setdefault(string[:MIN_LENGTH], {})[len(string)] = None
        if len(self._starts) <= _MAX_STARTS:
            self._starts.add(string[:_START_LENGTH])

    def _pattern(self) -> re.Pattern[str] | None:
        """The pattern that finds the start of every secret; None if there are too many."""
        if len(self._starts) > _MAX_STARTS:
            return None
        pattern, count = self._compiled
        if pattern is None or count != len(self._starts):
            starts = sorted(self._starts)
            pattern = re.compile("|".join(map(re.escape, starts)))
            self._compiled = (pattern, len(starts))
        return pattern

    def _candidates(self, string: str, pattern: re.Pattern[str] | None) -> Iterator[int]:
        """The positions at which a secret may begin, in order."""
        if pattern is None:
            lengths = self._lengths
            for position in range(len(string) - MIN_LENGTH + 1):
                if string[position : position + MIN_LENGTH] in lengths:
                    yield position
            return
        match = pattern.search(string)
        while match:
            yield match.start()
            match = pattern.search(string, match.start() + 1)

    def _longest(self, string: str, position: int) -> int:
        """The length of the longest secret that begins at a position, or 0."""
        for length in sorted(self._lengths.get(string[position : position + MIN_LENGTH], ()), reverse=True):
            if string[position : position + length] in self._strings:
                return length
        return 0


def secret_parts(extra_text: str | None) -> list[str]:
    """The secrets in a connection's extra: the whole string, and the strings under sensitive keys inside it."""
    if not isinstance(extra_text, str) or len(extra_text) <= len("{}"):
        return []
    try:
        return [extra_text, *_strings(list(_sensitive_values(_json().loads(extra_text))))]
    except (ValueError, RecursionError):  # not JSON, or nested too deeply
        return [extra_text]


def _json() -> ModuleType:
    """The json module, imported for the first secret: every task pays for imports."""
    import json  # noqa: PLC0415

    return json


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)


def _forms(string: str) -> Iterator[str]:
    """A secret itself, its escaped forms, their escaped forms, and the secret's lines."""
    for form in {string, *_escaped(string)}:
        yield form
        yield from _escaped(form)
    yield from (line for line in string.splitlines() if len(line) > 7)
    try:
        data = string.encode()
    except UnicodeEncodeError:  # a lone surrogate; bytes and URIs cannot hold it
        return
    yield from _quoted_forms(repr(b'"' + data)[3:-1])
    for safe in (_UNRESERVED, _UNRESERVED + b"/"):
        table = [chr(byte) if byte in safe else f"%{byte:02X}" for byte in range(256)]
        quoted = "".join(map(table.__getitem__, data))
        yield quoted
        yield quoted.replace("%20", "+")


def _pieces(form: str) -> Iterator[str]:
    """The strings to look for: the form itself, or pieces that together cover it. Nothing for a short one."""
    last = len(form) - MAX_PIECE
    if last <= 0:
        if len(form) >= MIN_LENGTH:
            yield form
        return
    for begin in range(0, last, MAX_PIECE - 1):
        yield form[begin : begin + MAX_PIECE]
    yield form[last:]


def _escaped(string: str) -> Iterator[str]:
    """A string as JSON and `repr` write it inside quotes of either kind."""
    yield _json().dumps(string)[1:-1]
    yield _json().dumps(string, ensure_ascii=False)[1:-1]
    yield from _quoted_forms(repr('"' + string)[2:-1])


def _quoted_forms(escaped: str) -> tuple[str, str]:
    """The string as `repr` writes it inside single quotes, and inside double quotes."""
    return escaped, escaped.replace("\\'", "'")


def _sensitive_values(value: object) -> Iterator[object]:
    """The values under sensitive keys, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            if is_sensitive(str(key)):
                yield str(item) if isinstance(item, (int, float)) and not isinstance(item, bool) else item
            else:
                yield from _sensitive_values(item)
    elif isinstance(value, list):
        for item in value:
            yield from _sensitive_values(item)
