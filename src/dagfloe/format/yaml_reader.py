"""Reads one YAML document of any origin: values of a few types, within limits, or one error. Pure.

PyYAML's scanner and parser are used, and its rules for plain scalars, so that a value means the same as it does for
Airflow. Its composer and constructor are not: they recurse, expand aliases without a limit, and raise errors of any
class.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

from dagfloe.format.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: The limits of a document: its size in bytes, its values and keys, the mappings and lists around one of them, and the
#: characters of a number.
MAX_BYTES, MAX_VALUES, MAX_DEPTH, MAX_NUMBER = 32 << 20, 2_000_000, 100, 400
_MAX_QUOTE = 80
_TAG = "tag:yaml.org,2002:"
_CORE_LISTS = {None, "!", f"{_TAG}seq"}
_CORE_MAPPINGS = {None, "!", f"{_TAG}map"}


def read_yaml(data: bytes) -> Any:
    """Read a document.

    Null, booleans, numbers, dates, strings, lists and mappings are read. Aliases, merge keys and other types are
    refused. If a mapping has a key twice, the last value counts, as in Airflow.

    Args:
        data: the document, in UTF-8.

    Raises:
        ManifestError: if it is not such a document.
    """
    if len(data) > MAX_BYTES:
        raise ManifestError(f"it has {len(data)} bytes, and at most {MAX_BYTES} are allowed")
    try:
        return _Reader().read(_events(data.decode()))
    except ManifestError:
        raise
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ManifestError(f"it is not YAML: {line}{error.problem}") from error
    except Exception as error:  # PyYAML raises errors of any class
        raise ManifestError(f"it is not YAML ({type(error).__name__})") from error


def _events(text: str) -> Iterator[yaml.Event]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is many times as fast, and often installed
    yield from yaml.parse(text, Loader=loader)


class _Reader:
    """Builds the value of a document from its events, without recursion."""

    def __init__(self) -> None:
        self._open: list[list[Any]] = []  # the items of the open lists, and keys and values of the open mappings
        self._count = 0

    def read(self, events: Iterator[yaml.Event]) -> Any:
        """Return the value of the only document; None for an empty one."""
        documents: list[Any] = []
        self._open.append(documents)
        for event in events:
            if isinstance(event, yaml.AliasEvent):
                raise _error(event, "aliases are not allowed: write the value itself")
            if isinstance(event, yaml.ScalarEvent):
                self._add(event, _scalar(event))
            elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                is_list = isinstance(event, yaml.SequenceStartEvent)
                if event.tag not in (_CORE_LISTS if is_list else _CORE_MAPPINGS):
                    raise _error(event, f"the type {_short(event.tag)} is not allowed")
                if len(self._open) > MAX_DEPTH:
                    raise _error(event, f"it is nested deeper than {MAX_DEPTH} levels")
                self._open.append([])
            elif isinstance(event, yaml.SequenceEndEvent):
                self._add(event, self._open.pop())
            elif isinstance(event, yaml.MappingEndEvent):
                self._add(event, _mapping(event, self._open.pop()))
        if len(documents) > 1:
            raise ManifestError("it is not YAML: it has more than one document")
        return documents[0] if documents else None

    def _add(self, event: yaml.Event, value: Any) -> None:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _error(event, f"it has more than {MAX_VALUES} values")
        self._open[-1].append(value)


def _mapping(event: yaml.Event, items: list[Any]) -> dict[Any, Any]:
    keys = items[::2]
    if any(isinstance(key, (list, dict)) for key in keys):
        raise _error(event, "a key of a mapping is a list or a mapping")
    return dict(zip(keys, items[1::2], strict=True))


def _scalar(event: yaml.ScalarEvent) -> Any:
    tag = event.tag
    if tag is None or tag == "!":
        # As PyYAML composes a node: an exclamation mark alone stands for no tag.
        tag = str(_resolver().resolve(ScalarNode, event.value, event.implicit))  # type: ignore[no-untyped-call]
    constructor = _constructors().get(tag)
    if constructor is not None:
        if len(event.value) > MAX_NUMBER:
            raise _error(event, f"a number has more than {MAX_NUMBER} characters")
        try:
            return constructor(ScalarNode(tag, event.value))
        except Exception as error:
            raise _error(event, f"{event.value[:_MAX_QUOTE]!r} is not a value of type {_short(tag)}") from error
    if tag != f"{_TAG}str":
        raise _error(event, f"the type {_short(tag)} is not allowed")
    try:
        event.value.encode()
    except UnicodeEncodeError as error:
        raise _error(event, "a string has half of a character, a lone surrogate") from error
    return event.value


@cache
def _resolver() -> Resolver:
    return Resolver()


@cache
def _constructors() -> Mapping[str, Callable[[ScalarNode], Any]]:
    constructor = SafeConstructor()
    return {
        f"{_TAG}null": constructor.construct_yaml_null,
        f"{_TAG}bool": constructor.construct_yaml_bool,
        f"{_TAG}int": constructor.construct_yaml_int,
        f"{_TAG}float": constructor.construct_yaml_float,
        f"{_TAG}timestamp": constructor.construct_yaml_timestamp,
    }


def _short(tag: str | None) -> str:
    """A type as YAML writes it, such as `!!int`."""
    return str(tag).replace(_TAG, "!!", 1)[:_MAX_QUOTE]


def _error(event: yaml.Event, problem: str) -> ManifestError:
    line = f"line {event.start_mark.line + 1}: " if event.start_mark else ""
    return ManifestError(line + problem)
