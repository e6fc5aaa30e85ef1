"""The functions as tasks of a bundle."""

from __future__ import annotations

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

from dagfloe import Bundle, Client, Context, Param, TaskFailed, TaskRescheduled, TaskSkipped

bundle = Bundle()
with_params = bundle.dag(
    "with_params",
    params={**PLAIN_PARAMS, **{name: Param(*default, **schema) for name, (default, schema) in PARAMS.items()}},
)


@with_params.task
def work(context: Context) -> dict[str, object]:
    return read_params(context.params)


def make_callback(name):
    def callback(context: Context, client: Client) -> None:
        describe(name, context.task_id, context.exception)
        client.variables.set(name, str(context.try_number))

    return callback


def add(dag_id, function, **options):
    @bundle.dag(dag_id, default_args={kind: make_callback(kind) for kind in KINDS}).task(**options)
    def work():
        return function(ENDS)


ENDS = Ends(TaskSkipped, TaskFailed, TaskRescheduled)
for name, function in FUNCTIONS.items():
    add(name, function)
add("late", FUNCTIONS["wait"], execution_timeout=TIMEOUT_S)
add("raising", FUNCTIONS["succeed"], on_success_callback=[raise_in_callback, make_callback("second")])
add("raising_first", FUNCTIONS["succeed"], on_execute_callback=[raise_in_callback, make_callback("second")])
add("exiting", FUNCTIONS["succeed"], on_success_callback=exit_in_callback)
add("exiting_first", FUNCTIONS["succeed"], on_execute_callback=exit_in_callback)
