"""regclass, regtype, regproc, regrole and their kin: OIDs shown as names, by a catalog the style carries."""

from __future__ import annotations

from auroraml.batch import Datum
from auroraml.errors import FeatureNotSupported, UndefinedObject
from auroraml.types.form import TextForm, TextStyle, register
from auroraml.types.names import read_type_name
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_NAME, BY_OID
from auroraml.types.typmod import format_type


class RegForm(TextForm):
    """The object's name, '-' for 0, digits for an OID that names nothing."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, int)
        if datum == 0:
            return "-"
        name = None if style.objects is None else style.objects.name_of(type.name, datum)
        return str(datum) if name is None else name

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        if text == "-":
            return 0
        if text.isascii() and text.isdigit():
            return int(text)
        if style.objects is None:
            raise FeatureNotSupported(f"input of type {type.name} is not supported")
        return style.objects.oid_of(type.name, text)


class RegTypeForm(RegForm):
    """The type's SQL name; built-in types are known without a catalog."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        if style.objects is None and isinstance(datum, int) and datum in BY_OID:
            return format_type(BY_OID[datum])
        return super().datum_out(type, datum, style)

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        if style.objects is not None or text == "-" or text.isdigit():
            return super().datum_in(type, typmod, text, style)
        read = read_type_name(text)
        found = BY_NAME.get(("_" if read.dims else "") + read.name) if read.builtin else None
        if found is None:
            raise UndefinedObject(f'type "{text}" does not exist')
        return found.oid


register(RegForm(), *(BY_NAME[name] for name in ("regclass", "regproc", "regprocedure", "regrole", "regnamespace")))
register(RegTypeForm(), BY_NAME["regtype"])
