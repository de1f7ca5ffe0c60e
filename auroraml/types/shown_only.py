"""pg_ndistinct, pg_dependencies, pg_mcv_list: types whose values only the server makes; their text is shown, and never read."""

from __future__ import annotations

from auroraml.batch import Datum
from auroraml.errors import FeatureNotSupported
from auroraml.types.form import TextForm, TextStyle, register
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_NAME


class ShownOnly(TextForm):
    """The text that the value was made with."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        return str(datum)

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        raise FeatureNotSupported(f"cannot accept a value of type {type.name}")


register(ShownOnly(), BY_NAME["pg_ndistinct"], BY_NAME["pg_dependencies"], BY_NAME["pg_mcv_list"])
