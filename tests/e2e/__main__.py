"""Runs an Airflow with the example bundles for people: `make airflow`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from e2e.instance import Airflow, InstanceError
from e2e.processes import interrupt_once

#: The Dags of the example bundles.
DAGS = ("hello", "orders", "weather")
#: The Dag file of docs/how-to/deploying-dags.md. It reads the folder that the coordinator is configured with.
DAG_FILE = """\
from dagfloe.airflow import load_bundles

load_bundles(globals())
"""
CHECK_INTERVAL_S = 1


def main() -> int:
    """Run until Ctrl-C, or until Airflow ends."""
    parser = argparse.ArgumentParser(prog="python -m e2e", description=__doc__)
    parser.add_argument("version", help="of Airflow, such as 3.3.2; its environment is in .venvs")
    parser.add_argument("bundles", type=Path, help="the folder of the bundle files")
    parser.add_argument("dagfloe", type=Path, help="the folder that dagfloe is installed in, for the Dag processor")
    args = parser.parse_args()
    interrupt_once("\nStopping Airflow ...")
    try:
        with tempfile.TemporaryDirectory(prefix="dagfloe-instance-") as home:
            _serve(args.version, Path(home), args.bundles, args.dagfloe)
    except KeyboardInterrupt:
        _print("Airflow has stopped. No process and no file of it is left.")
        return 0
    except InstanceError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _serve(version: str, home: Path, bundles: Path, dagfloe: Path) -> NoReturn:
    dags = home / "dags"
    dags.mkdir()
    (dags / "bundles.py").write_text(DAG_FILE)
    _print(f"Starting Airflow {version}. This takes 15 seconds, or more on a busy machine ...")
    with Airflow(version, home, bundles, dags, dag_imports=dagfloe) as airflow:
        airflow.api.set_connection("weather_db", "sqlite", host=str(home / "weather.db"))
        airflow.api.wait_dags(*DAGS)
        airflow.api.unpause(*DAGS)
        _print(
            f"\n  {airflow.url}\n\n"
            "There is no login. Only this machine can open the page, and every visitor is an administrator.\n"
            f"To run one of the Dags {', '.join(DAGS)}, use its Trigger button. A run of orders waits until you\n"
            "answer its task approve under Required Actions.\n"
            f"Airflow finds a new bundle file in {bundles} within a minute.\n"
            f"The output of the components is in {airflow.logs}\n\n"
            f"Ctrl-C stops Airflow and removes {home} with all runs and logs."
        )
        while True:
            airflow.check()
            time.sleep(CHECK_INTERVAL_S)


def _print(message: str) -> None:
    print(message, flush=True)  # noqa: T201 - people read it


if __name__ == "__main__":
    sys.exit(main())
