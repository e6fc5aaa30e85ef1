"""Hydra, OmegaConf, dynaconf and pydantic-settings: configuration composed from files."""

import os
import tempfile
from pathlib import Path

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("hydra")


@dag.task
def work() -> list:
    import hydra
    from dynaconf import Dynaconf
    from omegaconf import OmegaConf
    from pydantic_settings import BaseSettings

    folder = Path(tempfile.mkdtemp())
    (folder / "db").mkdir()
    (folder / "config.yaml").write_text("defaults:\n  - db: mysql\nrows: 3\n")
    (folder / "db" / "mysql.yaml").write_text("host: there\n")
    (folder / "db" / "pg.yaml").write_text("host: here\n")
    with hydra.initialize_config_dir(str(folder), version_base=None):
        composed = OmegaConf.to_container(hydra.compose("config", overrides=["db=pg", "rows=4"]))
    (folder / "settings.toml").write_text("[default]\nname = 'shop'\n[production]\nname = 'live'\n")
    settings = Dynaconf(settings_files=[str(folder / "settings.toml")], environments=True, env="production")
    os.environ["SHOP_ROWS"] = "5"

    class Settings(BaseSettings, env_prefix="SHOP_"):
        rows: int = 1

    return [composed, settings.NAME, Settings().rows]
