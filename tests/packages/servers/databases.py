"""PostgreSQL, MariaDB and Redis, as Debian has them, each with new files on a free port."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from packages.servers.process import HOST, as_user, find_program, free_port, run_command, running

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def postgres(folder: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL; the user `author` needs no password."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    initdb, server = (find_program(name, "postgresql", folders=programs) for name in ("initdb", "postgres"))
    data, port = folder / "data", free_port()
    create = [initdb, "--username=author", "--auth=trust", "--no-sync", "--encoding=UTF8", f"--pgdata={data}"]
    with _reachable(folder):
        run_command(as_user("postgres", folder, create), folder)
        options = ["-h", HOST, "-p", str(port), "-k", "", "-c", "fsync=off"]
        with running(as_user("postgres", folder, [server, "-D", str(data), *options]), port, folder):
            yield {"postgres_host": HOST, "postgres_port": str(port)}


@contextmanager
def mariadb(folder: Path) -> Iterator[dict[str, str]]:
    """MariaDB; the user `author` has the password `fish` and the database `shop`."""
    create, server = find_program("mariadb-install-db", "mariadb-server"), find_program("mariadbd", "mariadb-server")
    data, port = folder / "data", free_port()
    start = folder / "start.sql"
    grants = (
        "CREATE DATABASE shop",
        "CREATE USER author@'%' IDENTIFIED BY 'fish'",
        "GRANT ALL ON shop.* TO author@'%'",
    )
    start.write_text("".join(f"{statement};\n" for statement in grants))  # the server reads one statement a line
    options = ["--no-defaults", f"--datadir={data}", "--skip-name-resolve"]
    with _reachable(folder):
        install = [create, *options, "--auth-root-authentication-method=normal", "--skip-test-db"]
        run_command(as_user("mysql", folder, install), folder)
        listen = [f"--bind-address={HOST}", f"--port={port}", f"--socket={folder / 's'}", f"--init-file={start}"]
        with running(as_user("mysql", folder, [server, *options, *listen]), port, folder):
            yield {"mariadb_host": HOST, "mariadb_port": str(port)}


@contextmanager
def redis(folder: Path) -> Iterator[dict[str, str]]:
    """Redis without a password."""
    port = free_port()
    command = [find_program("redis-server", "redis-server"), "--bind", HOST, "--port", str(port), "--save", ""]
    with running(command, port, folder):
        yield {"redis_host": HOST, "redis_port": str(port)}


@contextmanager
def _reachable(folder: Path) -> Iterator[None]:
    """Fail early if a server that runs as another user could not reach its folder."""
    if os.geteuid() == 0:
        closed = [path for path in folder.parents if not path.stat().st_mode & 0o001]
        if closed:
            raise SystemExit(f"{closed[-1]} is closed to the users of database servers: use a checkout elsewhere")
    yield
