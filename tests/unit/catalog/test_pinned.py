"""Statistics from a document: what they must have, who may load them, attribute numbers, heights of indexes, and the ways to load them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import auroraml
from auroraml import Connection, errors
from auroraml.catalog.statistics_query import STATISTICS_QUERY

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden"
DOCUMENT: dict[str, Any] = json.loads((GOLDEN / "statistics" / "production.json").read_text(encoding="utf-8"))
SCHEMA = (GOLDEN / "statistics" / "production.sql").read_text(encoding="utf-8")


@pytest.fixture
def connection() -> Iterator[Connection]:
    with auroraml.connect(user="rdsadmin", autocommit=True) as connection:
        connection.execute(SCHEMA)
        yield connection


def pages(connection: Connection) -> object:
    row = connection.execute("SELECT relpages FROM pg_class WHERE relname = 'item'").fetchone()
    return None if row is None else row[0]


def test_a_file_a_document_the_database_and_sql(connection: Connection, tmp_path: Path) -> None:
    file = tmp_path / "statistics.json"
    file.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    wanted = next(relation["pages"] for relation in DOCUMENT["relations"] if relation["name"] == "item")
    ways: list[Callable[[], object]] = [
        lambda: connection.load_statistics(file),
        lambda: connection.load_statistics(DOCUMENT),
        lambda: connection.database.load_statistics(file),
        lambda: connection.execute("SELECT auroraml.load_statistics(%s::jsonb)", [json.dumps(DOCUMENT)]),
    ]
    for load in ways:
        connection.execute("ANALYZE item")
        assert pages(connection) == 0
        load()
        assert pages(connection) == wanted


def test_the_function_counts_tables_and_gives_the_query(connection: Connection) -> None:
    assert connection.execute("SELECT auroraml.load_statistics(%s::jsonb)", [json.dumps(DOCUMENT)]).fetchone() == (3,)
    assert connection.execute("SELECT auroraml.statistics_query()").fetchone() == (STATISTICS_QUERY,)


def test_a_rollback_takes_them_back(connection: Connection) -> None:
    connection.execute("BEGIN")
    connection.load_statistics(DOCUMENT)
    connection.execute("ROLLBACK")
    assert pages(connection) == 0


def test_what_is_missing_here(connection: Connection) -> None:
    connection.execute("DROP STATISTICS item_price")
    with pytest.raises(errors.UndefinedObject, match=r'statistics object "public\.item_price" does not exist'):
        connection.load_statistics(DOCUMENT)
    connection.execute("ALTER TABLE customer DROP COLUMN tags")
    with pytest.raises(errors.UndefinedColumn, match='column "tags" of relation "customer" does not exist'):
        connection.load_statistics(DOCUMENT)
    connection.execute("DROP TABLE item")
    connection.load_statistics(DOCUMENT, skip_missing=True)
    assert connection.execute("SELECT reltuples FROM pg_class WHERE relname = 'orders'").fetchone() == (20000.0,)


def test_only_the_owner(connection: Connection) -> None:
    connection.execute("CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    with connection.database.connect(user="reader", autocommit=True) as other:
        with pytest.raises(errors.InsufficientPrivilege, match="must be owner of table"):
            other.load_statistics(DOCUMENT)
        with pytest.raises(errors.InsufficientPrivilege, match="must be owner of table"):
            other.execute("SELECT auroraml.load_statistics(%s::jsonb)", [json.dumps(DOCUMENT)])


@pytest.mark.parametrize("document", [{}, {"relations": 3}, {"relations": "item"}])
def test_no_document(connection: Connection, document: dict[str, object]) -> None:
    with pytest.raises(errors.InvalidTextRepresentation, match="a statistics document has a list"):
        connection.load_statistics(document)


def test_attribute_numbers_are_ours(connection: Connection) -> None:
    """The server's table may have had other columns, or the same in another order."""
    query = "SELECT n_distinct, dependencies, most_common_vals[1:2] FROM pg_stats_ext WHERE statistics_name = 'customer_place'"
    connection.load_statistics(DOCUMENT)
    before = connection.execute(query).fetchone()
    assert before is not None
    connection.execute("ALTER TABLE customer DROP COLUMN city; ALTER TABLE customer ADD COLUMN city text")
    connection.execute("CREATE STATISTICS customer_place ON city, zip FROM customer")
    connection.load_statistics(DOCUMENT)
    after = connection.execute(query).fetchone()
    assert after is not None
    assert (before[0], after[0]) == ('{"3, 4": 60}', '{"4, 7": 60}')
    assert after[1] == '{"7 => 4": 1.000000, "4 => 7": 1.000000}'
    assert [values[::-1] for values in after[2]] == before[2]
    moved = copy.deepcopy(DOCUMENT)
    entry = next(relation for relation in moved["relations"] if relation["name"] == "customer")
    entry["statistics"][0]["columns"] = {"3": "city", "4": "name"}
    with pytest.raises(errors.UndefinedColumn, match="has other columns here"):
        connection.load_statistics(moved)


@pytest.mark.parametrize("name", ["sf001", "sf01"])
def test_heights_follow_from_pages(name: str) -> None:
    """A server's document without heights (they need a superuser there) gives those that it has with them."""
    document = json.loads((GOLDEN / "tpch" / f"{name}.json").read_text(encoding="utf-8"))
    wanted = {index: found["height"] for relation in document["relations"] for index, found in relation["indexes"].items()}
    for relation in document["relations"]:
        for index in relation["indexes"].values():
            del index["height"]
    with auroraml.connect(user="rdsadmin", autocommit=True) as connection:
        connection.execute((GOLDEN / "tpch" / f"{name}.sql").read_text(encoding="utf-8"))
        connection.load_statistics(document)
        catalog = connection.session.catalog
        got = {i.name: catalog.statistics(r.oid).indexes[i.oid].height for r in catalog.relations() for i in r.indexes}
    assert got == wanted


def test_the_page_has_the_query() -> None:
    assert f"```sql\n{STATISTICS_QUERY};\n```" in (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
