"""Requests of documents that are judged together: the same rows, records, bills and errors as when each is sent by itself."""

from __future__ import annotations

import itertools

import pytest

import auroraml
from auroraml import errors
from auroraml.services.log import CallLog, CallRecord

Rows = list[tuple[object, ...]]
CALLS = "SELECT batch, service, operation, target, items, request_bytes, attempts, status, units, cost FROM auroraml.service_calls ORDER BY call_id"
BILL = "SELECT service, operation, target, calls, retries, failures, rows, units, amount FROM auroraml.session_bill"
BY_ITSELF = "SET auroraml.budget = 1000000"  # a budget may end between any two requests


def connected(texts: str, *first: str) -> auroraml.Connection:
    """A connection with table `notes`, whose column `note` is `texts` of i from 1."""
    connection = auroraml.connect(user="rdsadmin", autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    connection.execute(f"CREATE TABLE notes AS SELECT i AS id, ({texts})::text AS note FROM generate_series(1, 700) i; ANALYZE notes")
    for statement in first:
        connection.execute(statement)
    return connection


def answered(connection: auroraml.Connection, query: str) -> tuple[Rows | str, Rows, Rows]:
    """A query's rows or error, the calls it made and the session's bill."""
    try:
        found: Rows | str = connection.execute(query).fetchall()
    except errors.DatabaseError as error:
        found = f"{error.sqlstate} {error}"
    return found, connection.execute(CALLS).fetchall(), connection.execute(BILL).fetchall()


QUERIES = {
    "all": "SELECT id, s.sentiment, s.confidence FROM notes, aws_comprehend.detect_sentiment(note, 'en'{}) s ORDER BY id",
    "limit": "SELECT id, s.sentiment FROM notes, aws_comprehend.detect_sentiment(note, 'en'{}) s LIMIT 130",
    "language": "SELECT id, s.sentiment FROM notes, aws_comprehend.detect_sentiment(note, CASE WHEN id < 300 THEN 'en' ELSE 'es' END{}) s ORDER BY id",
    "unknown to the model": "SELECT id, s.sentiment FROM notes, aws_comprehend.detect_sentiment(note, 'ja'{}) s",
    "unknown": "SELECT id, s.sentiment FROM notes, aws_comprehend.detect_sentiment(note, 'xx'{}) s",
}
TEXTS = {
    "short": "CASE i % 3 WHEN 0 THEN 'I love it ' WHEN 1 THEN 'it is awful, but cheap ' ELSE 'né à Lyon ' END || i",
    "of many lengths": "repeat('not good ', i % 90 + 1)",
    "with NULLs": "CASE WHEN i % 61 <> 0 THEN 'great ' || i END",
    "one too long": "CASE WHEN i = 333 THEN repeat('x', 5001) ELSE 'bad ' || i END",
    "one empty": "CASE WHEN i <> 601 THEN 'bad ' || i ELSE '' END",
}


CASES = [*itertools.product(TEXTS, QUERIES, ["", ", 60"]), *itertools.product(["short", "one empty"], ["all"], [", 7", ", 25", ", 10000"])]


@pytest.mark.parametrize(("texts", "query", "rows"), CASES)
def test_together_as_each_by_itself(texts: str, query: str, rows: str) -> None:
    sql = QUERIES[query].format(rows)
    together, by_itself = connected(TEXTS[texts]), connected(TEXTS[texts], BY_ITSELF)
    assert answered(together, sql) == answered(by_itself, sql)


@pytest.mark.parametrize("texts", ["one too long", "one empty"])
def test_documents_that_do_not_fit_are_left_out(texts: str) -> None:
    leave_out = "SET auroraml.unfit_documents = 'null'"
    together, by_itself = connected(TEXTS[texts], leave_out), connected(TEXTS[texts], leave_out, BY_ITSELF)
    found = answered(together, QUERIES["all"].format(""))
    assert found == answered(by_itself, QUERIES["all"].format(""))
    assert sum(row[1] is None for row in found[0]) == 1


def test_an_error_downstream_leaves_no_trace_of_batches_after_it() -> None:
    query = "SELECT id, 1 / (id - 60) FROM notes, aws_comprehend.detect_sentiment(note, 'en', 20) s WHERE s.sentiment IS NOT NULL"
    wrapped = "SELECT id, wrapped(note) FROM notes"
    define = """CREATE FUNCTION wrapped(note text) RETURNS int LANGUAGE SQL PARALLEL SAFE COST 5000
        AS $$ SELECT (aws_comprehend.detect_sentiment(note, 'en', 20)).sentiment::int $$"""
    for sql in (query, wrapped):
        together, by_itself = connected(TEXTS["short"], define), connected(TEXTS["short"], define, BY_ITSELF)
        found, calls, bill = answered(together, sql)
        assert isinstance(found, str)
        assert answered(by_itself, sql)[0] == found
        if sql == wrapped:  # the first batch's answers cannot be read, so that no other is called
            assert [row[4] for row in calls] == [20]
            assert answered(by_itself, "SELECT 1")[1:] == (calls, bill)


@pytest.mark.parametrize("used", ["49999", "9999990"])
def test_a_tier_of_prices_may_end_among_requests_judged_together(used: str) -> None:
    free = "SET auroraml.free_tier = on"
    ends = [connected(TEXTS["of many lengths"], free, *more) for more in ((), (BY_ITSELF,))]
    for connection in ends:
        connection.session.services.meter.units = int(used)
    sql = QUERIES["all"].format("")
    assert answered(ends[0], sql) == answered(ends[1], sql)


def test_the_model_is_asked_for_many_requests_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connected(TEXTS["short"])
    comprehend = connection.session.services.simulated.comprehend
    asked: list[int] = []
    judge = comprehend.batch_detect_sentiment

    def counting(texts: list[str], language: str) -> object:
        asked.append(len(texts))
        return judge(texts, language)

    monkeypatch.setattr(comprehend, "batch_detect_sentiment", counting)
    assert len(answered(connection, QUERIES["all"].format(""))[1]) == 28
    assert asked == [700]
    connection.execute(BY_ITSELF)
    connection.execute(QUERIES["all"].format(""))
    assert asked == [700] + [25] * 28


def test_times_of_requests_judged_together_follow_each_other() -> None:
    connection = connected(TEXTS["short"])
    connection.execute(QUERIES["all"].format(""))
    calls = connection.execute("SELECT start_ms, milliseconds, instance, queued_ms FROM auroraml.service_calls ORDER BY call_id").fetchall()
    assert all(row[1] > 0 and row[2] is None and row[3] == 0 for row in calls)
    assert all(abs(before[0] + before[1] - after[0]) < 0.001 for before, after in itertools.pairwise(calls))


class Three:
    """Three records, made when they are read."""

    def __init__(self, first: int) -> None:
        self.first = first

    def __len__(self) -> int:
        return 3

    def __iter__(self):  # type: ignore[no-untyped-def] # an iterator of records
        return iter([record(self.first + i) for i in range(3)])


def record(items: int) -> CallRecord:
    """One that can be told by its items."""
    return CallRecord("Comprehend", "BatchDetectSentiment", "en", items)


@pytest.mark.parametrize("keep", range(9))
def test_the_log_keeps_the_latest_records(keep: int) -> None:
    log = CallLog(keep)
    log.add(record(0))
    log.add_several(Three(1))
    log.add((record, 4))
    log.add_several(Three(5))
    assert log.count == 8
    wanted = list(range(8))[8 - min(keep, 8) :]
    assert [(number - 1, found.items) for number, found in log.numbered()] == [(i, i) for i in wanted]
    log.keep(2)
    assert [found.items for found in log.records()] == wanted[-2:]
    log.add((record, 8))
    assert log.count == 9
    assert [found.items for found in log.records()] == [*wanted, 8][-2:]
    log.clear()
    assert log.records() == ()
    log.add_several(Three(9))
    assert log.numbered() == [(11, record(10)), (12, record(11))]
