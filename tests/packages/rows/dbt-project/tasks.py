"""dbt-core with dbt-duckdb: seed, run and test a project of one seed, one model and two tests."""

import json
import tempfile
from pathlib import Path

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("dbt")


@dag.task
def work() -> list:
    from dbt.cli.main import dbtRunner

    root = Path(tempfile.mkdtemp())
    files = {
        "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nflags:\n  send_anonymous_usage_stats: false\n",
        "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n"
        f"      path: {root / 'shop.duckdb'}\n      threads: 2\n",
        "seeds/orders.csv": "id,customer,amount\n1,ann,10\n2,bob,20\n3,ann,5\n",
        "models/totals.sql": "select customer, sum(amount) as total from {{ ref('orders') }} group by customer\n",
        "models/schema.yml": "models:\n  - name: totals\n    columns:\n      - name: customer\n"
        "        data_tests: [unique, not_null]\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    places = ["--project-dir", str(root), "--profiles-dir", str(root), "--quiet"]
    result = dbtRunner().invoke(["build", *places])
    if result.exception:
        raise result.exception
    import duckdb

    with duckdb.connect(str(root / "shop.duckdb")) as connection:
        rows = connection.execute("select customer, total::int from totals order by 1").fetchall()
    manifest = json.loads((root / "target" / "manifest.json").read_text())
    statuses = sorted((item.node.name.split(".")[0][:20], str(item.status)) for item in result.result)
    return [result.success, rows, statuses, manifest["metadata"]["adapter_type"]]
