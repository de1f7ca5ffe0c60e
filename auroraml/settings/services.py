"""Settings of the services: how many calls auroraml.service_calls keeps."""

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
SETTINGS: tuple[Setting[object], ...] = tuple(value for value in globals().values() if isinstance(value, Setting))
