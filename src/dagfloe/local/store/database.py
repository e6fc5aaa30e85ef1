"""The SQLite file that saves variables, XComs, states, assets and runs from one run to the next."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dagfloe.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

    from dagfloe.local.store.store import Store

#: The file's header identifies the application ("dflo") and the version of the format.
_APPLICATION_ID = 0x64666C6F
_VERSION = 1


class Row(NamedTuple):
    """One saved item.

    Attributes:
        noun: the kind of item, such as `xcom`.
        key: identifies the item among those of its kind; a JSON list.
        value: its value, JSON.
    """

    noun: str
    key: str
    value: str


def make_rows(store: Store) -> list[Row]:
    """Return the rows of everything in a store that outlives a run.

    Raises:
        TypeError: if a value has no JSON form.
    """
    return [Row(item.noun, _to_json(list(item.key)), _to_json(item.value)) for item in store.saved_items()]


def restore_row(store: Store, row: Row) -> None:
    """Put a saved item back into a store.

    Raises:
        ValueError: if the row is damaged. The message does not show its content.
    """
    try:
        store.restore(row.noun, json.loads(row.key), json.loads(row.value))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise ValueError("it does not have the form in which it was written") from None


class Database:
    """A database file. Use it as a `with` block, in one thread. Meanwhile, no other process can use the file.

    The values of tasks may be secret, so only its owner can read a new file.

    Args:
        path: the file. A missing file is created.

    Raises:
        UsageError: on entering, loading and saving, if the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        try:
            with suppress(FileExistsError):
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise UsageError(f"the database {self._path} cannot be created: {error.strerror}") from error
        try:
            self._connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
            self._execute("PRAGMA locking_mode = EXCLUSIVE")
            self._execute("BEGIN EXCLUSIVE")
            self._open()
        except sqlite3.Error as error:
            self._close()
            raise self._unusable(error) from error
        except UsageError:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def load(self, store: Store) -> None:
        """Restore everything that is saved into a store."""
        try:
            rows = self._execute("SELECT noun, key, value FROM kept ORDER BY position")
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        for number, row in enumerate(rows, 1):
            try:
                restore_row(store, Row(*row))
            except ValueError as error:
                raise UsageError(
                    f"the database {self._path} cannot be read: row {number} of its table `kept` is damaged, {error}. "
                    "Delete that row, or use another file"
                ) from error

    def save(self, store: Store) -> None:
        """Replace the file's content by that of a store. If this fails, the file stays as it was."""
        rows = make_rows(store)
        try:
            self._execute("DELETE FROM kept")
            self._open_connection().executemany("INSERT INTO kept (noun, key, value) VALUES (?, ?, ?)", rows)
            self._execute("COMMIT")
            self._execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _open(self) -> None:
        ((owner,),), ((version,),) = self._execute("PRAGMA application_id"), self._execute("PRAGMA user_version")
        if (owner, version) == (0, 0) and not self._execute("SELECT 1 FROM sqlite_master"):
            self._execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            self._execute(f"PRAGMA user_version = {_VERSION}")
            self._execute(
                "CREATE TABLE kept ("
                "position INTEGER PRIMARY KEY, noun TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, "
                "UNIQUE (noun, key))"
            )
        elif owner != _APPLICATION_ID:
            raise UsageError(f"{self._path} is the database of another program: name another file")
        elif version > _VERSION:
            raise UsageError(
                f"the database {self._path} was written by a newer dagfloe, in format {version}; this one knows "
                f"formats up to {_VERSION}: update dagfloe, or name another file"
            )

    def _execute(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(self._open_connection().execute(statement)) as cursor:
            return cursor.fetchall()

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise UsageError(f"the database {self._path} is not open")
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _unusable(self, error: sqlite3.Error) -> UsageError:
        if "locked" in str(error):
            return UsageError(
                f"the database {self._path} is in use: wait for the other run to end, or name another file"
            )
        if "not a database" in str(error):
            return UsageError(f"{self._path} is not a database: name another file")
        return UsageError(f"the database {self._path} cannot be used: {error}")


def _to_json(value: Any) -> str:
    return json.dumps(value, default=_to_iso, separators=(",", ":"))


def _to_iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
