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
MASK = "***"
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
    """A growing set of secret strings."""

    def __init__(self) -> None:
        self._strings: set[str] = set()
        #: The pattern that finds the secrets, and how many it covers. If it covers too few, another thread added some.
        self._compiled: tuple[re.Pattern[str] | None, int] = (None, 0)

    def __repr__(self) -> str:
        return f"Secrets({len(self._strings)} strings)"

    def add(self, value: object) -> None:
        """Mask a string from now on, or every string inside a list, tuple or dict. Other values add nothing."""
        self._strings |= {form for string in _strings(value) for form in _forms(string) if len(form) >= MIN_LENGTH}

    def add_extra(self, extra_text: str | None) -> None:
        """Mask a connection's extra: the whole string, and the values of sensitive keys inside it."""
        self.add(secret_parts(extra_text))

    def forms(self) -> list[str]:
        """Every string that is masked, for the `Secrets` of another process."""
        return list(self._strings)

    def add_forms(self, forms: list[str]) -> None:
        """Mask the strings that `forms` of another object has returned."""
        self._strings |= set(forms)

    def mask(self, string: str) -> str:
        """The string with every secret replaced by `***`."""
        pattern, count = self._compiled
        if count != len(self._strings):
            longest_first = sorted(self._strings, key=len, reverse=True)
            pattern = re.compile("|".join(map(re.escape, longest_first)))
            self._compiled = (pattern, len(longest_first))
        return pattern.sub(MASK, string) if pattern else string

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
        quoted = "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in data)
        yield quoted
        yield quoted.replace("%20", "+")


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
