"""A package index on this host, which may ask for a password."""

from __future__ import annotations

import base64
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _project_of(wheel: Path) -> str:
    return canonicalize_name(wheel.name.partition("-")[0])


class PackageIndex:
    """Serves the wheels of a folder as an index of PEP 503.

    Args:
        folder: the folder.
        credentials: `user:password` that every request needs; empty for none.

    Attributes:
        url: the index's URL, without credentials.
        paths: the paths of the requests that were answered, as they were sent.
    """

    def __init__(self, folder: Path, credentials: str = "") -> None:
        expected = f"Basic {base64.b64encode(credentials.encode()).decode()}" if credentials else None
        self.paths: list[str] = []
        paths = self.paths

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                if self.headers.get("Authorization") != expected:
                    self.answer(401, b"", {"WWW-Authenticate": "Basic realm=x"})
                    return
                paths.append(self.path)
                parts = [part for part in self.path.partition("/simple")[2].split("/") if part]
                wheels = [path for path in folder.glob("*.whl") if parts == [_project_of(path)]]
                if "/files/" in self.path:
                    self.answer(200, (folder / self.path.rpartition("/")[2]).read_bytes(), {})
                elif wheels:
                    links = "".join(f'<a href="/files/{path.name}">{path.name}</a>' for path in wheels)
                    self.answer(200, f"<html><body>{links}</body></html>".encode(), {"Content-Type": "text/html"})
                else:
                    self.answer(404, b"", {})

            def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}/simple"

    @contextmanager
    def running(self) -> Iterator[PackageIndex]:
        """Answer requests until the end of the block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
