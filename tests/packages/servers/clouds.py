"""Servers that answer as the storage of three clouds does, each with new files on a free port.

`make packages` installs them: moto and gcp-storage-emulator are in `.venvs/packages`, azurite is in `.cache/azurite`.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from packages.servers.process import HOST, find_program, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[3]
_PYTHON_PROGRAMS = _ROOT / ".venvs" / "packages" / "bin"
_NODE_PROGRAMS = _ROOT / ".cache" / "azurite" / "node_modules" / ".bin"
#: Azurite knows one account, whose name and key its documentation publishes.
_AZURE_ACCOUNT = "devstoreaccount1"
_AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextmanager
def s3(folder: Path) -> Iterator[dict[str, str]]:
    """Moto, which answers as the services of Amazon."""
    port = free_port()
    command = [find_program("moto_server", "nothing; run make packages", folders=[_PYTHON_PROGRAMS])]
    with running([*command, "-H", HOST, "-p", str(port)], port, folder):
        yield {"s3_url": f"http://{HOST}:{port}"}


@contextmanager
def gcs(folder: Path) -> Iterator[dict[str, str]]:
    """An emulator of Google's storage."""
    port = free_port()
    command = [find_program("gcp-storage-emulator", "nothing; run make packages", folders=[_PYTHON_PROGRAMS])]
    with running([*command, "start", f"--host={HOST}", f"--port={port}", "--in-memory"], port, folder):
        yield {"gcs_url": f"http://{HOST}:{port}"}


@contextmanager
def azure(folder: Path) -> Iterator[dict[str, str]]:
    """Azurite, which answers as the storage of Azure."""
    port = free_port()
    command = [find_program("azurite-blob", "npm, and run make packages", folders=[_NODE_PROGRAMS])]
    options = ["--blobHost", HOST, "--blobPort", str(port), "--location", str(folder), "--skipApiVersionCheck"]
    with running([*command, *options, "--disableTelemetry"], port, folder):
        address = f"http://{HOST}:{port}/{_AZURE_ACCOUNT}"
        secrets = f"AccountName={_AZURE_ACCOUNT};AccountKey={_AZURE_KEY}"
        yield {"azure_connection": f"DefaultEndpointsProtocol=http;{secrets};BlobEndpoint={address}"}
