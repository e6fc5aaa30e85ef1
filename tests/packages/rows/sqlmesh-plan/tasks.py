"""SQLMesh: a plan on DuckDB of a seed and a model."""

import os
import tempfile
from pathlib import Path

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("sqlmesh")


@dag.task
def work() -> list:
    os.environ["SQLMESH__DISABLE_ANONYMIZED_ANALYTICS"] = "1"
    from sqlmesh import Context

    root = Path(tempfile.mkdtemp())
    files = {
        "config.yaml": f"gateways:\n  local:\n    connection:\n      type: duckdb\n      database: {root}/desk.db\n"
        "default_gateway: local\nmodel_defaults:\n  dialect: duckdb\n  start: 2024-01-01\n",
        "models/orders.sql": "MODEL (name shop.orders, kind SEED (path '../seeds/orders.csv'), "
        "columns (id INT, name TEXT, amount INT));\n",
        "models/totals.sql": "MODEL (name shop.totals, kind FULL);\n"
        "SELECT name::TEXT, SUM(amount)::INT AS total FROM shop.orders GROUP BY name\n",
        "seeds/orders.csv": "id,name,amount\n1,a,10\n2,b,20\n3,a,5\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    context = Context(paths=[str(root)])
    context.plan(auto_apply=True, no_prompts=True)
    rows = context.fetchdf("select name, total from shop.totals order by name")
    return [sorted(name.replace('"', "") for name in context.models), rows.to_dict("records")]
