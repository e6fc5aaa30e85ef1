"""Updates a project that exists: what a person changed stays, and what adopting wrote is replaced. Pure.

A module is compared statement by statement. The record of a project has the digest of everything that was written, so a
statement with another digest was changed by a person.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass
class Update:
    """The new files of a project.

    Attributes:
        files: the content of each file.
        kept: what a person changed and is not replaced: paths, or paths and names.
        digests: the digests of what was written, for the record.
    """

    files: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Chunk:
    """A statement of a module, with the comments and empty lines before it."""

    key: str
    text: str

    @property
    def digest(self) -> str:
        return digest(self.text.strip())


def update_files(wanted: Mapping[str, str], present: Mapping[str, str], digests: Mapping[str, str]) -> Update:
    """Update the files of a project.

    Args:
        wanted: the files as they would be written into an empty folder.
        present: the files that exist.
        digests: what the record has.
    """
    update = Update()
    for path, text in wanted.items():
        old = present.get(path)
        if path.endswith(".py"):
            _update_module(update, path, text, old, digests)
            continue
        update.digests[path] = digest(text)
        was_written = old is None or digest(old) == digests.get(path)
        if old is None or old == text or was_written:
            update.files[path] = text
        else:
            update.files[path] = old
            if update.digests[path] != digests.get(path):  # the Dag file asks for something else now
                update.kept.append(path)
                update.digests[path] = digests.get(path, "")
    return update


def digest(text: str) -> str:
    """The digest of what was written."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _update_module(update: Update, path: str, text: str, old: str | None, digests: Mapping[str, str]) -> None:
    new_chunks = _chunks(text)
    if new_chunks is None:
        raise AssertionError(path)
    old_chunks = None if old is None else _chunks(old)
    if old is None:
        update.files[path] = text
        for chunk in new_chunks:
            update.digests |= _digests(path, chunk)
        return
    if old_chunks is None:
        update.files[path] = old
        update.kept.append(path)
        return
    merged = _merge(update, path, old_chunks, new_chunks, digests)
    update.files[path] = "".join(chunk.text for chunk in merged).strip("\n") + "\n"


def _merge(
    update: Update, path: str, old: Sequence[_Chunk], new: Sequence[_Chunk], digests: Mapping[str, str]
) -> list[_Chunk]:
    """The statements of a module after an update."""
    merged = list(old)
    place = -1  # of the last statement that both have
    for chunk in new:
        name = f"{path} {chunk.key}"
        found = next((index for index, item in enumerate(merged) if item.key == chunk.key), None)
        if found is None:
            place = _place(merged, new, chunk, place)
            merged.insert(place, chunk)
            update.digests |= _digests(path, chunk)
            continue
        place = max(place, found)
        item = merged[found]
        if chunk.key.startswith("with "):
            merged[found] = _merge_block(update, path, item, chunk, digests)
        elif item.digest == chunk.digest:
            update.digests[name] = chunk.digest
        elif item.digest == digests.get(name):
            merged[found] = chunk
            update.digests[name] = chunk.digest
        else:
            _keep(update, path, chunk.key, chunk.digest, digests)
    for item in merged:
        name = f"{path} {item.key}"
        if name in digests:
            update.digests.setdefault(name, digests[name])
    return merged


def _place(merged: Sequence[_Chunk], new: Sequence[_Chunk], chunk: _Chunk, last: int) -> int:
    """Where a new statement goes: a function and its registration go before the block that calls it, or to the end."""
    keys = [item.key for item in new]
    if not any(key.startswith(("def ", "with ")) for key in keys[: keys.index(chunk.key) + 1]):
        return last + 1
    block = next((key for key in keys[keys.index(chunk.key) :] if key.startswith("with ")), "")
    return next((index for index, item in enumerate(merged) if item.key == block), len(merged))


def _digests(path: str, chunk: _Chunk) -> dict[str, str]:
    """What the record has of a statement: of a `with dag:` block, its calls."""
    if not chunk.key.startswith("with "):
        return {f"{path} {chunk.key}": chunk.digest}
    _, calls = _calls(chunk.text)
    return {f"{path} {chunk.key} {key}": digest(code) for key, code in calls.items()}


def _merge_block(update: Update, path: str, old: _Chunk, new: _Chunk, digests: Mapping[str, str]) -> _Chunk:
    """A `with dag:` block after an update, call by call."""
    head, before = _calls(old.text)
    _, after = _calls(new.text)
    for key, code in after.items():
        name = f"{path} {new.key} {key}"
        if key not in before or before[key] == code or digest(before[key]) == digests.get(name):
            before[key] = code
            update.digests[name] = digest(code)
        else:
            _keep(update, path, f"{new.key} {key}", digest(code), digests)
    for key in before:
        name = f"{path} {new.key} {key}"
        if name in digests:
            update.digests.setdefault(name, digests[name])
    return _Chunk(old.key, head + "".join(f"    {line}\n" for code in before.values() for line in code.split("\n")))


def _keep(update: Update, path: str, key: str, wanted: str, digests: Mapping[str, str]) -> None:
    """Keep what a person changed. It is reported until the record knows that the Dag file asks for something else."""
    name = f"{path} {key}"
    known = digests.get(name)
    update.digests[name] = known or ""
    if wanted != known:
        update.kept.append(f"{path}: {key}")


def _chunks(text: str) -> list[_Chunk] | None:
    """The statements of a module; None if it is not Python source code."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = text.splitlines(keepends=True)
    chunks: list[_Chunk] = []
    used: dict[str, int] = {}
    start = 0
    for place, node in enumerate(tree.body):
        end = node.end_lineno or node.lineno
        following = tree.body[place + 1] if place + 1 < len(tree.body) else None
        if following is not None and following.lineno == end:
            continue  # another statement on the same line
        key = _key(node)
        used[key] = used.get(key, 0) + 1
        chunks.append(_Chunk(key if used[key] == 1 else f"{key} {used[key]}", "".join(lines[start:end])))
        start = end
    if "".join(lines[start:]).strip():
        chunks.append(_Chunk("end", "".join(lines[start:])))
    return [_Chunk(item.key, item.text if item.text.endswith("\n") else f"{item.text}\n") for item in chunks]


def _key(node: ast.stmt) -> str:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return f"def {node.name}"
        case ast.Assign(targets=[target]):
            return f"assign {ast.unparse(target)}"
        case ast.AnnAssign():
            return f"assign {ast.unparse(node.target)}"
        case ast.With():
            return f"with {ast.unparse(node.items[0].context_expr)}"
        case ast.Expr(value=ast.Constant()):
            return "docstring"
        case _:
            return ast.unparse(node).split("\n")[0][:200]


def _calls(text: str) -> tuple[str, dict[str, str]]:
    """The head of a `with dag:` block, and the statements of its body by what they call."""
    tree = ast.parse(text)
    block: Any = tree.body[0]
    lines = text.splitlines()
    head = "\n".join(lines[: block.body[0].lineno - 1]) + "\n"
    calls: dict[str, str] = {}
    start = block.body[0].lineno - 1
    for node in block.body:
        end = node.end_lineno or node.lineno
        key = ast.unparse(node).split("(")[0].split(".partial")[0].split(".expand")[0]
        code = "\n".join(line.removeprefix("    ") for line in lines[start:end])
        calls[key if key not in calls else f"{key} {len(calls)}"] = code
        start = end
    return head, calls
