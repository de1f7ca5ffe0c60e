"""EXPLAIN ANALYZE of batch mode in the formats that golden files cannot hold, because times vary."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from tests.runner.aurora import Aurora

PREPARED = """
CREATE EXTENSION aws_ml CASCADE;
CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 25) g;
"""
QUERY = "SELECT aws_sagemaker.invoke_endpoint('echo-endpoint', 10, id) FROM t"


@pytest.fixture(scope="module")
def engine() -> Iterator[Aurora]:
    aurora = Aurora()
    assert aurora.run(PREPARED).failure is None
    yield aurora
    aurora.close()


def explained(engine: Aurora, format: str) -> list[str]:
    """The rows of EXPLAIN ANALYZE."""
    found = engine.run(f"EXPLAIN (ANALYZE, FORMAT {format}) {QUERY}")
    assert found.failure is None, found.failure
    return [str(row[0]) for row in found.rows]


def test_the_published_lines_are_two_rows(engine: Aurora) -> None:
    lines = explained(engine, "TEXT")
    place = next(i for i, line in enumerate(lines) if "Batch Processing" in line)
    first, second = lines[place], lines[place + 1]
    indent = len(first) - len(first.lstrip())
    assert re.fullmatch(r" *Batch Processing: num batches=3 avg/min/max batch size=8\.333/5\.000/10\.000", first)
    assert re.fullmatch(rf" {{{indent + 31}}}avg/min/max batch call time=\d+\.\d{{3}}/\d+\.\d{{3}}/\d+\.\d{{3}}", second)
    average, least, most = (float(x) for x in second.split("=")[1].split("/"))
    assert least <= average <= most


def test_json_has_the_numbers_under_the_function_scan(engine: Aurora) -> None:
    (plan,) = json.loads("\n".join(explained(engine, "JSON")))
    scan = plan["Plan"]["Plans"][1]
    assert scan["Node Type"] == "Function Scan"
    assert scan["Batch Processing"]["Num Batches"] == 3
    assert scan["Batch Processing"]["Batch Size"] == {"Average": 8.333, "Minimum": 5, "Maximum": 10}
    times = scan["Batch Processing"]["Batch Call Time"]
    assert times["Minimum"] <= times["Average"] <= times["Maximum"]


def test_yaml_and_xml_have_them_too(engine: Aurora) -> None:
    yaml = "\n".join(explained(engine, "YAML"))
    assert re.search(r"Batch Processing: \n +Num Batches: 3\n +Batch Size: \n +Average: 8\.333\n", yaml)
    tree = ElementTree.fromstring("\n".join(explained(engine, "XML")))
    name = "{http://www.postgresql.org/2009/explain}"
    assert [found.text for found in tree.iter(f"{name}Num-Batches")] == ["3"]
    assert next(found.text for found in tree.iter(f"{name}Maximum")) == "10"
