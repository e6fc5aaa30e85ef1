"""The servers of the rows. Each is a context manager that yields the variables which the tasks read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.servers.clouds import azure, gcs, s3
from packages.servers.databases import mariadb, postgres, redis
from packages.servers.web import web

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

#: A server by its name. The argument is a new folder for its files.
SERVERS: dict[str, Callable[[Path], AbstractContextManager[dict[str, str]]]] = {
    "azure": azure,
    "gcs": gcs,
    "mariadb": mariadb,
    "postgres": postgres,
    "redis": redis,
    "s3": s3,
    "web": web,
}
