"""Completion: what is offered where."""

from __future__ import annotations

import pytest
from auroraml_cli.completion import Place, complete
from auroraml_cli.names import Names

NAMES = Names(
    relations=[("public", "customers", "r"), ("public", "Cases", "r"), ("lab", "events", "r"), ("public", "rich", "v"), ("pg_catalog", "pg_class", "r")],
    columns={("public", "customers"): ["customer_id", "city"], ("lab", "events"): ["at", "kind"], ("public", "Cases"): ["Order"]},
    functions=[("pg_catalog", "count"), ("pg_catalog", "coalesce_all"), ("lab", "score"), ("aws_comprehend", "detect_sentiment")],
    schemas=["aws_comprehend", "lab", "pg_catalog", "public"], roles=["postgres", "rds_superuser"], databases=["labdb", "postgres"],
    types=["text", "timestamp with time zone"], settings=["enable_hashagg", "enable_hashjoin", "work_mem"], extensions=["aws_commons", "aws_ml"],
)  # fmt: skip


def offered(line: str, *, before: str = "", after: str = "", keyword_case: str = "preserve-upper") -> list[str]:
    """The texts offered."""
    place = Place(before=before, line=line, after=after, variables=["VERBOSITY", "VERSION"], keyword_case=keyword_case)
    return [candidate.text for candidate in complete(place, NAMES)]


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("sel", "select"), ("SEL", "SELECT"), ("select * from cust", "customers"), ("select * from ca", '"Cases"'), ("select * from lab.", "events"),
        ("select * from lab.events e where e.k", "kind"), ("select * from lab.events where ki", "kind"), ("update customers set ci", "city"),
        ("insert into cu", "customers"), ("select lab.s", "score"), ("select aws_comprehend.", "detect_sentiment"), ("select cou", "count"),
        ("select aws", "aws_comprehend."), ("SET enable_hashj", "enable_hashjoin"), ("show wo", "work_mem"), ("set work_mem to d", "DEFAULT"),
        ("grant select on customers to rds", "rds_superuser"), ("drop extension aws_m", "aws_ml"), ("select x::tim", "timestamp with time zone"),
        ("select a from customers; select * from lab.e", "events"), ('select * from "Ca', '"Cases"'),
        ("\\d cust", "customers"), ("\\dv ", "rich"), ("\\df lab.", "score"), ("\\gse", "gset"), ("select 1 \\gs", "gset"), ("\\pset bor", "border"),
        ("\\pset format al", "aligned"), ("\\set VERBOSITY te", "terse"), ("\\c lab", "labdb"), ("\\h create t", "CREATE TABLE"), ("\\dx aws_c", "aws_commons"),
        ("select :VERS", "VERSION"), ("select :'VERS", "VERSION'"),
    ],
)  # fmt: skip
def test_first_offer(line: str, first: str) -> None:
    assert offered(line)[:1] == [first]


@pytest.mark.parametrize("line", ["select 'cust", "select $$ cust", "/* cust", "select 1 -- cust", "select e'\\' cust", "\\! cust"])
def test_nothing_inside_strings_comments_and_programs(line: str) -> None:
    assert offered(line) == []


def test_earlier_lines_and_what_follows_the_cursor_count() -> None:
    assert offered("where c.ci", before="select *\nfrom customers c\n") == ["city"]
    assert offered("select e.k", after=" from lab.events e") == ["kind"]
    assert offered("cust", before="select 'a\n") == []


def test_keyword_case() -> None:
    assert offered("SEL", keyword_case="lower") == ["select"]
    assert offered("sel", keyword_case="upper") == ["SELECT"]
    assert offered("", keyword_case="preserve-lower")[0].islower()
