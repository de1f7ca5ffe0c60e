"""max_rows_per_batch: what a value of zero or less does."""

from __future__ import annotations

from auroraml.errors import InvalidParameterValue
from auroraml.settings import Settings
from auroraml.settings.batches import AURORAML_BATCH_ROWS_BELOW_ONE


def refuse_below_one(settings: Settings) -> None:
    """Raise for a limit of zero or less, unless a setting takes it as NULL (the text is ours; AWS publishes none)."""
    if settings[AURORAML_BATCH_ROWS_BELOW_ONE] == "error":
        raise InvalidParameterValue("max_rows_per_batch must be greater than 0")
