"""Runs Airflow's Dag processor over a folder with bundle files, and prints what Airflow has then as JSON.

The Python of an Airflow environment runs this module, from 3.4 on. The variables of the process name the Dags folder,
the coordinator, and AIRFLOW_HOME, whose database does not exist yet:

1. The Dag processor reads each file once, and stores its Dags.
2. For each conf in the request, a run of a Dag starts with it. Airflow checks the conf and creates the task instances.
3. For each list of assets in the request, an event of each of them happens. Then the scheduler's query finds the Dags
   that are due.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from typing import Any

from airflow.api_fastapi.execution_api.datamodels.task_arg_binding import get_arg_bindings_adapter
from airflow.assets.manager import asset_manager
from airflow.cli.cli_parser import get_parser
from airflow.cli.commands.dag_command import dag_test
from airflow.dag_processing.manager import DagFileProcessorManager
from airflow.exceptions import AirflowException
from airflow.models import TaskInstance
from airflow.models.asset import (
    AssetActive,
    AssetModel,
    DagScheduleAssetReference,
    TaskInletAssetReference,
    TaskOutletAssetReference,
)
from airflow.models.dag import DagModel
from airflow.models.dagcode import DagCode
from airflow.models.errors import ParseImportError
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.xcom import XComModel
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select  # type: ignore[import-not-found, unused-ignore]


def task(operator: Any) -> dict[str, Any]:
    """Describe a task; `bindings` are the arguments that the API server sends to it."""
    bindings = operator.arg_bindings
    adapter = get_arg_bindings_adapter()
    return {
        "bindings": bindings and adapter.dump_python(adapter.validate_python(bindings), mode="json"),
        "downstream": sorted(operator.downstream_task_ids),
        "is_mapped": operator.is_mapped,
        "queue": operator.queue,
    }


def group(task_group: Any) -> dict[str, Any]:
    """Describe a task group and the groups in it."""
    groups = {child_id: child for child_id, child in task_group.children.items() if hasattr(child, "children")}
    return {
        "tooltip": task_group.tooltip,
        "groups": {child_id: group(child) for child_id, child in groups.items()},
        "tasks": sorted(task_group.children.keys() - groups.keys()),
    }


def dag(model: DagModel, session: Any) -> dict[str, Any]:
    """Describe a Dag."""
    serialized = SerializedDagModel.get(model.dag_id, session=session).dag
    return {
        "description": model.description,
        "file": model.relative_fileloc,
        "group": group(serialized.task_group),
        "is_stale": model.is_stale,
        "params": serialized.params.dump(),
        "next_run": model.next_dagrun and model.next_dagrun.isoformat(),
        "source": DagCode.get_latest_dagcode(model.dag_id, session=session).source_code,
        "tags": sorted(tag.name for tag in model.tags),
        "tasks": {operator.task_id: task(operator) for operator in serialized.tasks},
    }


def references(kind: Any, session: Any) -> list[list[str]]:
    """The references of Dags and tasks to assets, as lists of their ids and the asset's name."""
    rows = session.scalars(select(kind))
    return sorted([row.dag_id, *([row.task_id] if hasattr(row, "task_id") else []), row.asset.name] for row in rows)


def assets(session: Any) -> dict[str, Any]:
    """Describe all assets."""
    active = {row.name for row in session.scalars(select(AssetActive))}
    return {
        row.name: {"uri": row.uri, "group": row.group, "extra": row.extra, "is_active": row.name in active}
        for row in session.scalars(select(AssetModel))
    }


def start(dag_id: str, conf: dict[str, Any], results: dict[str, list[Any]], session: Any) -> dict[str, Any]:
    """Start a run, let the tasks in `results` succeed with these lists, and return the task instances."""
    serialized = SerializedDagModel.get(dag_id, session=session).dag
    now = datetime.now(timezone.utc)
    try:
        run = serialized.create_dagrun(
            run_id=f"manual__{now.isoformat()}",
            logical_date=now,
            data_interval=(now, now),
            run_after=now,
            conf=conf,
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState.RUNNING,
            session=session,
        )
    except ValueError as error:
        return {"error": str(error)}
    run.dag = serialized
    for task_id, result in results.items():
        instance = run.get_task_instance(task_id, session=session)
        instance.state = TaskInstanceState.SUCCESS
        XComModel.set_for_attempt(
            key="return_value",
            value=result,
            task_instance_id=instance.id,
            serialize=False,
            mapped_length=len(result),
            session=session,
        )
    session.flush()
    run.task_instance_scheduling_decisions(session=session)
    session.flush()
    rows = session.execute(
        select(TaskInstance.task_id, TaskInstance.map_index).where(TaskInstance.run_id == run.run_id)
    )
    return {"instances": sorted([task_id, index] for task_id, index in rows)}


def due(names: list[str], session: Any) -> list[str]:
    """Register an event of each asset, and return the Dags that are due then."""
    for name in names:
        model = session.scalars(select(AssetModel).where(AssetModel.name == name)).one()
        asset_manager.register_asset_change(asset=model, session=session)
    session.flush()
    models, _ = DagModel.dags_needing_dagruns(session)
    return sorted(model.dag_id for model in models)


def dags_test(dag_id: str) -> str:
    """Start Airflow's command `airflow dags test`, and return its error."""
    try:
        dag_test(get_parser().parse_args(["dags", "test", dag_id]))
    except AirflowException as error:
        return str(error)
    return ""


def main(request: dict[str, Any]) -> None:
    """Read the Dags folder, and print the answer."""
    initdb()
    DagFileProcessorManager(max_runs=1).run()
    with create_session() as session:
        answer = {
            "dags": {model.dag_id: dag(model, session) for model in session.scalars(select(DagModel))},
            "errors": {row.filename: row.stacktrace for row in session.scalars(select(ParseImportError))},
            "assets": assets(session),
            "schedules": references(DagScheduleAssetReference, session),
            "inlets": references(TaskInletAssetReference, session),
            "outlets": references(TaskOutletAssetReference, session),
            "runs": [
                start(run["dag_id"], run.get("conf", {}), run.get("results", {}), session) for run in request["runs"]
            ],
            "dags_test": dags_test(request["runs"][0]["dag_id"]),
            "due": [due(names, session) for names in request["events"]],
        }
    print(json.dumps(answer), file=sys.__stdout__)  # the last line; Airflow prints others before


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
