"""TextForm: how a family of types is written and read; TextStyle: the settings that decide it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

import numpy as np
import pyarrow as pa

from auroraml.batch import Datum, Vector, from_datums
from auroraml.lazy import load
from auroraml.records import dataclass
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import BY_NAME, BY_OID, CHAR, JSON, JSONB, NAME, TIMETZ, UUID

Resolver = Callable[[int], PgType]


class ObjectNames(Protocol):
    """What the reg* types need of a catalog; `type` is the reg type's own name, such as 'regclass'."""

    def name_of(self, type: str, oid: int) -> str | None:
        """The object's name as regclass and its kin print it (qualified if need be), None for an unknown OID."""

    def oid_of(self, type: str, name: str) -> int:
        """The OID of the object called `name`; raises PostgreSQL's undefined-object errors."""


@dataclass(frozen=True, kw_only=True)
class TextStyle:
    """The settings that text forms depend on, the time that 'now' means, and the types of user-defined elements."""

    date_style: str = "ISO, MDY"
    interval_style: str = "postgres"
    time_zone: str = "UTC"
    extra_float_digits: int = 1
    bytea_output: str = "hex"
    now: int | None = None  # transaction start in microseconds from 2000-01-01 UTC; None reads the clock
    resolve: Resolver = BY_OID.__getitem__
    objects: ObjectNames | None = None
    clock_read: Callable[[], None] | None = None  # told when a text means a time after 'now'


DEFAULT_STYLE = TextStyle()


class TextForm(ABC):
    """The text form of a family; the vector methods loop over datums unless a family knows better."""

    @abstractmethod
    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        """The text PostgreSQL prints for `datum`, which is not None."""

    @abstractmethod
    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        """The value PostgreSQL reads from `text` before the typmod is applied (intervals read their fields by it)."""

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        """The texts of a flat vector as large_string without NULLs; what stands at a NULL does not matter."""
        # per value: the families that have no columnar kernel
        return pa.array(["" if d is None else self.datum_out(type, d, style) for d in vector.datums()], pa.large_string())

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        """The values of `texts`, which has no NULLs; raises for the first text that is not a value."""
        # per value: the families that have no columnar kernel, and the texts their kernels refuse
        datums = [self.datum_in(type, typmod, text, style) for text in texts.to_pylist()]
        element = style.resolve(type.element) if type.rep is Rep.LIST and type.element else None
        return from_datums(type, datums, element)


FORMS: dict[int, TextForm] = {}  # by type OID
REP_FORMS: dict[Rep, TextForm] = {}  # for types without a form of their own, such as user-defined ones
_REGISTERED = ("regclass", "regproc", "regprocedure", "regrole", "regnamespace", "regtype")
_OWN = {  # modules of the types that have forms of their own, loaded with the first value of such a type
    "strings": (NAME, CHAR),
    "json": (JSON, JSONB),
    "uuid": (UUID,),
    "datetime_forms": (TIMETZ,),
    "arrays": (BY_NAME["int2vector"], BY_NAME["oidvector"]),
    "regtypes": tuple(BY_NAME[name] for name in _REGISTERED),
    "shown_only": (BY_NAME["pg_ndistinct"], BY_NAME["pg_dependencies"], BY_NAME["pg_mcv_list"]),
}
_REPS = {  # and of all others
    "boolean": (Rep.BOOL,),
    "integers": (Rep.INT2, Rep.INT4, Rep.INT8, Rep.OID),
    "floats": (Rep.FLOAT4, Rep.FLOAT8),
    "numeric": (Rep.NUMERIC,),
    "strings": (Rep.TEXT, Rep.VOID),
    "bytea": (Rep.BYTES,),
    "datetime_forms": (Rep.DATE, Rep.TIME, Rep.TIMESTAMP),
    "interval_forms": (Rep.INTERVAL,),
    "tid": (Rep.TID,),
    "point": (Rep.POINT,),
    "arrays": (Rep.LIST,),
    "composite": (Rep.STRUCT,),
    "ranges": (Rep.RANGE, Rep.MULTIRANGE),
}
OWN_MODULE = {type.oid: module for module, types in _OWN.items() for type in types}
REP_MODULE = {rep: module for module, reps in _REPS.items() for rep in reps}


def register(form: TextForm, *types: PgType) -> None:
    """Make `form` the text form of `types`."""
    for type in types:
        FORMS[type.oid] = form


def form_of(type: PgType) -> TextForm:
    """The text form of `type`."""
    form = FORMS.get(type.oid)
    if form is not None:
        return form
    own = OWN_MODULE.get(type.oid)
    if own is None and type.rep in REP_FORMS:
        return REP_FORMS[type.rep]
    load(f"auroraml.types.{own or REP_MODULE[type.rep]}")
    return FORMS[type.oid] if own else REP_FORMS[type.rep]


def scatter(vector: Vector, validity: np.ndarray | None) -> Vector:
    """The rows of `vector`, in order, put where `validity` is true and NULL elsewhere."""
    if validity is None:
        return vector
    return vector.take(np.where(validity, np.cumsum(validity) - 1, -1), nullable=True)
