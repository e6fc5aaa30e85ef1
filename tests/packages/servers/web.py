"""A server for HTTP and HTTPS with a certificate of its own, which answers as the services of the rows do."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packages.servers import services
from packages.servers.process import HOST, run_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Handler(BaseHTTPRequestHandler):
    """Answers with what `services.ROUTES` has for the path, and with an echo of the request otherwise."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ssl.SSLError):  # the client went away
            self.close_connection = True

    def _answer(self) -> None:
        body = self._read_body()
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = services.answer(services.Request(self.command, url.path, url.query, body, headers))
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer  # noqa: N815 - names of the standard library

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Write no log."""


@contextmanager
def web(folder: Path) -> Iterator[dict[str, str]]:
    """The server; `web_ca` is the certificate by which clients know the one at `https_url`."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", f"subjectAltName=DNS:localhost,IP:{HOST}"]
    usage = ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]
    run_command([*new, *subject, *usage, "-keyout", str(key), "-out", str(certificate)], folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    plain, secure = (ThreadingHTTPServer((HOST, 0), _Handler) for _ in range(2))
    secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
    threads = [threading.Thread(target=server.serve_forever, daemon=True) for server in (plain, secure)]
    for thread in threads:
        thread.start()
    try:
        yield {
            "http_url": f"http://{HOST}:{plain.server_port}",
            "https_url": f"https://localhost:{secure.server_port}",
            "web_ca": str(certificate),
        }
    finally:
        for server in (plain, secure):
            server.shutdown()
            server.server_close()
