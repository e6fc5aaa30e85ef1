"""Builds Python source code, in the layout of `ruff format`. Data becomes literals and nothing else. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dagfloe.format.errors import StubError

#: The longest line that a formatter leaves alone, and the columns of one level.
WIDTH, INDENT = 88, 4
#: How deeply values may be nested, so that Python's compiler reads them.
MAX_DEPTH = 40
#: Formatters agree that printable characters below this one take one column.
_FIRST_WIDE = 0x300


@dataclass(frozen=True, slots=True)
class Listing:
    """Code between brackets: on one line, or with a line for every item.

    Attributes:
        opening: the code before the items: `[`, `{`, or `name(`; without items, also a name alone.
        items: pairs of a prefix, such as `name=`, and the code of an item.
        closing: the closing bracket.
    """

    opening: str
    items: tuple[tuple[str, Code], ...]
    closing: str

    def one_line(self) -> str:
        """The code on one line."""
        return self.opening + ", ".join(prefix + one_line(item) for prefix, item in self.items) + self.closing


@dataclass(frozen=True, slots=True)
class MultilineString:
    """A string of several lines: one literal, or one for every line.

    Attributes:
        joined: the one literal.
        parts: the literals of the lines.
    """

    joined: str
    parts: tuple[str, ...]

    def one_line(self) -> str:
        """The code on one line."""
        return self.joined


Code = str | Listing | MultilineString


class Writer:
    """Collects the lines of a file.

    Attributes:
        lines: the lines.
        called: the names that the code calls.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.called: set[str] = set()

    def line(self, depth: int, content: str) -> None:
        """Add a line.

        Args:
            depth: its indentation, in columns.
            content: its code; an empty line has none.
        """
        self.lines.append(" " * depth + content if content else "")

    def code(self, depth: int, code: Code, before: str = "", after: str = "") -> None:
        """Add code in the layout of a formatter; arguments as for `lay_out`."""
        self._collect_calls(code)
        self.line(depth, lay_out(code, depth, before, after))

    def _collect_calls(self, code: Code) -> None:
        if isinstance(code, Listing):
            self.called.add(code.opening.lstrip("@").partition("(")[0].partition(".")[0])
            for _, item in code.items:
                self._collect_calls(item)


def one_line(code: Code) -> str:
    """The code on one line."""
    return code if isinstance(code, str) else code.one_line()


def call(name: str, /, *args: Code, **kwargs: Code) -> Listing:
    """A call, or the head of a definition."""
    named = tuple((f"{key}=", value) for key, value in kwargs.items())
    return Listing(f"{name}(", (*(("", value) for value in args), *named), ")")


def attribute(name: str) -> Listing:
    """A name that is imported, or an attribute of one."""
    return Listing(name, (), "")


def array(items: list[Code]) -> Listing:
    """A list."""
    return Listing("[", tuple(("", item) for item in items), "]")


def lay_out(code: Code, depth: int, before: str = "", after: str = "") -> str:
    """Lay code out on one line, or on several if it is too long.

    Args:
        code: the code.
        depth: its indentation, in columns.
        before: code before it, on the same line.
        after: code after it, on the same line.
    """
    line = before + one_line(code) + after
    if isinstance(code, str) or depth + len(line) <= WIDTH:
        return line
    inner = depth + INDENT
    if isinstance(code, MultilineString):
        if inner + len(code.joined) <= WIDTH:  # a formatter would join the lines
            return line
        return "\n".join([f"{before}(", *(" " * inner + part for part in code.parts), " " * depth + f"){after}"])
    if not code.items:
        return line
    lines = [" " * inner + lay_out(item, inner, name, ",") for name, item in code.items]
    # The comma after the last item keeps formatters from joining the lines.
    return "\n".join([before + code.opening, *lines, " " * depth + code.closing + after])


def string_literal(value: str) -> str:
    """A string literal with printable characters only, in the quotes that need fewer escapes."""
    quote = "'" if value.count('"') > value.count("'") else '"'
    return quote + "".join(_escape(character, quote) for character in value) + quote


def literal(value: Any, depth: int = 0) -> Code:
    """The code of a JSON value. The keys of mappings are sorted, as in the manifest of a bundle file.

    Args:
        value: the value.
        depth: how many lists and mappings are around it.

    Raises:
        StubError: if it has no JSON form, or is nested too deeply for Python's compiler.
    """
    if depth > MAX_DEPTH:
        raise StubError(f"a value is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        lines = value.splitlines(keepends=True)
        if len(lines) < 2:
            return string_literal(value)
        return MultilineString(string_literal(value), tuple(map(string_literal, lines)))
    if isinstance(value, list):
        return array([literal(item, depth + 1) for item in value])
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        items = ((f"{string_literal(key)}: ", literal(item, depth + 1)) for key, item in sorted(value.items()))
        return Listing("{", tuple(items), "}")
    is_finite = not isinstance(value, float) or value - value == 0
    if value is None or (isinstance(value, (bool, int, float)) and is_finite):
        try:
            return repr(value).replace("e+", "e")
        except ValueError:  # an integer of thousands of digits
            pass
    raise StubError(f"a value of type {type(value).__name__} has no JSON form")


def _escape(character: str, quote: str) -> str:
    if character in (quote, "\\"):
        return f"\\{character}"
    if character.isprintable() and ord(character) < _FIRST_WIDE:
        return character
    return ascii(character)[1:-1]
