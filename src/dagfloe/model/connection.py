"""An Airflow connection, and its URI and JSON forms in environment variables. Pure."""

from __future__ import annotations

import json

from dagfloe.errors import DagfloeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_EXTRA_KEY = "__extra__"
_FIELDS = ("conn_type", "host", "schema", "login", "password", "port", "extra")


class Connection:
    """An Airflow connection (`ConnectionResult`). Its `repr` shows neither password nor extra.

    Args:
        conn_id: the connection's id.
        conn_type: such as `postgres`, `sqlite` or `http`.
        host: the host name; None if it is not set, which differs from an empty string.
        schema: the name of a database, or the like.
        login: the user name.
        password: the password, a secret.
        port: the TCP port.
        extra: a JSON object, as a dict or as a string; a secret.
    """

    __slots__ = ("conn_id", "conn_type", "extra_text", "host", "login", "password", "port", "schema")

    def __init__(
        self,
        conn_id: str,
        conn_type: str,
        *,
        host: str | None = None,
        schema: str | None = None,
        login: str | None = None,
        password: str | None = None,
        port: int | None = None,
        extra: str | Mapping[str, object] | None = None,
    ) -> None:
        self.conn_id = conn_id
        self.conn_type = conn_type
        self.host = host
        self.schema = schema
        self.login = login
        self.password = password
        self.port = port
        self.extra_text: str | None = extra if isinstance(extra, str) or extra is None else json.dumps(extra)

    def __repr__(self) -> str:
        return (
            f"Connection(conn_id={self.conn_id!r}, conn_type={self.conn_type!r}, host={self.host!r}, "
            f"schema={self.schema!r}, port={self.port!r})"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Connection):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    @property
    def extra(self) -> dict[str, object]:
        """The extra as a dict; empty without an extra.

        Raises:
            DagfloeError: if the extra is not a JSON object; the message does not show it.
        """
        if not self.extra_text:
            return {}
        try:
            value = json.loads(self.extra_text)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise DagfloeError(
                f"the extra of connection {self.conn_id!r} is not a JSON object: correct the connection, "
                "or read the string from `extra_text`"
            )
        return value

    @property
    def uri(self) -> str:
        """The connection in Airflow's URI form, which contains the password."""
        from urllib.parse import parse_qsl, quote, urlencode  # noqa: PLC0415 - slow to import, rarely used

        protocol, separator, host = (self.host or "").rpartition("://")
        if protocol == self.conn_type:
            protocol, separator, host = "", "", self.host or ""
        credentials = quote(self.login or "", safe="")
        if self.password is not None:
            credentials += ":" + quote(self.password, safe="")
        if self.login is not None or self.password is not None:
            credentials += "@"
        uri = f"{self.conn_type.lower().replace('_', '-')}://{protocol}{separator}{credentials}{quote(host, safe='')}"
        uri += "" if self.port is None else f":{self.port}"
        if self.schema:
            uri += "/" + quote(self.schema, safe="")
        if self.extra_text:
            uri += "" if self.schema else "/"
            try:
                extra = self.extra
            except DagfloeError:
                extra = {}
            query = urlencode({key: value for key, value in extra.items() if isinstance(value, str)})
            if extra and dict(parse_qsl(query, keep_blank_values=True)) == extra:
                uri += "?" + query
            else:
                uri += "?" + urlencode({_EXTRA_KEY: self.extra_text})
        return uri

    @property
    def extra_dejson(self) -> dict[str, object]:
        """The same as `extra`, under Airflow's name for it."""
        return self.extra

    def get_uri(self) -> str:
        """The same as `uri`, under Airflow's name for it."""
        return self.uri

    @classmethod
    def from_uri(cls, conn_id: str, uri: str) -> Connection:
        """Parse Airflow's URI form, `type://login:password@host:port/schema?key=value`.

        Args:
            conn_id: the id of the new connection.
            uri: the URI; special characters in its parts are percent-encoded.

        Raises:
            DagfloeError: if it is not such a URI; the message does not show it.
        """
        from urllib.parse import parse_qsl, unquote, urlsplit  # noqa: PLC0415 - slow to import, rarely used

        scheme, separator, rest = uri.partition("://")
        protocol, inner_separator, inner = rest.partition("://")
        nested = bool(inner_separator) and not set(protocol) & set("@:/?")
        try:
            parts = urlsplit("//" + (inner if nested else rest))
            port = parts.port
        except ValueError:
            separator, parts, port = "", urlsplit(""), None
        if not separator or not scheme:
            raise _malformed(conn_id, "a URI such as postgres://login:password@host:5432/schema")
        host = unquote(parts.hostname or "")
        if "/" in host:  # a path: urlsplit lowercases host names, which would change a path
            host = unquote(parts.netloc.rpartition("@")[2].partition(":")[0])
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return cls(
            conn_id,
            _normal_type(scheme),
            host=f"{protocol}://{host}" if nested else host,
            schema=unquote(parts.path[1:]),
            login=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            port=port,
            extra=query.get(_EXTRA_KEY) or (query or None),
        )

    @classmethod
    def from_text(cls, conn_id: str, text: str) -> Connection:
        """Parse the value of an `AIRFLOW_CONN_<ID>` variable: a URI, or a JSON object with the fields.

        Raises:
            DagfloeError: if it is neither; the message does not show it.
        """
        if not text.lstrip().startswith("{"):
            return cls.from_uri(conn_id, text)
        try:
            fields = json.loads(text)
            unknown = sorted(set(fields) - set(_FIELDS))
            port = fields.get("port")
            port = int(port) if port not in (None, "") else None
            extra = fields.get("extra")
        except (ValueError, TypeError, RecursionError):
            raise _malformed(conn_id, "a JSON object with conn_type and the other fields") from None
        if unknown:
            raise _malformed(conn_id, f"one of the fields {', '.join(_FIELDS)} instead of {unknown[0]!r}")
        strings = {name: fields.get(name) for name in ("host", "schema", "login", "password")}
        if not all(value is None or isinstance(value, str) for value in (*strings.values(), fields.get("conn_type"))):
            raise _malformed(conn_id, "a string as conn_type, host, schema, login and password")
        if not fields.get("conn_type"):
            raise _malformed(conn_id, "a conn_type")
        if not isinstance(extra, (str, dict, type(None))):
            raise _malformed(conn_id, "an object or a JSON string as extra")
        return cls(conn_id, _normal_type(fields["conn_type"]), port=port, extra=extra, **strings)


def _normal_type(scheme: str) -> str:
    """Airflow's spelling: `postgresql` is `postgres`, and a type's underscores are hyphens in a URI."""
    return "postgres" if scheme == "postgresql" else scheme.replace("-", "_")


def _malformed(conn_id: str, expected: str) -> DagfloeError:
    return DagfloeError(f"connection {conn_id!r} is malformed: expected {expected}")
