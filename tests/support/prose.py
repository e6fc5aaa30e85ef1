"""The prose of the documentation and of the shipped code, and the phrases that it must not contain."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.blocks import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Phrase:
    """A phrase that readers have to read twice.

    Attributes:
        pattern: a regular expression; a space stands for any white space, and case does not matter.
        wrong: an example, which the pattern finds.
        right: the same in plain English, in which the pattern finds nothing.
    """

    pattern: str
    wrong: str
    right: str

    def search(self, prose: str) -> Iterator[re.Match[str]]:
        """Find the phrase in a string."""
        return re.finditer(self.pattern.replace(" ", r"\s+"), prose, re.IGNORECASE)


PHRASES = (
    Phrase(r"\b(am|is|are|was|were|be|been|being) (not )?told\b", "the loader is told of none", "the loader gets none"),
    Phrase(r"\b(tell|tells|told|telling) of\b", "Tell of the outlets.", "Report the outlets."),
    Phrase(r"\b(is|are|was|were|be|been) said\b", "what is said on stderr", "what the launcher prints to stderr"),
    Phrase(
        r"(?<!there)(?<!\s) (is|are|was|were) no (?!longer\b|more\b|less\b|fewer\b|newer\b|older\b|other\b)[a-z]",
        "The id is no UUID.",
        "The id is not a UUID, and there is no other id.",
    ),
    Phrase(r"\bthere (is|are|was|were) none\b", "if there is none", "if no file exists"),
    Phrase(r"\b(that|which) (is|are|was|were) none\b", "a cron text that is none", "an invalid cron expression"),
    Phrase(r"\bof which (none|one|some|most)\b", "files, of which none is read", "files; dagfloe reads no file"),
    Phrase(r"\bin the place of\b", "a value in the place of the default", "a value instead of the default"),
    Phrase(r"\bmend(s|ed|ing)?\b", "It is for the author to mend.", "The author fixes the task."),
    Phrase(r"\banew\b", "the next start makes it anew", "the next start creates it again"),
    Phrase(r"\ba text\b(?! (file|editor|node|stream)\b)|\btexts\b", "returns a text", "returns a string"),
    Phrase(r"\ba map\b(?! index\b)|\bmaps\b(?= (of|with)\b)", "a map of names", "a dict of names with a map index"),
    Phrase(r"\bwhat (becomes|became|comes) of\b", "what becomes of the task", "how the task ends"),
    Phrase(
        r"\bso (late|long|often|soon|many) (does|do|did|may|can|will)\b",
        "so late does a task learn it",
        "the task learns it then",
    ),
    Phrase(
        r"\b(for|after) so (long|many|few)\b", "what was not started for so long", "what was not started for 30 days"
    ),
    Phrase(r"\bwhen (it|they) (is|are) asked\b", "It answers when it is asked.", "It answers each request."),
    Phrase(
        r"\b(one|a (line|row|file)) an? (processor|line|row|file|value|bundle|task|Dag|day|month|host)\b",
        "files, one a processor",
        "one file for each processor",
    ),
    Phrase(
        r"(?<!stay)(?<!\s) as (it is|they are)\b(?=[,.;:)]|$| in (the|its|their)\b)",
        "runs a project as it is.",
        "runs a project without freezing it.",
    ),
    Phrase(r"\bwhose (it|they) (is|are)\b", "the user whose it is", "its owner"),
    Phrase(
        r"\b(that|which|what) (is|are|was|were) there\b",
        "over a file that is there",
        "over an existing file",
    ),
    Phrase(r"\bsees? to (it|the|that|its)\b", "sees to the end of its children", "ends its child processes"),
    Phrase(r"\b(is|are) (not )?spared\b|\bspares\b", "verify=False spares that", "verify=False skips this check"),
)

_CODE_SUFFIXES = (".c", ".css", ".h", ".html", ".in", ".j2", ".js", ".json", ".py", ".svg", ".toml")
_FENCED = re.compile(r"(?ms)^ *(```+).*?^ *\1 *$")
_CODE = re.compile(r"(?s)(`+)(?!`)(?:(?!\n\n).)+?(?<!`)\1(?!`)")
_C_PROSE = re.compile(r'/\*(.*?)\*/|//([^\n]*)|"((?:[^"\\\n]|\\.)*)"', re.DOTALL)


def markdown_files() -> list[Path]:
    """The documentation's pages, and the pages at the top of the repository."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def code_files() -> list[Path]:
    """List the code except that of tests, and the Makefile; generated files are left out."""
    folders = [ROOT / name for name in ("src", "runtime", "build", "cli", "bundles", "benchmarks", "docs")]
    paths = [path for folder in folders for path in folder.rglob("*") if path.suffix in _CODE_SUFFIXES]
    alone = [ROOT / "Makefile", ROOT / "hatch_build.py", ROOT / "schemas" / "generate.py"]
    return [*alone, *sorted(path for path in paths if not _is_generated(path))]


def _is_generated(path: Path) -> bool:
    return path.parent.name == "messages" and path.name.startswith("v")


def read_prose(path: Path) -> Iterator[tuple[int, str]]:
    """Read the parts of a file that people read, with the number of their first line.

    This is everything except code in Markdown, docstrings, comments and strings in Python, comments and strings in C,
    and everything in other files.
    """
    content = path.read_text("utf-8")
    if path.suffix == ".md":
        yield 1, _CODE.sub(_blank, _FENCED.sub(_blank, content))
    elif path.suffix == ".py":
        yield from _python_strings(content)
        yield from _python_comments(content)
    elif path.suffix in (".c", ".h"):
        for match in _C_PROSE.finditer(content):
            yield content.count("\n", 0, match.start()) + 1, re.sub(r"\n[ \t]*\*", "\n", match[0])
    else:
        yield 1, content


def find_phrases(path: Path) -> list[str]:
    """Find the phrases in a file: each with its place, and with the examples of the phrase."""
    return [
        f"{path.relative_to(ROOT)}:{first + prose.count(chr(10), 0, match.start())}: {' '.join(match[0].split())} "
        f"(not {phrase.wrong!r}, but {phrase.right!r})"
        for first, prose in read_prose(path)
        for phrase in PHRASES
        for match in phrase.search(prose)
    ]


def _blank(code: re.Match[str]) -> str:
    """Replace code by as many line breaks."""
    return "…" + "\n" * code[0].count("\n")


def _python_strings(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _python_comments(source: str) -> Iterator[tuple[int, str]]:
    """Join comments on adjacent lines."""
    first, lines = 0, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if lines and token.start[0] != first + len(lines):
            yield first, "\n".join(lines)
            lines = []
        if not lines:
            first = token.start[0]
        lines.append(token.string.lstrip("#:").strip())
    if lines:
        yield first, "\n".join(lines)
