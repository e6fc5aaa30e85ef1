"""The SQLite file that keeps variables, XComs, states, assets and runs from one run to the next."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from dagfloe.errors import UsageError
from dagfloe.local.store.rows import Row, put_back, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

    from dagfloe.local.store.store import Store

#: Says in the file's header whose database it is ("dflo"), and in which form.
_APPLICATION_ID = 0x64666C6F
_VERSION = 1


class Database:
    """A database file. Use it as a `with` block, in one thread; nobody else can use the file meanwhile.

    What tasks wrote may be secret: a new file opens for its owner only.

    Args:
        path: the file; made when there is none.

    Raises:
        UsageError: on entering, loading and saving: when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        try:
            with suppress(FileExistsError):
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise UsageError(f"the database {self._path} cannot be made: {error.strerror}") from error
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
        """Put all that was kept into a store."""
        try:
            rows = self._execute("SELECT noun, key, value FROM kept ORDER BY position")
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        for number, row in enumerate(rows, 1):
            try:
                put_back(store, Row(*row))
            except ValueError as error:
                raise UsageError(
                    f"the database {self._path} cannot be read: row {number} of its table `kept` is damaged, {error}. "
                    "Delete that row, or use another file"
                ) from error

    def save(self, store: Store) -> None:
        """Keep all that is to be kept of a store, and nothing else: everything, or on a failure what was there."""
        rows = rows_of(store)
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
                f"the database {self._path} was written by a newer dagfloe, in form {version}; this one knows forms up "
                f"to {_VERSION}: update dagfloe, or name another file"
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
            return UsageError(f"{self._path} is no database: name another file")
        return UsageError(f"the database {self._path} cannot be used: {error}")
