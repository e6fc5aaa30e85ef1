"""The secrets that this process has seen, and their removal from text. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType
    from typing import Any

#: Shorter texts are not masked: they would hide half of every log line.
MIN_LENGTH = 3
MASK = "***"
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
#: The names that Airflow takes for telling by default.
_TELLING = (
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
    """Whether a name, of a variable or of a key in an extra, says that its value is secret."""
    name = name.strip().lower()
    if not (name.isascii() and name.isidentifier()):  # as most are, and then there is nothing to replace
        name = re.sub(r"\W+", "_", name)
    return any(word in name for word in _TELLING)


class Secrets:
    """A growing set of secret texts."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        #: What finds the secrets, and how many it knows: with fewer than there are, it was overtaken by another thread.
        self._compiled: tuple[re.Pattern[str] | None, int] = (None, 0)

    def __repr__(self) -> str:
        return f"Secrets({len(self._texts)} texts)"

    def add(self, value: object) -> None:
        """Mask a text from now on, or every text inside a list or map; other values are left alone."""
        self._texts |= {form for text in _texts(value) for form in _forms(text) if len(form) >= MIN_LENGTH}

    def add_extra(self, extra_text: str | None) -> None:
        """Mask a connection's extra: the text as a whole, and the values under telling names inside it."""
        self.add(secret_parts(extra_text))

    def mask(self, text: str) -> str:
        """The text with every secret replaced by `***`."""
        pattern, known = self._compiled
        if known != len(self._texts):
            longest_first = sorted(self._texts, key=len, reverse=True)
            pattern = re.compile("|".join(map(re.escape, longest_first)))
            self._compiled = (pattern, len(longest_first))
        return pattern.sub(MASK, text) if pattern else text

    def mask_value(self, value: Any) -> Any:
        """A copy of a JSON value with every secret in its texts replaced by `***`, and all under telling names."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {
                self.mask(key): MASK if is_sensitive(key) and item is not None else self.mask_value(item)
                for key, item in value.items()
            }
        return [self.mask_value(item) for item in value] if isinstance(value, (list, tuple)) else value


def secret_parts(extra_text: str | None) -> list[str]:
    """What is secret of a connection's extra: the text as a whole, and all texts under telling names inside it."""
    if not isinstance(extra_text, str) or len(extra_text) <= len("{}"):
        return []
    try:
        return [extra_text, *_texts(list(_under_telling_keys(_json().loads(extra_text))))]
    except (ValueError, RecursionError):  # no JSON, or nested too deep to be anybody's extra
        return [extra_text]


def _json() -> ModuleType:
    """Loaded with the first secret: every task pays for imports."""
    import json  # noqa: PLC0415

    return json


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)


def _forms(text: str) -> Iterator[str]:
    """A secret as it is, as it is written in other texts, in texts inside those, and each line of it."""
    for form in {text, *_escaped(text)}:
        yield form
        yield from _escaped(form)
    yield from (line for line in text.splitlines() if len(line) > 7)
    try:
        data = text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which bytes and URIs cannot hold
        return
    yield from _apostrophes(repr(b'"' + data)[3:-1])
    for safe in (_UNRESERVED, _UNRESERVED + b"/"):
        quoted = "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in data)
        yield quoted
        yield quoted.replace("%20", "+")


def _escaped(text: str) -> Iterator[str]:
    """A text as JSON and `repr` write it inside quotes of either kind."""
    yield _json().dumps(text)[1:-1]
    yield _json().dumps(text, ensure_ascii=False)[1:-1]
    yield from _apostrophes(repr('"' + text)[2:-1])


def _apostrophes(escaped: str) -> tuple[str, str]:
    """What `repr` makes inside apostrophes, and inside quotation marks."""
    return escaped, escaped.replace("\\'", "'")


def _under_telling_keys(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for key, item in value.items():
            if is_sensitive(str(key)):
                yield str(item) if isinstance(item, (int, float)) and not isinstance(item, bool) else item
            else:
                yield from _under_telling_keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _under_telling_keys(item)
