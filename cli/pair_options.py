"""Callbacks of options of the form NAME=VALUE."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from dagfloe.cli.show.terminal_text import escape_controls
from dagfloe.errors import DagfloeError
from dagfloe.local.seed.entries import check_json
from dagfloe.model.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Sequence

#: More digits than those of any number that a message can carry.
_MAX_DIGITS = 100


def split_pairs(_ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> list[tuple[str, str]]:
    """Split the values at their first equals sign."""
    pairs = []
    for value in check_texts(_ctx, parameter, values):
        name, separator, text = value.partition("=")
        if not separator or not name:  # the value may be secret, so the message does not show it
            raise click.BadParameter(f"expected {parameter.metavar}")
        pairs.append((name, text))
    return pairs


def parse_params(ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> dict[str, Any]:
    """Read params whose values are JSON. What is not JSON is a string."""
    params: dict[str, Any] = {}
    for name, text in split_pairs(ctx, parameter, values):
        try:
            params[name] = check_json(repr(name), _parse_or_keep(text))
        except RecursionError:
            raise click.BadParameter(f"{escape_controls(repr(name))} is nested too deeply: nest it less") from None
        except DagfloeError as error:
            raise click.BadParameter(escape_controls(str(error))) from error
    return params


def check_text(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return an argument that is text. Only names of files may have other bytes."""
    check_texts(ctx, parameter, () if value is None else (value,))
    return value


def check_texts(_ctx: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> Sequence[str]:
    """Return arguments that are text; as `check_text`."""
    for value in values:
        try:
            value.encode()
        except UnicodeEncodeError:  # Python shows such bytes as surrogates
            raise click.BadParameter("it is not UTF-8: check the encoding of the terminal or the script") from None
    return values


def parse_json(text: str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: if the text is not JSON.
        RecursionError: if it is nested too deeply.
    """
    # Python cannot convert very long numbers. Any long one is too large for a message.
    return json.loads(text, parse_int=lambda digits: int(digits[:_MAX_DIGITS]))


def _parse_or_keep(text: str) -> Any:
    try:
        return parse_json(text)
    except ValueError:
        return text


def parse_connections(ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> list[Connection]:
    """Read connections from URIs."""
    try:
        return [Connection.from_uri(conn_id, uri) for conn_id, uri in split_pairs(ctx, parameter, values)]
    except DagfloeError as error:
        raise click.BadParameter(escape_controls(str(error))) from error
