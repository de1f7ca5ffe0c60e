"""pg_settings: every parameter with its value, range and where the value comes from."""

from __future__ import annotations

from auroraml.settings.core import SERVER_VERSION_NUM
from auroraml.settings.setting import Setting, VarType
from auroraml.system_views.registry import Reader, Rows, array, view


def _limit(value: float, setting: Setting[object], ctx: Reader) -> str:
    if setting is SERVER_VERSION_NUM:  # its limits are the value, which depends on the instance
        return str(ctx.settings[setting])
    return f"{value:g}" if setting.kind is VarType.REAL else str(int(value))


@view("pg_catalog.pg_settings")
def pg_settings(ctx: Reader) -> Rows:
    """Parameters."""
    rows: Rows = []
    for s in ctx.settings.all():
        ranged = s.kind in (VarType.INTEGER, VarType.REAL)
        rows.append({
            "name": s.name, "setting": s.raw(ctx.settings[s]), "unit": s.unit or None, "category": s.category, "short_desc": s.help,
            "extra_desc": s.more or None, "context": s.context.value, "vartype": s.kind.value, "source": ctx.settings.source(s),
            "min_val": _limit(s.least, s, ctx) if ranged else None, "max_val": _limit(s.most, s, ctx) if ranged else None,
            "enumvals": array(s.choices) if s.kind is VarType.ENUM else None, "boot_val": s.raw(ctx.settings.boot_value(s)),
            "reset_val": s.raw(ctx.settings.reset_value(s)), "pending_restart": ctx.host.server.pending_restart(s.name),
        })  # fmt: skip
    return rows
