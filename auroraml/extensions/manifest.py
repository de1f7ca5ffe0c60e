"""Manifests: what CREATE EXTENSION adds, as catalog rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.changes import Row
from auroraml.extensions import aws_ml
from auroraml.ir.objects import Role
from auroraml.settings import Settings

Install = Callable[[Role, Callable[[], int], Catalog, Settings], tuple[Row, ...]]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """An extension that can be installed; `install` makes its rows for an owner."""

    name: str
    version: str
    requires: tuple[str, ...]
    install: Install
    comment: str = ""


def _nothing(owner: Role, new_oid: Callable[[], int], catalog: Catalog, settings: Settings) -> tuple[Row, ...]:
    return ()


MANIFESTS = {
    "aws_commons": Manifest(name="aws_commons", version="1.2", requires=(), install=_nothing, comment="Common data types across AWS services"),
    "aws_ml": Manifest(name="aws_ml", version="2.0", requires=("aws_commons",), install=aws_ml.install, comment="AWS machine learning integration"),
}
