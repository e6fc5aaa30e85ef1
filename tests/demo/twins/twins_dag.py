"""The functions as ordinary tasks of Airflow."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param, Variable, task
from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException, AirflowSkipException

sys.path.insert(0, str(Path(__file__).parent))
from functions import (
    FUNCTIONS,
    KINDS,
    PARAMS,
    PLAIN_PARAMS,
    TIMEOUT_S,
    Ends,
    describe,
    exit_in_callback,
    raise_in_callback,
    read_params,
)

with DAG(
    "with_params",
    params={**PLAIN_PARAMS, **{name: Param(*default, **schema) for name, (default, schema) in PARAMS.items()}},
):

    @task
    def work(params=None):
        return read_params(params)

    work()


def make_callback(name):
    def callback(context):
        describe(name, context["task"].task_id, context.get("exception"))
        Variable.set(name, str(context["ti"].try_number))

    return callback


def add(dag_id, function, **options):
    with DAG(dag_id, default_args={kind: make_callback(kind) for kind in KINDS}) as dag:

        @task(**options)
        def work():
            return function(ENDS)

        work()
    globals()[dag_id] = dag


ENDS = Ends(AirflowSkipException, AirflowFailException, AirflowRescheduleException)
for name, function in FUNCTIONS.items():
    add(name, function)
add("late", FUNCTIONS["wait"], execution_timeout=timedelta(seconds=TIMEOUT_S))
add("raising", FUNCTIONS["succeed"], on_success_callback=[raise_in_callback, make_callback("second")])
add("raising_first", FUNCTIONS["succeed"], on_execute_callback=[raise_in_callback, make_callback("second")])
add("exiting", FUNCTIONS["succeed"], on_success_callback=exit_in_callback)
add("exiting_first", FUNCTIONS["succeed"], on_execute_callback=exit_in_callback)
