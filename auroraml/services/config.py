"""Config: the one TOML file that declares endpoints, which services to use, and the parameter group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from auroraml.lazy import tomllib
from auroraml.records import dataclass

TABLES = frozenset({"endpoints", "models", "comprehend", "faults", "services", "parameter_group", "prices", "cluster"})
OPTIONS = ("models", "comprehend", "faults")
FILES = ("data", "model")  # options of an endpoint that name files, found beside the TOML file


@dataclass(frozen=True, kw_only=True)
class Config:
    """What a file says: [endpoints.NAME], [services] (the options of `make_services`), [parameter_group], [prices.NAME] (price lists),
    [cluster] (IAM).

    `tables`: [models.ID], [comprehend] and [faults.NAME], which are options of `make_services` too.
    """

    endpoints: Mapping[str, object]
    services: Mapping[str, object]
    parameters: Mapping[str, object]
    prices: Mapping[str, object] = field(default_factory=dict)
    cluster: Mapping[str, object] | None = None
    tables: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def read_config(path: str | Path) -> Config:
    """Read the file; ValueError for a table that means nothing."""
    path = Path(path)
    with path.open("rb") as file:
        return config_of(path, tomllib.load(file))


def config_of(path: Path, tables: Mapping[str, Any]) -> Config:
    """The same from tables that were read already; the files they name are found beside `path`."""
    strange = sorted(tables.keys() - TABLES)
    if strange:
        raise ValueError(f"{path}: [{strange[0]}] is not one of {', '.join(sorted(TABLES))}")
    endpoints = {name: _beside(path, table) for name, table in tables.get("endpoints", {}).items()}
    services = {key: str(path.parent / value) if key in ("record", "replay") else value for key, value in tables.get("services", {}).items()}
    return Config(endpoints=endpoints, services=services, parameters=_dotted(tables.get("parameter_group", {})),
                  prices=tables.get("prices", {}), cluster=tables.get("cluster"), tables={name: tables[name] for name in OPTIONS if name in tables})  # fmt: skip


def _dotted(table: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Parameters by whole names: auroraml.region without quotes is a table in a table to TOML."""
    found: dict[str, object] = {}
    for key, value in table.items():
        found |= _dotted(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return found


def _beside(path: Path, table: object) -> object:
    if not isinstance(table, Mapping):
        return table
    return {key: str(path.parent / value) if key in FILES else value for key, value in table.items()}
