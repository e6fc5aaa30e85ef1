"""An Airflow with the example bundles, for people: `make airflow`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from e2e.instance import Airflow, InstanceError
from e2e.processes import interrupt_once

#: Those of the example bundles.
DAGS = ("hello", "orders", "weather")
#: The Dag file of docs/how-to/deploying-dags.md: the folder is the one that the coordinator is configured with.
DAG_FILE = """\
from dagfloe.airflow import load_bundles

load_bundles(globals())
"""
CHECK_INTERVAL_S = 1


def main() -> int:
    """Run until Ctrl-C, or until Airflow ends by itself."""
    parser = argparse.ArgumentParser(prog="python -m e2e", description=__doc__)
    parser.add_argument("version", help="of Airflow, such as 3.3.2; its environment is in .venvs")
    parser.add_argument("bundles", type=Path, help="the folder of the bundle files")
    parser.add_argument("dagfloe", type=Path, help="the folder that dagfloe is installed in, for the Dag processor")
    args = parser.parse_args()
    interrupt_once("\nAirflow ends ...")
    try:
        with tempfile.TemporaryDirectory(prefix="dagfloe-instance-") as home:
            _serve(args.version, Path(home), args.bundles, args.dagfloe)
    except KeyboardInterrupt:
        _say("Airflow has ended, and nothing of it is left.")
        return 0
    except InstanceError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _serve(version: str, home: Path, bundles: Path, dagfloe: Path) -> NoReturn:
    dags = home / "dags"
    dags.mkdir()
    (dags / "bundles.py").write_text(DAG_FILE)
    _say(f"Airflow {version} starts, which takes a quarter of a minute, or more on a busy machine.")
    with Airflow(version, home, bundles, dags, dag_imports=dagfloe) as airflow:
        airflow.api.set_connection("weather_db", "sqlite", host=str(home / "weather.db"))
        airflow.api.wait_dags(*DAGS)
        airflow.api.unpause(*DAGS)
        _say(
            f"\n  {airflow.url}\n\n"
            "No login: only this machine can open it, and whoever does is an administrator.\n"
            f"The Dags {', '.join(DAGS)} are there; start one by its Trigger button. A run of orders waits until its\n"
            "task approve is answered, under Required Actions.\n"
            f"A bundle file that is put into {bundles} is found within a minute.\n"
            f"What the components write: {airflow.logs}\n\n"
            f"Ctrl-C ends it, and removes {home} with all its runs and logs."
        )
        while True:
            airflow.check()
            time.sleep(CHECK_INTERVAL_S)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - it is what people read


if __name__ == "__main__":
    sys.exit(main())
