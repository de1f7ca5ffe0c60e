"""Storage parameters of tables (WITH, SET, RESET), checked in PostgreSQL's words."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.errors import FeatureNotSupported, InvalidParameterValue
from auroraml.settings.setting import parse_bool
from auroraml.sql import statements as st

INT4_MAX = 2_147_483_647
RANGES = {
    "fillfactor": (10, 100), "parallel_workers": (0, 1024), "toast_tuple_target": (128, 8160), "autovacuum_analyze_threshold": (0, INT4_MAX),
    "autovacuum_vacuum_threshold": (0, INT4_MAX), "autovacuum_vacuum_insert_threshold": (-1, INT4_MAX), "autovacuum_vacuum_cost_limit": (1, 10_000),
    "autovacuum_freeze_min_age": (0, 1_000_000_000), "autovacuum_freeze_max_age": (100_000, 2_000_000_000),
    "autovacuum_freeze_table_age": (0, 2_000_000_000), "autovacuum_multixact_freeze_min_age": (0, 1_000_000_000),
    "autovacuum_multixact_freeze_max_age": (10_000, 2_000_000_000), "autovacuum_multixact_freeze_table_age": (0, 2_000_000_000),
    "log_autovacuum_min_duration": (-1, INT4_MAX),
}  # fmt: skip
REALS = ("autovacuum_analyze_scale_factor", "autovacuum_vacuum_scale_factor", "autovacuum_vacuum_insert_scale_factor", "autovacuum_vacuum_cost_delay")
MOST_REAL = 100.0
TOAST_TARGET = 2032  # where a row's long values leave it, if nothing is said
INDEX_FILL = {"btree": 90, "hash": 75}
VIEW_FLAGS = ("security_barrier", "security_invoker")
FLAGS = ("autovacuum_enabled", "user_catalog_table", "vacuum_truncate")


def checked(option: st.Option) -> tuple[str, str]:
    """One parameter with its value as pg_class.reloptions keeps it."""
    name = option.name.lower()
    text = "true" if option.value is None else str(option.value)
    if name in FLAGS:
        if parse_bool(text) is None:
            raise InvalidParameterValue(f'invalid value for boolean option "{name}": {text}')
        return name, text
    if name in REALS:
        return name, _real(name, text)
    if name not in RANGES:
        raise InvalidParameterValue(f'unrecognized parameter "{option.name}"')
    least, most = RANGES[name]
    try:
        value = int(text)
    except ValueError:
        raise InvalidParameterValue(f'invalid value for integer option "{name}": {text}') from None
    if not least <= value <= most:
        detail = f'Valid values are between "{least}" and "{most}".'
        raise InvalidParameterValue(f'value {text} out of bounds for option "{name}"', detail=detail)
    return name, text


def _real(name: str, text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        raise InvalidParameterValue(f'invalid value for floating point option "{name}": {text}') from None
    if not 0.0 <= value <= MOST_REAL:
        detail = f'Valid values are between "{0.0:.6f}" and "{MOST_REAL:.6f}".'
        raise InvalidParameterValue(f'value {text} out of bounds for option "{name}"', detail=detail)
    return text


def refuse_unheeded(option: st.Option, name: str, text: str) -> None:
    """0A000 for a parameter that would have to change what is done, and does not."""
    if name == "toast_tuple_target" and int(text) != TOAST_TARGET:
        raise FeatureNotSupported(f"storage parameter {name} is not supported", at=option.at)


def view_options(options: Sequence[st.Option], before: Sequence[tuple[str, str]] = ()) -> tuple[tuple[str, str], ...]:
    """The options of a view after `options` were set; those that would change what the view does are refused."""
    merged = dict(before)
    for option in options:
        name = option.name.lower()
        text = "true" if option.value is None else str(option.value)
        if name == "check_option":
            raise FeatureNotSupported("WITH CHECK OPTION is not supported", at=option.at)
        if name not in VIEW_FLAGS:
            raise InvalidParameterValue(f'unrecognized parameter "{option.name}"')
        flag = parse_bool(text)
        if flag is None:
            raise InvalidParameterValue(f'invalid value for boolean option "{name}": {text}')
        if flag:
            raise FeatureNotSupported(f"views with {name} are not supported", at=option.at)
        merged[name] = text
    return tuple(merged.items())


def index_options(options: Sequence[st.Option], method: str) -> tuple[tuple[str, str], ...]:
    """The options of an index; values other than PostgreSQL's defaults are refused, since the model of index pages knows only those."""
    found: dict[str, str] = {}
    for option in options:
        name = option.name.lower()
        text = "true" if option.value is None else str(option.value)
        if name == "deduplicate_items" and method == "btree":
            if parse_bool(text) is None:
                raise InvalidParameterValue(f'invalid value for boolean option "{name}": {text}')
            default = bool(parse_bool(text))
        elif name == "fillfactor":
            checked(option)
            default = int(text) == INDEX_FILL[method]
        else:
            raise InvalidParameterValue(f'unrecognized parameter "{option.name}"')
        if not default:
            raise FeatureNotSupported(f"{name} = {text} of an index is not supported", at=option.at)
        found[name] = text
    return tuple(found.items())


def table_options(options: Sequence[st.Option], before: Sequence[tuple[str, str]] = ()) -> tuple[tuple[str, str], ...]:
    """The options after `options` were set."""
    merged = dict(before)
    for option in options:
        name, text = checked(option)
        refuse_unheeded(option, name, text)
        merged[name] = text
    return tuple(merged.items())
