"""Evidence: the runs of a lesson as tables, so that answers and sentences are queries over what really happened.

Tables `runs`, `nodes`, `calls` and `notices` have a row a statement, plan node, service call and notice. Unqualified they hold the latest statement's,
`result` its rows; in schema `lesson` they hold all statements', told apart by `run`, the name that the text gave them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from auroraml.dbapi.connect import connect
from auroraml.notebook.statements import Answer, run_one

AMOUNT = pa.decimal128(30, 12)
RUNS = pa.schema([
    ("number", pa.int32()), ("run", pa.string()), ("statement", pa.string()), ("tag", pa.string()), ("rows", pa.int64()), ("calls", pa.int64()),
    ("items", pa.int64()), ("amount", AMOUNT), ("planning_ms", pa.float64()), ("execution_ms", pa.float64()), ("sqlstate", pa.string()),
    ("message", pa.string()), ("plan", pa.string()),
])  # fmt: skip
NODES = pa.schema([
    ("number", pa.int32()), ("run", pa.string()), ("node", pa.int32()), ("parent", pa.int32()), ("depth", pa.int32()), ("type", pa.string()),
    ("relation", pa.string()), ("function", pa.string()), ("filter", pa.string()), ("output", pa.string()), ("startup_cost", pa.float64()),
    ("total_cost", pa.float64()), ("plan_rows", pa.int64()), ("rows", pa.int64()), ("loops", pa.int64()), ("removed", pa.int64()),
    ("startup_ms", pa.float64()), ("total_ms", pa.float64()), ("workers_planned", pa.int32()), ("workers_launched", pa.int32()),
    ("batches", pa.int64()), ("batch_rows_avg", pa.float64()), ("batch_rows_min", pa.int64()), ("batch_rows_max", pa.int64()),
    ("batch_ms_avg", pa.float64()), ("batch_ms_min", pa.float64()), ("batch_ms_max", pa.float64()), ("properties", pa.string()),
])  # fmt: skip
CALLS = pa.schema([
    ("number", pa.int32()), ("run", pa.string()), ("service", pa.string()), ("operation", pa.string()), ("target", pa.string()), ("items", pa.int64()),
    ("attempts", pa.int32()), ("milliseconds", pa.float64()), ("units", pa.int64()), ("error", pa.string()), ("amount", AMOUNT),
    ("worker", pa.int32()), ("batch", pa.int32()), ("instance", pa.int32()), ("queued_ms", pa.float64()),
])  # fmt: skip
NOTICES = pa.schema([("number", pa.int32()), ("run", pa.string()), ("severity", pa.string()), ("message", pa.string()), ("hint", pa.string())])
SCALE = Decimal(10) ** 12  # of the amounts in the log
Row = dict[str, object]


def money(amount: int | None) -> Decimal | None:
    """An amount of the log in the currency."""
    return None if amount is None else Decimal(amount) / SCALE


class Evidence:
    """The answers so far, and queries over them."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, Answer]] = []
        self._connection = connect(autocommit=True)
        self._shown = 0  # how many answers the tables show
        for schema in ("lesson", "latest"):
            self._connection.execute(f"CREATE SCHEMA {schema}")

    def add(self, run: str, answers: Sequence[Answer]) -> None:
        """Remember statements that ran, under a name."""
        self.answers += [(run, answer) for answer in answers]

    def cut(self, count: int) -> None:
        """Forget all but the first `count` answers."""
        del self.answers[count:]
        self._shown = -1

    def has(self, run: str) -> bool:
        """Whether something ran under that name."""
        return any(name == run for name, _ in self.answers)

    def value(self, query: str) -> object:
        """The one value that a query over the tables gives; what is wrong with the query is raised."""
        return self._run(query).rows()[0][0]

    def text(self, query: str) -> str:
        """The same as PostgreSQL writes it."""
        return self._run(query).texts()[0][0] or ""

    def _run(self, query: str) -> Answer:
        self._show()
        answer = run_one(self._connection, query)
        if answer.error is not None:
            raise answer.error
        if answer.count != 1:
            raise LookupError(f"{answer.count} rows instead of one: {query}")
        return answer

    def _show(self) -> None:
        if self._shown == len(self.answers):
            return
        self._shown = len(self.answers)
        numbered = [(number, run, answer) for number, (run, answer) in enumerate(self.answers, 1)]
        for schema, part in (("lesson", numbered), ("latest", numbered[-1:])):
            self._connection.execute(f"SET search_path = {schema}")
            tables: tuple[tuple[str, pa.Schema, list[Row]], ...] = (
                ("runs", RUNS, [_run_row(*each) for each in part]),
                ("nodes", NODES, [row for each in part for row in _node_rows(*each)]),
                ("calls", CALLS, [row for each in part for row in _call_rows(*each)]),
                ("notices", NOTICES, [row for each in part for row in _notice_rows(*each)]),
            )
            for name, columns, rows in tables:
                self._connection.register(name, pa.Table.from_pylist(rows, schema=columns))
        latest = numbered[-1][2] if numbered else None
        if latest is not None and latest.columns:
            self._connection.register("result", latest.table)
        else:
            self._connection.execute("DROP TABLE IF EXISTS result")
        self._connection.execute("SET search_path = latest")

    def close(self) -> None:
        """End it."""
        self._connection.close()


def _run_row(number: int, run: str, answer: Answer) -> Row:
    plan: Mapping[str, object] = answer.plan() if answer.explained is not None else {}
    amounts = [record.amount for record in answer.calls if record.amount is not None]
    return {
        "number": number, "run": run, "statement": answer.statement, "tag": answer.tag, "rows": answer.count, "calls": len(answer.calls),
        "items": sum(record.items for record in answer.calls), "amount": money(sum(amounts)), "planning_ms": plan.get("Planning Time"),
        "execution_ms": plan.get("Execution Time", answer.seconds * 1000), "sqlstate": None if answer.error is None else answer.error.sqlstate,
        "message": None if answer.error is None else answer.error.diag.message_primary, "plan": answer.plan_text if plan else None,
    }  # fmt: skip


def _node_rows(number: int, run: str, answer: Answer) -> Iterator[Row]:
    if answer.explained is None:
        return
    pending: list[tuple[Any, int | None, int]] = [(answer.plan()["Plan"], None, 0)]
    count = 0
    while pending:
        node, parent, depth = pending.pop()
        count += 1
        pending += [(child, count, depth + 1) for child in reversed(node.get("Plans", ()))]
        batches = node.get("Batch Processing", {})
        sizes, times = batches.get("Batch Size", {}), batches.get("Batch Call Time", {})
        yield {
            "number": number, "run": run, "node": count, "parent": parent, "depth": depth, "type": node["Node Type"],
            "relation": node.get("Relation Name"), "function": node.get("Function Name"), "filter": node.get("Filter"),
            "output": None if "Output" not in node else ", ".join(node["Output"]), "startup_cost": node.get("Startup Cost"),
            "total_cost": node.get("Total Cost"), "plan_rows": _whole(node.get("Plan Rows")), "rows": _whole(node.get("Actual Rows")),
            "loops": _whole(node.get("Actual Loops")), "removed": _whole(node.get("Rows Removed by Filter")),
            "startup_ms": node.get("Actual Startup Time"), "total_ms": node.get("Actual Total Time"),
            "workers_planned": node.get("Workers Planned"), "workers_launched": node.get("Workers Launched"), "batches": batches.get("Num Batches"),
            "batch_rows_avg": sizes.get("Average"), "batch_rows_min": sizes.get("Minimum"), "batch_rows_max": sizes.get("Maximum"),
            "batch_ms_avg": times.get("Average"), "batch_ms_min": times.get("Minimum"), "batch_ms_max": times.get("Maximum"),
            "properties": json.dumps({key: value for key, value in node.items() if key != "Plans"}, default=str),
        }  # fmt: skip


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _call_rows(number: int, run: str, answer: Answer) -> Iterator[Row]:
    for record in answer.calls:
        values = record._asdict() | {"number": number, "run": run, "amount": money(record.amount)}
        yield {name: values.get(name) for name in CALLS.names} | {"instance": record.instance, "queued_ms": record.queued}


def _notice_rows(number: int, run: str, answer: Answer) -> Iterator[Row]:
    for notice in answer.notices:
        yield {"number": number, "run": run, "severity": notice.severity, "message": notice.message_primary, "hint": notice.message_hint}
