"""URIs of assets, as Airflow stores them. Pure."""

from __future__ import annotations

from dagfloe.errors import RegistrationError


def normalize_uri(uri: str) -> str:
    """The URI under which Airflow stores an asset, and under which events find it.

    The scheme is in lower case, the path ends without slashes and is at least `/`, the query is sorted, and there is
    neither a fragment nor a password. Providers in Airflow may change URIs of their schemes further.

    Args:
        uri: the author's URI, or any other name.

    Raises:
        RegistrationError: if Airflow reserves its scheme, or it cannot be parsed.
    """
    if (":" not in uri and not uri.startswith("//")) or _is_normal(uri):
        return uri
    from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit  # noqa: PLC0415 - few URIs change

    try:
        parts = urlsplit(uri)
        has_password = bool(parts.password)
    except ValueError as error:
        raise RegistrationError(f"the uri of an Asset, {uri!r}, is not a URI: {error}") from error
    if not parts.scheme or parts.scheme.startswith("x-"):
        return uri
    if parts.scheme == "airflow":
        raise RegistrationError(f"Airflow reserves the scheme of the uri {uri!r}: choose another one")
    return urlunsplit(
        (
            parts.scheme,
            parts.netloc.rpartition("@")[2] if has_password else parts.netloc,
            parts.path.rstrip("/") or "/",
            urlencode(sorted(parse_qsl(parts.query))) if parts.query else "",
            "",
        )
    )


def _is_normal(uri: str) -> bool:
    """Whether a URI is certain to stay as it is: a scheme, a host and a path, without anything else."""
    scheme, _, rest = uri.partition("://")
    return (
        uri.isascii()
        and uri.isprintable()
        and scheme.isalnum()
        and scheme.islower()
        and scheme[0].isalpha()
        and scheme != "airflow"
        and "/" in rest
        and not rest.startswith("/")
        and not rest.endswith("/")
        and not any(character in rest for character in "?#@[]")
    )
