"""HTML that is put together from parts, so that no text can become markup. Pure."""

from __future__ import annotations

import html
import re

#: What HTML cannot carry, or a reader could not see: controls, but for tab and newline, and lone surrogates.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_VOID = frozenset(["br", "meta", "input", "path", "rect", "circle", "use"])


class Html(str):
    """Markup that is finished. Any other text is escaped where it is put."""

    __slots__ = ()


def text(value: str) -> Html:
    """A text as HTML; characters that HTML cannot carry are shown by others."""
    return Html(html.escape(_UNFIT.sub(_visible, value)))


def element(name: str, /, *children: str, **attributes: str | float | None) -> Html:
    """An element.

    Args:
        name: of the element.
        children: `Html` as it is, other texts escaped.
        attributes: `data_task` is the attribute `data-task`, `class_` is `class`; None leaves one out.
    """
    parts = [f"<{name}"]
    for key, value in attributes.items():
        if value is not None:
            shown = value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
            parts.append(f' {key.rstrip("_").replace("_", "-")}="{text(shown)}"')
    if name in _VOID and not children:
        return Html("".join([*parts, "/>"]))
    return Html("".join([*parts, ">", join(*children), f"</{name}>"]))


def join(*children: str) -> Html:
    """Parts, one after the other: `Html` as it is, other texts escaped."""
    return Html("".join(child if isinstance(child, Html) else text(child) for child in children))


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"
