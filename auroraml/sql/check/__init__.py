"""Query syntax checked token by token by PostgreSQL's grammar, so that errors stand where PostgreSQL's do."""

from auroraml.sql.check.queries import check_expression, check_query

__all__ = ["check_expression", "check_query"]
