"""The process that runs a task over sockets: as a frozen file does, but with the task's module."""

from __future__ import annotations

import json
import sys

from dagfloe.compat.install import install
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.server import serve
from dagfloe.runtime.wire.addresses import parse_address


def main(source: str, comm: str, logs: str) -> int:
    """Serve the supervisor at two addresses.

    Args:
        source: a `TaskSource` as JSON.
        comm: `--comm=` and the address.
        logs: `--logs=` and the address.

    Returns:
        The exit status.
    """
    fields = json.loads(source)
    sys.path[:] = fields["path"]
    if fields["airflow_names"]:
        install()
    config = BundleConfig(
        target="dagfloe.testing._process.served_bundle:bundle",
        name=fields["dag_id"],
        version="0",
        source=fields["file"],
        schema_version=fields["schema_version"],
    )
    return serve(
        config, parse_address(comm.partition("=")[2], "--comm"), parse_address(logs.partition("=")[2], "--logs")
    )


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
