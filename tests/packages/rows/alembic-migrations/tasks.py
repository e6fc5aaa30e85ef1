"""Alembic: a migration from a folder of scripts, up and down, and its templates."""

import io
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("alembic")


@dag.task
def work() -> list:
    import sqlalchemy as sa

    folder = Path(tempfile.mkdtemp())
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(folder / "scripts"))
    config.config_file_name = str(folder / "alembic.ini")
    config.set_main_option("sqlalchemy.url", f"sqlite:///{folder}/shop.db")
    command.init(config, str(folder / "scripts"))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{folder}/shop.db")
    revision = command.revision(config, "orders")
    path = Path(revision.path)
    text = path.read_text()
    text = text.replace("    pass\n", "    op.create_table('orders', sa.Column('id', sa.Integer))\n", 1)
    path.write_text(text.replace("    pass\n", "    op.drop_table('orders')\n"))
    engine = sa.create_engine(f"sqlite:///{folder}/shop.db")
    tables = []
    for step, target in ((command.upgrade, "head"), (command.downgrade, "base")):
        step(config, target)
        tables.append(sorted(sa.inspect(engine).get_table_names()))
    return tables
