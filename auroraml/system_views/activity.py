"""pg_stat_*, pg_locks, pg_cursors, pg_prepared_statements: what is going on. Counters that are not kept are NULL, never zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auroraml.catalog.catalog import Catalog
from auroraml.ir.objects import Relation
from auroraml.system_views.registry import Reader, Row, Rows, array, view

if TYPE_CHECKING:
    from auroraml.storage.locks import Tag

SYSTEM = ("pg_catalog", "information_schema", "pg_toast")


def _sessions(ctx: Reader) -> list[Any]:
    """The sessions of the reader's instance: writer and readers are servers of their own."""
    return [session for session in ctx.host.server.sessions if session.instance == ctx.host.instance]


@view("pg_catalog.pg_stat_activity")
def pg_stat_activity(ctx: Reader) -> Rows:
    """Sessions of all databases on this instance; what others run is shown to superusers and to the role itself."""
    catalog: Catalog = ctx.catalog
    reader = catalog.role(ctx.user)
    rows: Rows = []
    for session in _sessions(ctx):
        own = catalog.find_role(session.session_user)
        database = catalog.find_database(session.dbname)
        allowed = own is None or catalog.acts_as(reader, own) or 3375 in catalog.inherited(reader)
        query, started, changed = session.activity
        state = "active" if session.active else {"I": "idle", "T": "idle in transaction", "E": "idle in transaction (aborted)"}[session.status]
        rows.append({
            "datid": 0 if database is None else database.oid, "datname": session.dbname, "pid": session.pid, "usesysid": 0 if own is None else own.oid,
            "usename": session.session_user, "application_name": session.settings.show("application_name"), "backend_start": session.connected if allowed else None,
            "xact_start": session.running.started if allowed and session.running is not None else None, "query_start": started if allowed else None,
            "state_change": changed if allowed else None, "state": state if allowed else None, "query": query if allowed else "<insufficient privilege>",
            "backend_type": "client backend" if allowed else None, "client_port": -1 if allowed else None,
        })  # fmt: skip
    return rows


@view("pg_catalog.pg_stat_database")
def pg_stat_database(ctx: Reader) -> Rows:
    """Databases with the sessions connected to them."""
    sessions = [s.dbname for s in _sessions(ctx)]
    return [{"datid": d.oid, "datname": d.name, "numbackends": sessions.count(d.name)} for d in ctx.catalog.databases()]


def _live(ctx: Reader, relation: Relation) -> int | None:
    table = ctx.store.tables.get(relation.oid)
    if table is None:
        return None
    index = ctx.store.visible_now(table)
    return table.n if index is None else len(index)


@view("pg_catalog.pg_stat_user_tables", "pg_catalog.pg_stat_all_tables", "pg_catalog.pg_stat_xact_user_tables", "pg_catalog.pg_stat_xact_all_tables")
def pg_stat_user_tables(ctx: Reader) -> Rows:
    """Tables with their live rows, and how many rows have changed since their ANALYZE."""
    return [
        {"relid": r.oid, "schemaname": r.schema, "relname": r.name, "n_live_tup": _live(ctx, r), "n_mod_since_analyze": ctx.store.changed[r.oid]}
        for r in ctx.catalog.relations()
        if r.kind in "rm"
    ]


@view("pg_catalog.pg_stat_user_indexes", "pg_catalog.pg_stat_all_indexes")
def pg_stat_user_indexes(ctx: Reader) -> Rows:
    """Indexes."""
    return [{"relid": r.oid, "indexrelid": i.oid, "schemaname": r.schema, "relname": r.name, "indexrelname": i.name}
            for r in ctx.catalog.relations() for i in r.indexes]  # fmt: skip


@view("pg_catalog.pg_stat_sys_tables", "pg_catalog.pg_stat_sys_indexes", "pg_catalog.pg_statio_sys_sequences", "pg_catalog.pg_stat_xact_sys_tables")
def pg_stat_sys(ctx: Reader) -> Rows:
    """System relations are computed, so nothing is counted for them."""
    return []


def _functions(ctx: Reader, counters: dict[int, tuple[int, float, float]]) -> Rows:
    rows: Rows = []
    for oid, (calls, total, own) in counters.items():
        function = ctx.catalog.functions_by_oid.get(oid)
        if function is not None:
            rows.append({"funcid": oid, "schemaname": function.schema, "funcname": function.name, "calls": calls,
                         "total_time": round(total, 3), "self_time": round(own, 3)})  # fmt: skip
    return rows


@view("pg_catalog.pg_stat_user_functions")
def pg_stat_user_functions(ctx: Reader) -> Rows:
    """Calls counted under track_functions, in transactions that have ended; times in milliseconds, kept in whole microseconds."""
    return _functions(ctx, ctx.host.statistics.counters)


@view("pg_catalog.pg_stat_xact_user_functions")
def pg_stat_xact_user_functions(ctx: Reader) -> Rows:
    """Calls counted in the running transaction."""
    return _functions(ctx, ctx.host.uncounted)


@view("pg_catalog.pg_locks")
def pg_locks(ctx: Reader) -> Rows:
    """The locks that every transaction holds on itself, those taken by name, and who waits for such."""
    rows: Rows = []
    for session in _sessions(ctx):
        virtual = f"{session.pid}/{0 if session.running is None else session.running.stored.xid}"
        common = {"virtualtransaction": virtual, "pid": session.pid, "fastpath": False}
        if session.running is not None:
            rows.append({**common, "locktype": "virtualxid", "virtualxid": virtual, "mode": "ExclusiveLock", "granted": True, "fastpath": True})
        locks = session.hub.store.named
        if locks is not None:
            database = session.catalog.find_database(session.dbname)
            here = {**common, "database": 0 if database is None else database.oid}
            rows += [{**here, **_locked(tag), "mode": locks.mode_name(mode), "granted": True} for tag, mode, _ in locks.of(session)]
            rows += [{**here, **_locked(request.tag), "mode": locks.mode_name(request.mode), "granted": False}
                     for request in locks.waiting if request.session is session]  # fmt: skip
    return rows


def _locked(tag: Tag) -> Row:
    if tag.which:
        return {"locktype": tag.kind, "classid": tag.first, "objid": tag.second, "objsubid": tag.which}
    return {"locktype": tag.kind, "relation": tag.first}


@view("pg_catalog.pg_cursors")
def pg_cursors(ctx: Reader) -> Rows:
    """Open cursors of this session."""
    return [
        {"name": c.name, "statement": c.text, "is_holdable": c.hold, "is_binary": False, "is_scrollable": c.scroll, "creation_time": c.created}
        for c in ctx.host.cursors.values()
    ]


@view("pg_catalog.pg_prepared_statements")
def pg_prepared_statements(ctx: Reader) -> Rows:
    """Prepared statements of this session."""
    return [
        {
            "name": p.name,
            "statement": p.text,
            "prepare_time": p.created,
            "parameter_types": array([t.oid for t in p.source.types]),
            "from_sql": p.from_sql,
            "generic_plans": p.source.generic_plans,
            "custom_plans": p.source.custom_plans,
        }
        for p in ctx.host.prepared.values()
    ]
