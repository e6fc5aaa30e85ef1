"""Callbacks of options whose values are JSON, dates or regular expressions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from dagfloe.cli.pair_options import check_text, parse_json
from dagfloe.cli.show.terminal_text import escape_controls
from dagfloe.errors import DagfloeError
from dagfloe.local.seed.entries import check_json_table
from dagfloe.values.dates import check_date, to_datetime

if TYPE_CHECKING:
    from datetime import datetime


def parse_conf(ctx: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, Any]:
    """Read a JSON object."""
    text = check_text(ctx, parameter, value)
    try:
        conf = {} if text is None else parse_json(text)
    except ValueError as error:  # its message has no part of the text
        raise click.BadParameter(f"it is not valid JSON: {error}") from None
    except RecursionError:
        raise click.BadParameter("it is nested too deeply: nest it less") from None
    if not isinstance(conf, dict):
        raise click.BadParameter("it is not a JSON object: write it like '{\"limit\": 5}'")
    try:
        return check_json_table("the conf:", conf)
    except DagfloeError as error:
        raise click.BadParameter(escape_controls(str(error))) from error


def parse_date(ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """Read a date in ISO form. One without an offset is in UTC."""
    text = check_text(ctx, parameter, value)
    if text is None:
        return None
    try:
        return check_date(to_datetime(text.strip()), "it")
    except ValueError:
        raise click.BadParameter("write a date such as 2026-01-31 or 2026-01-31T12:00:00+01:00") from None
    except DagfloeError as error:
        raise click.BadParameter(str(error)) from None


def compile_pattern(ctx: click.Context, parameter: click.Parameter, value: str | None) -> re.Pattern[str] | None:
    """Compile a regular expression."""
    text = check_text(ctx, parameter, value)
    try:
        return None if text is None else re.compile(text)
    except (re.error, RecursionError) as error:
        raise click.BadParameter(f"it is not a regular expression: {escape_controls(str(error))}") from None
