"""The files of an installed distribution, by its RECORD."""

from __future__ import annotations

import json
from importlib.metadata import PathDistribution
from typing import TYPE_CHECKING

from dagfloe.build.collect.record import read_files

if TYPE_CHECKING:
    from pathlib import Path


def install(folder: Path, files: dict[str, str], origin: str = "") -> PathDistribution:
    """Write an installed distribution `My.Shop` with these files; `origin` goes into `direct_url.json`."""
    info = folder / "my_shop-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: My.Shop\nVersion: 1\n")
    if origin:
        (info / "direct_url.json").write_text(origin)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in files))
    return PathDistribution(info)


def test_kinds_of_files(tmp_path: Path) -> None:
    """Modules, tests, data, what only compilers read, and files beside `site-packages`."""
    files = read_files(
        install(
            tmp_path / "lib" / "python3" / "site-packages",
            {
                "shop/__init__.py": "",
                "shop/tests/test_a.py": "",
                "shop/no-module.py": "",
                "shop/rates.csv": "",
                "shop/shop.h": "",
                "shop/libfast.so": "",
                "shop/_odd.so": "",
                "../../../share/shop/logo": "",
                "../../../share/man/man1/shop.1": "",
                "../../../bin/shop": "",
                "../../../lib/extra/data": "",
            },
        )
    )
    assert files.name == "my-shop"
    assert set(files.modules) == {"shop", "shop.tests.test_a"}
    assert files.tests == {"shop.tests.test_a"}
    data = {name for name, _ in files.data}
    assert {"shop/rates.csv", "shop/libfast.so", "share/shop/logo", "extra/data"} <= data
    assert not {"share/man/man1/shop.1", "bin/shop"} & data
    assert [name for name, _ in files.development] == ["shop/shop.h"]


def test_folders_named_tests(tmp_path: Path) -> None:
    """A folder `tests` with Python files tests the distribution; one with other files is data, as dbt's macros are."""
    names = (
        "shop/__init__.py",
        "shop/macros/tests/where.sql",
        "shop/macros/tests/generic/unique.sql",
        "shop/tests/__init__.py",
        "shop/tests/data/orders.csv",
        "shop/tests/test_shop.py",
    )
    files = read_files(install(tmp_path, dict.fromkeys(names, "")))
    assert [name for name, _ in files.data] == ["shop/macros/tests/where.sql", "shop/macros/tests/generic/unique.sql"]
    assert [name for name, _ in files.development] == ["shop/tests/data/orders.csv"]
    assert files.tests == {"shop.tests", "shop.tests.test_shop"}


def test_migrations(tmp_path: Path) -> None:
    """Alembic runs the files of a folder of migrations by their paths: they are modules, and files, too."""
    names = (
        "shop/__init__.py",
        "shop/env.py",
        "shop/migrations/__init__.py",
        "shop/migrations/env.py",
        "shop/migrations/versions/__init__.py",
        "shop/migrations/versions/a1_orders.py",
    )
    files = read_files(install(tmp_path, dict.fromkeys(names, "")))
    assert {"shop.migrations.env", "shop.migrations.versions.a1_orders"} <= set(files.modules)
    assert [name for name, _ in files.data] == ["shop/migrations/env.py", "shop/migrations/versions/a1_orders.py"]


def test_editable_distribution(tmp_path: Path) -> None:
    """The files of an editable distribution are those of the folder that it was installed from."""
    source = tmp_path / "my shop"
    (source / "src" / "my_shop").mkdir(parents=True)
    (source / "src" / "my_shop" / "__init__.py").write_text("")
    (source / "src" / "my_shop" / "rates.csv").write_text("")
    origin = json.dumps({"url": source.as_uri(), "dir_info": {"editable": True}})
    files = read_files(install(tmp_path / "site-packages", {"my_shop.pth": str(source)}, origin))
    assert files.modules == {"my_shop": source / "src" / "my_shop" / "__init__.py"}
    assert ("my_shop/rates.csv", source / "src" / "my_shop" / "rates.csv") in files.data


def test_distribution_without_modules(tmp_path: Path) -> None:
    """A distribution of a folder that is gone has no modules, and neither has one of metadata only."""
    gone = json.dumps({"url": (tmp_path / "gone").as_uri()})
    assert read_files(install(tmp_path / "a", {}, gone)).modules == {}
    assert read_files(install(tmp_path / "b", {}, "no JSON")).modules == {}
    assert read_files(install(tmp_path / "c", {})).modules == {}
