"""pip's configuration, as the variables with which uv does the same.

Hosts that reach packages only through an index of their own, a proxy or a certificate say so in pip's configuration.
uv does not read it. So dagfloe passes on each setting for which uv has none of its own. They are passed as variables
of the process, because a command line can be read by every user of the host, and an index's URL may hold a password.
"""

from __future__ import annotations

import configparser
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CONFIG_NAME = "pip.conf"
#: Sections of pip's configuration that count for an installation; the later one wins.
_SECTIONS = ("global", "install")
#: What pip's providers of passwords correspond to. Its default asks nobody, as uv's.
_KEYRING_PROVIDERS = {"subprocess": "subprocess", "import": "subprocess", "disabled": "disabled"}
#: uv's variables with paths, and what separates several of them.
_UV_PATHS = {
    "UV_FIND_LINKS": ",",
    "UV_CONSTRAINT": " ",
    "UV_BUILD_CONSTRAINT": " ",
    "UV_OVERRIDE": " ",
    "UV_CONFIG_FILE": None,
    "UV_CACHE_DIR": None,
    "SSL_CERT_FILE": None,
    "SSL_CLIENT_CERT": None,
}
_TRUE = ("1", "true", "yes", "on", "y", "t")


def uv_variables(environ: Mapping[str, str], project: Path) -> dict[str, str]:
    """The variables to add to uv's environment.

    Args:
        environ: the caller's environment variables.
        project: the project's folder. uv reads its own settings there, in the folders above it, and in the home folder.
    """
    pip = read_pip_settings(environ)
    own = _uv_settings(environ, project)
    variables: dict[str, str] = {}

    def add(variable: str, value: str | None, *own_names: str) -> None:
        if value and not any(name in own for name in (variable, *own_names)):
            variables[variable] = value

    extra = " ".join(pip.get("extra-index-url", "").split())
    add("UV_DEFAULT_INDEX", pip.get("index-url"), "UV_INDEX_URL", "index-url", "default-index")
    add("UV_INDEX", extra, "UV_EXTRA_INDEX_URL", "extra-index-url")
    if "UV_INDEX" in variables:  # pip takes the best version of all indexes, uv that of the first with the package
        add("UV_INDEX_STRATEGY", "unsafe-best-match", "index-strategy")
    add("UV_FIND_LINKS", ",".join(map(_absolute, pip.get("find-links", "").split())), "find-links")
    add("UV_INSECURE_HOST", " ".join(pip.get("trusted-host", "").split()), "allow-insecure-host")
    add("UV_KEYRING_PROVIDER", _KEYRING_PROVIDERS.get(pip.get("keyring-provider", "")), "keyring-provider")
    add("UV_PRERELEASE", "allow" if _is_true(pip.get("pre")) else None, "prerelease")
    add("UV_HTTP_TIMEOUT", _whole_number(pip.get("timeout")), "UV_REQUEST_TIMEOUT", "HTTP_TIMEOUT")
    add("UV_HTTP_RETRIES", _whole_number(pip.get("retries")))
    add(
        "SSL_CERT_FILE",
        _absolute(pip.get("cert", "")),
        "SSL_CERT_DIR",
        "UV_NATIVE_TLS",
        "UV_SYSTEM_CERTS",
        "native-tls",
    )
    add("SSL_CLIENT_CERT", _absolute(pip.get("client-cert", "")))
    if proxy := pip.get("proxy"):
        url = proxy if "://" in proxy else f"http://{proxy}"
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            if name not in environ and name.lower() not in environ and "ALL_PROXY" not in environ:
                variables[name] = url
    for name, separator in _UV_PATHS.items():
        if value := environ.get(name):
            parts = [value] if separator is None else value.split(separator)
            variables[name] = (separator or "").join(_absolute(part) for part in parts if part)
    return {name: value for name, value in variables.items() if value != environ.get(name)}


def uv_arguments(environ: Mapping[str, str], project: Path) -> list[str]:
    """The arguments to add to uv's `pip` commands, for the settings for which it has no variables.

    Args:
        environ: the caller's environment variables.
        project: the project's folder.
    """
    pip = read_pip_settings(environ)
    own = _uv_settings(environ, project)
    arguments = ["--no-index"] if _is_true(pip.get("no-index")) and "no-index" not in own else []
    for option in ("no-binary", "only-binary"):
        if option not in own and "no-build" not in own:
            for name in pip.get(option, "").replace(",", " ").split():
                arguments += [f"--{option}", name]
    return arguments


def constraint_arguments(environ: Mapping[str, str], project: Path) -> list[str]:
    """The arguments to add to a resolution: the files with constraints, if uv's own settings name none.

    Args:
        environ: the caller's environment variables.
        project: the project's folder.
    """
    if "UV_CONSTRAINT" in _uv_settings(environ, project):
        return []
    files = read_pip_settings(environ).get("constraint", "").split()
    return [argument for file in files for argument in ("--constraints", _absolute(file))]


def read_pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Pip's settings for an installation, by the names of its options: those that `pip config list` shows.

    Files that cannot be read count as empty, because pip is not what runs here.
    """
    settings: dict[str, str] = {}
    if environ.get("PIP_CONFIG_FILE") != os.devnull:
        by_section: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
        for path in _pip_files(environ):
            parser = configparser.RawConfigParser()
            with suppress(configparser.Error, OSError, UnicodeDecodeError):
                parser.read(path, "utf-8")
            for section in _SECTIONS:
                if parser.has_section(section):
                    by_section[section].update((_option(name), value) for name, value in parser.items(section))
        for section in _SECTIONS:
            settings.update(by_section[section])
    settings.update(
        (_option(name.removeprefix("PIP_")), value) for name, value in environ.items() if name.startswith("PIP_")
    )
    return settings


def _pip_files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Pip's configuration files; the later one wins."""
    for folder in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep):
        if folder:
            yield Path(folder, "pip", _CONFIG_NAME)
    yield Path("/etc") / _CONFIG_NAME
    chosen = environ.get("PIP_CONFIG_FILE")
    home = environ.get("HOME", "")
    if home and not (chosen and Path(chosen).exists()):
        yield Path(home, ".pip", _CONFIG_NAME)
        yield Path(environ.get("XDG_CONFIG_HOME") or Path(home, ".config"), "pip", _CONFIG_NAME)
    yield Path(sys.prefix, _CONFIG_NAME)
    if chosen:
        yield Path(chosen)


def _uv_settings(environ: Mapping[str, str], project: Path) -> dict[str, Any]:
    """Uv's own settings: its variables, and the keys of its files."""
    settings: dict[str, Any] = {name: value for name, value in environ.items() if value}
    for table in _uv_tables(environ, project):
        settings.update(table)
        pip = table.get("pip")
        settings.update(pip if isinstance(pip, dict) else {})
        indexes = table.get("index")
        if isinstance(indexes, list) and any(isinstance(index, dict) and index.get("default") for index in indexes):
            settings["default-index"] = True
    return settings


def _uv_tables(environ: Mapping[str, str], project: Path) -> Iterator[dict[str, Any]]:
    if chosen := environ.get("UV_CONFIG_FILE"):
        yield _read_toml(Path(chosen))
        return
    for folder in (project, *project.parents):
        if (folder / "uv.toml").exists():
            yield _read_toml(folder / "uv.toml")
            break
        tool = _read_toml(folder / "pyproject.toml").get("tool")
        table = tool.get("uv") if isinstance(tool, dict) else None
        if isinstance(table, dict):
            yield table
            break
    home = environ.get("HOME", "")
    if environ.get("XDG_CONFIG_HOME") or home:
        yield _read_toml(Path(environ.get("XDG_CONFIG_HOME") or Path(home, ".config"), "uv", "uv.toml"))
    for base in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep):
        yield _read_toml(Path(base, "uv", "uv.toml"))
    yield _read_toml(Path("/etc/uv/uv.toml"))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except Exception:  # noqa: BLE001 - missing, or not TOML in any way: uv reports what is wrong with its files
        return {}


def _absolute(place: str) -> str:
    """A path from the caller's folder, which is not uv's; a URL stays the same."""
    return os.path.abspath(place) if place and ":" not in place else place  # noqa: PTH100 - without `~` or links


def _option(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")


def _is_true(value: str | None) -> bool:
    return value is not None and value.strip().lower() in _TRUE


def _whole_number(value: str | None) -> str | None:
    """A number for uv, which takes only whole ones."""
    try:
        return str(max(1, round(float(value)))) if value else None
    except ValueError:
        return None
