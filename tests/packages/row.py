"""The rows of the table of distributions: small projects, each of which does a job with some distributions.

A row is a folder in `tests/packages/rows`: an ordinary project, whose `pyproject.toml` has one more table:

```toml
[tool.packages]
servers = ["postgres"]          # names in `packages.servers.SERVERS`; optional
programs = ["java"]             # programs on the PATH of the run in an empty environment; optional
quick = true                    # the row belongs to `make packages-quick`; optional
impossible = "why it differs"   # a limit that the documentation explains; optional

[tool.packages.distributions]   # a row of the table for each distribution, and what the tasks do with it
pandas = "groups a frame, and writes it as Excel, Parquet and Markdown"
openpyxl = "reads the Excel file back"
```

The tasks need no arguments, and return values that are equal in every run. The addresses of servers are in variables.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).with_name("rows")
#: The keys of [tool.dagfloe] that every bundle may have; all others work around something.
ORDINARY_SETTINGS = frozenset({"bundle", "airflow"})


@dataclass(frozen=True, slots=True)
class Row:
    """A project of the table.

    Attributes:
        folder: its folder.
        distributions: what its tasks do with each distribution.
        servers: the servers that its tasks call.
        programs: the programs that it needs on the PATH.
        is_quick: whether `make packages-quick` runs it.
        impossible: why the frozen tasks cannot do the same; empty if they can.
        settings: what it has in [tool.dagfloe], in addition to what every bundle may have.
    """

    folder: Path
    distributions: dict[str, str]
    servers: tuple[str, ...]
    programs: tuple[str, ...]
    is_quick: bool
    impossible: str
    settings: dict[str, object]

    @property
    def name(self) -> str:
        """Its name: that of its folder."""
        return self.folder.name

    @property
    def digest(self) -> str:
        """The digest of its files."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(self.folder)).encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()[:32]


def read_row(folder: Path) -> Row:
    """Read a row.

    Raises:
        ValueError: if its table has unknown keys.
    """
    tool = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["tool"]
    table = dict(tool["packages"])
    row = Row(
        folder=folder,
        distributions=table.pop("distributions"),
        servers=tuple(table.pop("servers", ())),
        programs=tuple(table.pop("programs", ())),
        is_quick=table.pop("quick", False),
        impossible=table.pop("impossible", ""),
        settings={key: value for key, value in tool["dagfloe"].items() if key not in ORDINARY_SETTINGS},
    )
    if table:
        raise ValueError(f"{folder / 'pyproject.toml'}: [tool.packages] has no key {', '.join(table)}")
    return row


def read_rows(folder: Path = FOLDER) -> list[Row]:
    """Read all rows, in the order of their names."""
    return [read_row(path.parent) for path in sorted(folder.glob("*/pyproject.toml"))]
