"""The rules that decide whether a call of a batch function is moved to FROM, each with the guide's reason (AWS: Understanding batch mode)."""

from __future__ import annotations

from auroraml.ir import expr as e
from auroraml.ir.decisions import MigrationRule

BATCH_MODE = "Understanding batch mode and Aurora machine learning functions"
MIGRATION = "Function migration from the SELECT statement to the FROM clause"
LISTED = "only calls referenced from the SELECT list, WHERE or HAVING are eligible"


def _moves(name: str, reason: str, guide: str = "") -> MigrationRule:
    return MigrationRule(name=name, reason=reason, guide=guide, moves=True)


def _stays(name: str, reason: str, guide: str = "") -> MigrationRule:
    return MigrationRule(name=name, reason=reason, guide=guide)


SELECT_LIST = _moves("select_list", "a call referenced from the SELECT list is eligible", BATCH_MODE)
WHERE = _moves("where", "a call referenced from WHERE is eligible", BATCH_MODE)
HAVING = _moves("having", "a call referenced from HAVING is eligible", BATCH_MODE)
SIMPLE_CASE = _moves("simple_case", "a top-level simple CASE is eligible, by its operand", BATCH_MODE)
SEARCHED_CASE = _moves("searched_case", "a top-level searched CASE is eligible whose first WHEN is a simple predicate with the call", BATCH_MODE)
ARGUMENT = _moves("argument", "an argument of a call that is moved is evaluated for the same rows")
UPDATE = _moves("migrate_update", "auroraml.migrate_update is on, so UPDATE and DELETE move calls to FROM too")

MIGRATION_OFF = _stays("migration_off", "apg_enable_function_migration is off", MIGRATION)
IN_FROM = _stays("in_from", "it is written in FROM, where it runs in batch mode as it is")
FROM_ARGUMENT = _stays("from_argument", f"it is inside a function call in FROM; {LISTED}", BATCH_MODE)
JOIN_ON = _stays("join_condition", f"it is in JOIN ... ON; {LISTED}", BATCH_MODE)
VALUES = _stays("values", f"it is in VALUES; {LISTED}", BATCH_MODE)
RETURNING = _stays("returning", f"it is in RETURNING; {LISTED}", BATCH_MODE)
ON_CONFLICT = _stays("on_conflict", f"it is in ON CONFLICT DO UPDATE; {LISTED}", BATCH_MODE)
LIMIT = _stays("limit", f"it is in LIMIT or OFFSET; {LISTED}", BATCH_MODE)
CHANGE = _stays("changed_rows", "the rows of UPDATE and DELETE are sent one by one unless auroraml.migrate_update is on")
NO_FROM = _stays("no_from", "the query has no FROM, so there are no rows to make batches of")
NO_COLUMN = _stays("no_column", "its arguments have no column of this query, so its rows make no batch")
RETURNS_SET = _stays("returns_set", "it returns a set; a batch has one value for each row")
SET_ARGUMENT = _stays("set_argument", "its arguments have a function that returns a set, which is evaluated after FROM")
WINDOW_ARGUMENT = _stays("window_argument", "its arguments have a window function, which is evaluated after FROM")
FILTERED = _stays("aggregate_filter", "the aggregate's FILTER decides for which rows it is evaluated")
AGGREGATE = _stays("nested_aggregate", "it is part of an aggregate's direct arguments, which are evaluated once a group")
WRAPPER_QUERY = _stays("wrapper_query", "its LANGUAGE SQL body is more than a select list; the query in it is planned by itself", BATCH_MODE)

AND = _stays("under_and", "under AND inside an expression it is not evaluated for every row")
OR = _stays("under_or", "under OR it is not evaluated for every row")
COALESCE = _stays("under_coalesce", "under COALESCE it is not evaluated for every row")
SUBLINK = _stays("subquery_test", "it is compared with a subquery's rows after grouping")
CASE_INSIDE = _stays("case_not_top_level", "its CASE is inside an expression; only top-level CASE expressions are eligible", BATCH_MODE)
CASE_BRANCH = _stays("case_branch", "of a CASE only the operand, or the predicate of the first WHEN, is evaluated for every row", BATCH_MODE)
CASE_FIRST_WHEN = _stays("case_first_when", "the first WHEN of its searched CASE is not a simple predicate with the call", BATCH_MODE)

BLOCKING: dict[type[e.Expr], MigrationRule] = {
    e.Case: CASE_INSIDE, e.Coalesce: COALESCE, e.And: AND, e.Or: OR, e.SubLink: SUBLINK, e.Aggregate: AGGREGATE,
}  # fmt: skip
"""Expressions whose parts are not evaluated for every row, or not here."""


def blocking(node: object) -> MigrationRule | None:
    """The rule by which calls inside `node` stay, None where `node` evaluates all its parts."""
    return BLOCKING.get(type(node)) if isinstance(node, e.Expr) else None
