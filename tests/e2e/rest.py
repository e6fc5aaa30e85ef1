"""Requests to the REST API of an Airflow: HTTP, JSON and the login."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST_TIMEOUT_S = 30
NOT_FOUND = 404


class ApiError(Exception):
    """A request that Airflow refused.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, request: str, status: int, answer: str) -> None:
        super().__init__(f"{request} was answered with {status}: {answer}")
        self.status = status


class Rest:
    """Requests to one Airflow.

    Args:
        url: the URL of its web page.
        login: returns name and password, if the Airflow has a login.
    """

    def __init__(self, url: str, login: Callable[[], tuple[str, str]] | None = None) -> None:
        self.url = url
        self._login = login
        self._token: str | None = None
        self._writing = threading.Lock()  # SQLite has one writer; two in one API server can wait for each other

    def get(self, path: str, **query: object) -> Any:
        """Send GET to a path below `/api/v2`."""
        return self._request("GET", path, query)

    def get_ui(self, path: str, **query: object) -> Any:
        """Send GET to a path below `/ui`, from which the web page gets what the public API does not have."""
        return self._request("GET", path, query, base="ui")

    def post(self, path: str, body: object = None, **query: object) -> Any:
        """Send POST."""
        return self._request("POST", path, query, body)

    def patch(self, path: str, body: object = None, **query: object) -> Any:
        """Send PATCH."""
        return self._request("PATCH", path, query, body)

    def put(self, path: str, body: object = None, **query: object) -> Any:
        """Send PUT."""
        return self._request("PUT", path, query, body)

    def delete(self, path: str, **query: object) -> Any:
        """Send DELETE."""
        return self._request("DELETE", path, query)

    def _request(self, method: str, path: str, query: dict[str, Any], body: object = None, base: str = "api/v2") -> Any:
        if self._token is None and path != "monitor/health":
            self._token = self._request_token()
        url = f"{self.url}/{base}/{path}" + (f"?{urllib.parse.urlencode(query, doseq=True)}" if query else "")
        if method == "GET":
            return self._send(method, url, body)
        with self._writing:
            return self._send(method, url, body)

    def _request_token(self) -> str:
        url = f"{self.url}/auth/token"
        if self._login is None:
            return str(self._send("GET", url)["access_token"])
        name, password = self._login()
        return str(self._send("POST", url, {"username": name, "password": password})["access_token"])

    def _send(self, method: str, url: str, body: object = None) -> Any:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - http on loopback
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_S) as response:  # noqa: S310 - as above
                return json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(f"{method} {url}", error.code, error.read().decode(errors="replace")) from None


def path_of(*parts: str) -> str:
    """Join names with any characters to a path below `/api/v2`."""
    return "/".join(urllib.parse.quote(part, safe="") for part in parts)
