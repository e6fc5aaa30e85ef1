"""Tests of variables and connections from the environment."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import DagfloeError
from dagfloe.local.seed.environment_variables import fill_from_environment
from dagfloe.local.store.store import Store
from support.store_requests import answer


def test_variables_and_connections() -> None:
    """A lookup finds both in any case, and ignores other environment variables."""
    store = Store()
    fill_from_environment(
        store,
        {
            "AIRFLOW_VAR_API_KEY": "hunter2",
            "AIRFLOW_VAR_": "no name",
            "AIRFLOW_VAR_lower": "Airflow does not find this",
            "AIRFLOW_CONN_DB": "postgres://me:hunter3@h/d",
            "AIRFLOW_CONN_WEB": '{"conn_type": "http", "extra": {"token": "hunter4"}}',
            "PATH": "/bin",
        },
    )
    assert answer(store, "GetVariable", key="api_key")["value"] == "hunter2"
    assert answer(store, "GetVariable", key="lower")["error"] == "VARIABLE_NOT_FOUND"
    assert answer(store, "GetVariable", key="path")["error"] == "VARIABLE_NOT_FOUND"
    assert answer(store, "GetConnection", conn_id="db")["host"] == "h"
    assert answer(store, "GetConnection", conn_id="Web")["conn_type"] == "http"
    assert store.mask("hunter2 hunter3 hunter4") == "*** *** ***"


@pytest.mark.parametrize("text", ["hunter2", '{"host": "hunter2"}', '{"hunter2'])
def test_malformed_connection(text: str) -> None:
    """The error for a malformed connection names it, and does not show it."""
    with pytest.raises(DagfloeError, match="'DB' is malformed") as error:
        fill_from_environment(Store(), {"AIRFLOW_CONN_DB": text})
    assert "hunter2" not in str(error.value)


@given(st.dictionaries(st.text().map("AIRFLOW_CONN_{}".format) | st.text(), st.text()))
def test_any_environment(environ: dict[str, str]) -> None:
    """Any environment either fills the store or raises a DagfloeError."""
    with suppress(DagfloeError):
        fill_from_environment(Store(), environ)
