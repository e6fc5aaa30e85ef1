"""Airflow's variables: `client.variables`."""

from __future__ import annotations

import os

from dagfloe.call_errors import VariableNotFound
from dagfloe.client._exchange import UNSET, Unset
from dagfloe.errors import DagfloeError
from dagfloe.masking import is_sensitive
from dagfloe.model.record import Record
from dagfloe.values.jsonable import check_jsonable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dagfloe.client._exchange import Exchange
    from dagfloe.messages.v2026_06_16 import DeleteVariable, GetVariable, GetVariableKeys, PutVariable


class VariableKeys(Record):
    """A page of the variables' keys (`VariableKeysResult`).

    Attributes:
        keys: the keys of this page.
        total_entries: the number of keys on all pages.
    """

    keys: tuple[str, ...]
    total_entries: int


class Variables:
    """Reads, writes, deletes and lists variables."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def get(self, key: str, default: Any = UNSET, *, deserialize_json: bool = False) -> Any:
        """Read a variable: from `AIRFLOW_VAR_<KEY>` if the environment has it, else from Airflow.

        Args:
            key: the variable's key.
            default: the return value if there is no such variable.
            deserialize_json: whether to decode the value from JSON.

        Returns:
            The value as a str, or decoded from JSON.

        Raises:
            VariableNotFound: if there is no such variable and no default.
            DagfloeError: if `deserialize_json` is set and the value is not JSON; the message does not show it.
        """
        value: str | None
        try:  # faster than `os.environ.get` if the key is missing, which is nearly always so
            value = os.environ[f"AIRFLOW_VAR_{key.upper()}"]
        except KeyError:
            value = None
        if value is not None:
            if is_sensitive(key):
                self._exchange.secrets.add(value)
                self._exchange.send({"type": "MaskSecret", "value": value, "name": key})
        else:
            body: GetVariable = {"type": "GetVariable", "key": key}
            try:
                value = self._exchange.ask(body, "VariableResult").get("value")
            except VariableNotFound:
                if isinstance(default, Unset):
                    raise
                return default
            if is_sensitive(key):
                self._exchange.secrets.add(value)
        if not deserialize_json or value is None:
            return value
        decoded = _decode(key, value)
        if is_sensitive(key):
            self._exchange.secrets.add(decoded)
        return decoded

    def set(self, key: str, value: Any, description: str | None = None, *, serialize_json: bool = False) -> None:
        """Write a variable.

        Args:
            key: the variable's key.
            value: a str; with `serialize_json`, any value that has a JSON form.
            description: a description, shown in Airflow.
            serialize_json: whether to encode the value as JSON.

        Raises:
            ValueNotSerializableError: if the value has no JSON form.
            DagfloeError: if the value is not a str and `serialize_json` is False.
        """
        if serialize_json:
            import json  # noqa: PLC0415 - only for JSON values

            check_jsonable(value)
            string = json.dumps(value)
        elif isinstance(value, str):
            string = value
        else:
            raise DagfloeError(
                f"variable {key!r} takes a str, not {type(value).__name__}: use str(...) or serialize_json=True"
            )
        if is_sensitive(key):
            self._exchange.secrets.add([value, string])
        body: PutVariable = {"type": "PutVariable", "key": key, "value": string, "description": description}
        self._exchange.send(body)

    def delete(self, key: str) -> None:
        """Delete a variable. If there is no such variable, do nothing."""
        body: DeleteVariable = {"type": "DeleteVariable", "key": key}
        self._exchange.send(body)

    def keys(self, prefix: str | None = None, *, page_size: int = 1000) -> Iterator[str]:
        """All keys. The iterator requests them page by page.

        Args:
            prefix: only keys with this prefix.
            page_size: the number of keys per request, 1 to 10,000.
        """
        offset = 0
        while True:
            page = self.page(prefix, limit=page_size, offset=offset)
            yield from page.keys
            offset += len(page.keys)
            if not page.keys or offset >= page.total_entries:
                return

    def page(self, prefix: str | None = None, *, limit: int = 1000, offset: int = 0) -> VariableKeys:
        """One page of the keys (`GetVariableKeys`).

        Args:
            prefix: only keys with this prefix.
            limit: the maximum number of keys, 1 to 10,000.
            offset: the number of keys to leave out at the start.
        """
        body: GetVariableKeys = {"type": "GetVariableKeys", "prefix": prefix, "limit": limit, "offset": offset}
        reply = self._exchange.ask(body, "VariableKeysResult")
        return VariableKeys(keys=tuple(reply["keys"]), total_entries=reply["total_entries"])


def _decode(key: str, value: str) -> Any:
    import json  # noqa: PLC0415 - only for JSON values

    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        at = f"line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else "its start"
        raise DagfloeError(
            f"variable {key!r} is not JSON (at {at}): correct its value, or read it without deserialize_json"
        ) from None
