"""What a read-only transaction refuses (25006), and what a standby, whose transactions are all read-only, refuses besides."""

from __future__ import annotations

from auroraml.dispatch import singledispatch
from auroraml.sql import statements as st
from auroraml.sql.access import Grant, GrantRole
from auroraml.sql.notifying import Listen, Notify
from auroraml.sql.reindexing import Reindex


@singledispatch
def written(statement: st.Statement) -> str | None:
    """The command tag of a statement that changes the catalog; None for others (queries are judged when bound)."""
    return _TAGS.get(type(statement))


_TAGS: dict[type, str] = {
    st.CreateTable: "CREATE TABLE", st.CreateView: "CREATE VIEW", st.CreateType: "CREATE TYPE",
    st.CreateSchema: "CREATE SCHEMA", st.CreateDatabase: "CREATE DATABASE", st.CreateExtension: "CREATE EXTENSION", st.AlterExtension: "ALTER EXTENSION",
    st.CreateIndex: "CREATE INDEX",
    st.CreateSequence: "CREATE SEQUENCE", st.CreateFunction: "CREATE FUNCTION", st.CreateRole: "CREATE ROLE", st.AlterRole: "ALTER ROLE",
    st.DropOwned: "DROP OWNED", st.Truncate: "TRUNCATE TABLE", st.RefreshMaterializedView: "REFRESH MATERIALIZED VIEW", st.Comment: "COMMENT",
}  # fmt: skip


@written.register
def _(statement: st.CreateTableAs) -> str | None:
    return "SELECT INTO" if statement.into else "CREATE MATERIALIZED VIEW" if statement.materialized else "CREATE TABLE AS"


@written.register
def _(statement: st.Drop) -> str | None:
    return f"DROP {statement.object.upper()}"


@written.register
def _(statement: st.AlterTable) -> str | None:
    return f"ALTER {statement.object.upper()}"


@written.register
def _(statement: Grant) -> str | None:
    return "REVOKE" if statement.revoke else "GRANT"


@written.register
def _(statement: GrantRole) -> str | None:
    return "REVOKE ROLE" if statement.revoke else "GRANT ROLE"


@written.register
def _(statement: st.Copy) -> str | None:
    return "COPY FROM" if statement.incoming else None


@singledispatch
def kept_from_standbys(statement: st.Statement) -> str | None:
    """The command tag of a statement that a standby refuses although a read-only transaction elsewhere may run it; None for others."""
    return None


@kept_from_standbys.register
def _(statement: st.Copy) -> str | None:
    return "COPY" if statement.incoming else None


@kept_from_standbys.register
def _(statement: st.Analyze) -> str | None:
    return "ANALYZE"


@kept_from_standbys.register
def _(statement: st.Vacuum) -> str | None:
    return "VACUUM"


@kept_from_standbys.register
def _(statement: st.Lock) -> str | None:
    return None if statement.mode in ("access share", "row share", "row exclusive") else "LOCK TABLE"


@kept_from_standbys.register
def _(statement: Reindex) -> str | None:
    return "REINDEX"


@kept_from_standbys.register
def _(statement: Listen) -> str | None:
    return "LISTEN"


@kept_from_standbys.register
def _(statement: Notify) -> str | None:
    return "NOTIFY"
