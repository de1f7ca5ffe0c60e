"""The rules that decide whether a call of a batch function is moved to FROM, each with the guide's reason (AWS: Understanding batch mode)."""

from __future__ import annotations

from auroraml.ir import expr as e
from auroraml.ir.decisions import MigrationRule

LISTED = "batch mode is for calls referenced from the SELECT list, WHERE or HAVING"


def _moves(name: str, reason: str) -> MigrationRule:
    return MigrationRule(name=name, reason=reason, moves=True)


def _stays(name: str, reason: str) -> MigrationRule:
    return MigrationRule(name=name, reason=reason)


SELECT_LIST = _moves("select_list", "a call in the SELECT list is moved to FROM")
WHERE = _moves("where", "a call in a WHERE condition is moved to FROM")
HAVING = _moves("having", "a call in a HAVING condition is moved to FROM")
SIMPLE_CASE = _moves("simple_case", "the operand of a top-level simple CASE is eligible")
SEARCHED_CASE = _moves("searched_case", "a top-level searched CASE is eligible where its first WHEN is a simple predicate with the call")
ARGUMENT = _moves("argument", "an argument of a call that is moved is evaluated with it, before it")
UPDATE = _moves("migrate_update", "auroraml.migrate_update is on, so UPDATE and DELETE move calls to FROM too")

MIGRATION_OFF = _stays("migration_off", "apg_enable_function_migration is off, which prevents moving calls to FROM")
IN_FROM = _stays("in_from", "it is written in FROM, where it runs in batch mode as it is")
FROM_ARGUMENT = _stays("from_argument", f"it is part of a function call in FROM; {LISTED}")
JOIN_ON = _stays("join_condition", f"it is in JOIN ... ON; {LISTED}")
VALUES = _stays("values", f"it is in VALUES; {LISTED}")
CHANGE = _stays("changed_rows", "it is in UPDATE or DELETE, whose rows are sent one by one unless auroraml.migrate_update is on")
RETURNING = _stays("returning", f"it is in RETURNING; {LISTED}")
ON_CONFLICT = _stays("on_conflict", f"it is in ON CONFLICT DO UPDATE; {LISTED}")
LIMIT = _stays("limit", f"it is in LIMIT or OFFSET; {LISTED}")
NO_FROM = _stays("no_from", "the query has no FROM, so there are no rows to make batches of")
NO_COLUMN = _stays("no_column", "its arguments have no column of this query, so its rows make no batch")
RETURNS_SET = _stays("returns_set", "it returns a set; batch mode is for one value a row")
SET_ARGUMENT = _stays("set_argument", "its arguments have a function that returns a set, which is evaluated after FROM")
WINDOW_ARGUMENT = _stays("window_argument", "its arguments have a window function, which is evaluated after FROM")
FILTERED = _stays("aggregate_filter", "the aggregate's FILTER decides for which rows it is evaluated")
WRAPPER_QUERY = _stays("wrapper_query", "its LANGUAGE SQL body is more than a select list over batch calls; the query in it is planned by itself")

AND = _stays("under_and", "it is under AND inside an expression, so it need not be evaluated for every row")
OR = _stays("under_or", "it is under OR, so it need not be evaluated for every row")
COALESCE = _stays("under_coalesce", "it is under COALESCE, so it need not be evaluated for every row")
SUBLINK = _stays("under_subquery_test", "it is compared with a subquery's rows; the test is not a simple predicate")
AGGREGATE = _stays("nested_aggregate", "it is inside an aggregate that is evaluated elsewhere")
CASE_INSIDE = _stays("case_not_top_level", "its CASE is not at the top of the expression; only top-level CASE expressions are eligible")
CASE_BRANCH = _stays("case_branch", "it is in a later part of CASE; only the operand, or the first WHEN's predicate, is eligible")
CASE_FIRST_WHEN = _stays("case_first_when", "the first WHEN of its searched CASE is not a simple predicate with the call")

BLOCKING: dict[type[e.Expr], MigrationRule] = {
    e.Case: CASE_INSIDE, e.Coalesce: COALESCE, e.And: AND, e.Or: OR, e.SubLink: SUBLINK, e.Aggregate: AGGREGATE,
}  # fmt: skip
"""Expressions whose parts are not evaluated for every row, or not here."""


def blocking(node: object) -> MigrationRule | None:
    """The rule by which calls inside `node` stay, None where `node` evaluates all its parts."""
    return BLOCKING.get(type(node)) if isinstance(node, e.Expr) else None
