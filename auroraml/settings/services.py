"""Settings of the services: by which clock calls and statements run, how many calls auroraml.service_calls keeps."""

from __future__ import annotations

from auroraml.settings.setting import Context, Setting, VarType

AURORAML_SERVICE_CALLS_KEPT = Setting[int](
    name="auroraml.service_calls_kept",
    kind=VarType.INTEGER,
    default=100_000,
    least=0,
    most=10_000_000,
    context=Context.POSTMASTER,
    category="Customized Options",
    help="Sets how many of the latest service calls auroraml.service_calls shows.",
)
AURORAML_CLOCK = Setting[str](
    name="auroraml.clock",
    kind=VarType.ENUM,
    default="real",
    choices=("real", "virtual"),
    category="Customized Options",
    help="Sets by which clock statements run.",
    more="Under the virtual clock nobody waits: calls of the embedded services take the time that their hosting says, the engine's work that of a table, "
    "and EXPLAIN ANALYZE prints virtual milliseconds, the same on every run.",
)
SETTINGS: tuple[Setting[object], ...] = tuple(value for value in globals().values() if isinstance(value, Setting))
