"""The XComs of a mapped task as a lazy sequence."""

from __future__ import annotations

from collections.abc import Sequence

from dagfloe.call_errors import NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, SupportsIndex, overload

    from dagfloe.client._exchange import Exchange

#: How many values an iteration reads per request.
_PAGE_SIZE = 100


class LazyXComs(Sequence):  # type: ignore[type-arg]
    """The values that a mapped task pushed, by map index.

    `len()`, an index and a slice take one request; an iteration reads the values in pages. The sequence does not cache
    values.

    Args:
        exchange: sends the requests.
        place: key, dag_id, run_id and task_id of the XComs.
    """

    is_lazy_sequence = True

    def __init__(self, exchange: Exchange, place: Any) -> None:
        self._exchange = exchange
        self._place = place
        self._length: int | None = None

    def __repr__(self) -> str:
        return f"LazyXComs(task_id={self._place['task_id']!r}, key={self._place['key']!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, (str, bytes)):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=False))

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        if self._length is None:
            body = {"type": "GetXComCount", **self._place}
            self._length = self._exchange.ask_for(body, "XComCountResponse", "len")
        return self._length

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: SupportsIndex) -> Any: ...

        @overload
        def __getitem__(self, index: slice) -> list[Any]: ...

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        if isinstance(index, slice):
            return self._slice(index)
        offset = index.__index__()
        body = {"type": "GetXComSequenceItem", **self._place, "offset": offset}
        try:
            value = self._exchange.ask_for(body, "XComSequenceIndexResult", "root")
        except NotFoundError:
            raise IndexError(f"{self!r} has no item {offset}") from None
        return self._exchange.decode_xcom(value, body)

    def __iter__(self) -> Iterator[Any]:
        start = 0
        while page := self._read(start, start + _PAGE_SIZE, 1):
            yield from page
            if len(page) < _PAGE_SIZE:
                return
            start += _PAGE_SIZE

    def _slice(self, index: slice) -> list[Any]:
        if index == slice(None):
            return self._read(None, None, 1)
        start, stop, step = index.start, index.stop, index.step
        if step == 0:
            raise ValueError("slice step cannot be zero")
        if any(bound is not None and bound < 0 for bound in (start, stop, step)):
            # Airflow interprets negative bounds differently from Python, so they are replaced.
            start, stop, step = index.indices(len(self))
        step = 1 if step is None else step
        if step > 0:
            return [] if None not in (start, stop) and start >= stop else self._read(start, stop, step)
        indexes = range(start, stop, step)
        return self._read(indexes[-1], start + 1, -step)[::-1] if indexes else []

    def _read(self, start: int | None, stop: int | None, step: int) -> list[Any]:
        body = {
            "type": "GetXComSequenceSlice",
            **self._place,
            "start": start,
            "stop": stop,
            "step": step,
        }
        values = self._exchange.ask_for(body, "XComSequenceSliceResult", "root")
        decoded: list[Any] = self._exchange.decode_xcom(values, body)
        return decoded
