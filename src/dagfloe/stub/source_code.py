"""Python code as text, laid out as `ruff format` leaves it. Data goes in as literals only. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dagfloe.format.errors import StubError

WIDTH = 88
_INDENT = 4
_MAX_DEPTH = 40
#: Up to here every printable character takes one column, whatever the formatter.
_NARROW = 0x300


@dataclass(frozen=True, slots=True)
class Listing:
    """Code between brackets, on one line or with a line for each item.

    Attributes:
        opening: what stands before the items: `[`, `{`, or `name(`.
        items: for each item what stands before it, such as `name=`, and its code.
        closing: the bracket at the end.
    """

    opening: str
    items: tuple[tuple[str, Code], ...]
    closing: str

    def flat(self) -> str:
        """All on one line."""
        return self.opening + ", ".join(before + flat(item) for before, item in self.items) + self.closing


@dataclass(frozen=True, slots=True)
class Lines:
    """A text of several lines, as one literal, or as one for each line.

    Attributes:
        joined: the one literal.
        parts: the others.
    """

    joined: str
    parts: tuple[str, ...]

    def flat(self) -> str:
        """All on one line."""
        return self.joined


Code = str | Listing | Lines


class Writer:
    """Gathers the lines of a file.

    Attributes:
        lines: what was written.
        used: the names that the code calls.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.used: set[str] = set()

    def line(self, depth: int, content: str) -> None:
        """Write a line, or an empty one."""
        self.lines.append(" " * depth + content if content else "")

    def code(self, depth: int, code: Code, before: str = "", after: str = "") -> None:
        """Write code, and what is on its line before and after it."""
        self._use(code)
        self.line(depth, lay_out(code, depth, before, after))

    def _use(self, code: Code) -> None:
        if isinstance(code, Listing):
            self.used.add(code.opening.lstrip("@").partition("(")[0].partition(".")[0])
            for _, item in code.items:
                self._use(item)


def flat(code: Code) -> str:
    """Code on one line."""
    return code if isinstance(code, str) else code.flat()


def call(name: str, /, *args: Code, **kwargs: Code) -> Listing:
    """A call, or the head of a definition."""
    named = tuple((f"{key}=", value) for key, value in kwargs.items())
    return Listing(f"{name}(", (*(("", value) for value in args), *named), ")")


def array(items: list[Code]) -> Listing:
    """A list."""
    return Listing("[", tuple(("", item) for item in items), "]")


def lay_out(code: Code, depth: int, before: str = "", after: str = "") -> str:
    """Code as it is written.

    Args:
        code: the code.
        depth: how deep it is indented, in columns.
        before: what is on the same line before it.
        after: what is on the same line after it.
    """
    one_line = before + flat(code) + after
    if isinstance(code, str) or depth + len(one_line) <= WIDTH:
        return one_line
    inner = depth + _INDENT
    if isinstance(code, Lines):
        if inner + len(code.joined) <= WIDTH:  # a formatter would join the lines
            return one_line
        return "\n".join([f"{before}(", *(" " * inner + part for part in code.parts), " " * depth + f"){after}"])
    if not code.items:
        return one_line
    lines = [" " * inner + lay_out(item, inner, name, ",") for name, item in code.items]
    # The comma after the last item keeps formatters from joining the lines.
    return "\n".join([before + code.opening, *lines, " " * depth + code.closing + after])


def text(value: str) -> str:
    """A text as a literal: in double quotes where that needs no more escapes, with nothing that is not printable."""
    quote = "'" if value.count('"') > value.count("'") else '"'
    return quote + "".join(_character(each, quote) for each in value) + quote


def literal(value: Any, depth: int = 0) -> Code:
    """A value that has a JSON form as code; the keys of maps are sorted, as in a bundle file's manifest.

    Raises:
        StubError: when it has none, or is nested too deeply to be compiled.
    """
    if depth > _MAX_DEPTH:
        raise StubError(f"a value is nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, str):
        lines = value.splitlines(keepends=True)
        return Lines(text(value), tuple(map(text, lines))) if len(lines) > 1 else text(value)
    if isinstance(value, list):
        return array([literal(item, depth + 1) for item in value])
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return Listing(
            "{", tuple((f"{text(key)}: ", literal(item, depth + 1)) for key, item in sorted(value.items())), "}"
        )
    is_finite = not isinstance(value, float) or value - value == 0
    if value is None or (isinstance(value, (bool, int, float)) and is_finite):
        try:
            return repr(value).replace("e+", "e")
        except ValueError:  # a whole number of thousands of digits
            pass
    raise StubError(f"a value of type {type(value).__name__} has no JSON form")


def _character(character: str, quote: str) -> str:
    if character in (quote, "\\"):
        return f"\\{character}"
    if character.isprintable() and ord(character) < _NARROW:
        return character
    return ascii(character)[1:-1]
