"""Runs a whole Dag: its scheduling, its supervisor and its API with its database are Airflow's own.

The Python of an Airflow environment runs this module, with a scratch `AIRFLOW_HOME` that contains nothing. Its
arguments are the folder of the Dag files, the folder of the bundle files, and the dag_id. It prints a JSON object:
`states` has the states of the task instances by `task_id` or `task_id[map_index]`, and `logs` what each of them logged.

The only thing that is not here is the scheduler's loop: the tasks run one after the other, in this process.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

#: Libraries print to stderr, so that stdout has only the result.
OUT = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
DAGS, BUNDLES = map(str, sys.argv[1:3])
_LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL"] = "1"  # the default is 5 s
os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(
    [
        {"name": "dags", "classpath": _LOCAL, "kwargs": {"path": DAGS}},
        {"name": "files", "classpath": _LOCAL, "kwargs": {"path": BUNDLES}},
    ]
)

from airflow import __version__ as airflow_version

os.environ["AIRFLOW__SDK__COORDINATORS"] = json.dumps(
    {
        "dagfloe": {
            "classpath": "airflow.sdk.coordinators.executable.ExecutableCoordinator",
            "kwargs": {"task_startup_timeout": 60}
            | ({"executables_root": [BUNDLES]} if airflow_version < "3.4" else {"task_handler_bundle_name": "files"}),
        }
    }
)
os.environ["AIRFLOW__SDK__QUEUE_TO_COORDINATOR"] = json.dumps({"dagfloe": "dagfloe"})

from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.executors.workloads import TaskInstanceDTO
from airflow.models.dagrun import get_or_create_dagrun
from airflow.sdk import timezone
from airflow.sdk.api.client import Client
from airflow.sdk.api.datamodels._generated import BundleInfo
from airflow.sdk.execution_time.supervisor import supervise_task
from airflow.serialization.serialized_objects import DagSerialization
from airflow.settings import Session
from airflow.utils.db import initdb
from airflow.utils.types import DagRunTriggeredByType


def main() -> None:
    """Read the Dag files, and run one Dag."""
    initdb()
    manager = DagBundlesManager()
    manager.sync_bundles_to_db()
    bundle = next(bundle for bundle in manager.get_all_dag_bundles() if bundle.name == "dags")
    bundle.initialize()
    bag = BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    assert not bag.import_errors, bag.import_errors
    sync_bag_to_db(bag, bundle.name, bundle.version)
    json.dump(run(bag.dags[sys.argv[3]]), OUT)
    OUT.close()


def run(dag: Any) -> dict[str, Any]:
    """Run a Dag to its end."""
    session = Session()
    now = timezone.utcnow()
    dag_run = get_or_create_dagrun(
        dag=DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag)),
        start_date=now,
        logical_date=now,
        data_interval=(now, now),
        run_after=now,
        run_id="test",
        session=session,
        conf=None,
        triggered_by=DagRunTriggeredByType.TEST,
        triggering_user_name="test",
    )
    session.commit()
    logs: dict[str, Any] = {}
    with Client(base_url=None, token="", dry_run=True, transport=InProcessExecutionAPI().transport) as client:
        client.base_url = "http://in-process.invalid./"
        while dag_run.state in ("queued", "running"):
            ready, _ = dag_run.update_state(session=session)
            session.commit()
            if not ready:
                break
            for instance in ready:
                instance.set_state("queued", session=session)
                instance.try_number += 1
                session.commit()
                logs[name_of(instance)] = run_instance(instance, dag, client)
                session.expire_all()
    instances = dag_run.get_task_instances(session=session)
    return {
        "airflow": airflow_version,
        "state": str(dag_run.state),
        "states": {name_of(instance): instance.state and str(instance.state) for instance in instances},
        "logs": logs,
    }


def run_instance(instance: Any, dag: Any, client: Client) -> list[dict[str, Any]]:
    """Run a task instance under the supervisor, as an executor does. Return its log."""
    log = Path(os.environ["AIRFLOW_HOME"], "logs", f"{name_of(instance)}.log")
    os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] = str(log.parent)
    supervise_task(
        ti=TaskInstanceDTO.model_validate(instance, from_attributes=True),
        bundle_info=BundleInfo(name="dags", version=None),
        dag_rel_path=Path(dag.fileloc).name,
        token="",
        client=client,
        log_path=log.name,
    )
    return [json.loads(line) for line in log.read_text().splitlines()]


def name_of(instance: Any) -> str:
    """The name of a task instance."""
    return instance.task_id if instance.map_index < 0 else f"{instance.task_id}[{instance.map_index}]"


if __name__ == "__main__":
    main()
