"""Functions over the counters of pg_stat_user_functions: reading them one by one, and setting them back."""

from __future__ import annotations

from auroraml.functions.signature import CallContext, scalar


@scalar("pg_stat_reset()", face="datum", context=True)
def pg_stat_reset(ctx: CallContext) -> str:
    """Counters go back to zero."""
    ctx.host.statistics.reset()
    return ""


@scalar("pg_stat_reset_single_function_counters(oid)", face="datum", context=True)
def pg_stat_reset_single_function_counters(ctx: CallContext, oid: int) -> str:
    """One function's counters go back to zero."""
    ctx.host.statistics.reset_one(oid)
    return ""


@scalar("pg_stat_force_next_flush()", "pg_stat_clear_snapshot()", face="datum")
def nothing_to_wait_for() -> str:
    """Counters are shown as soon as their transaction has ended, and are read anew each time."""
    return ""


def _figure(name: str, place: int) -> None:
    def ended(ctx: CallContext, oid: int) -> int | float | None:
        """A counter of the transactions that have ended; NULL of a function that was never called."""
        found = ctx.host.statistics.counters.get(oid)
        return None if found is None else round(found[place], 3)

    def running(ctx: CallContext, oid: int) -> int | float | None:
        """A counter of the running transaction."""
        found = ctx.host.uncounted.get(oid)
        return None if found is None else round(found[place], 3)

    scalar(f"pg_stat_get_function_{name}(oid)", face="datum", context=True)(ended)
    scalar(f"pg_stat_get_xact_function_{name}(oid)", face="datum", context=True)(running)


for _place, _name in enumerate(("calls", "total_time", "self_time")):
    _figure(_name, _place)
