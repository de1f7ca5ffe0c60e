"""Declaring kernels: `@scalar("upper(text)")` ties a vectorised function to the pg_proc rows of those signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from auroraml.batch import Vector
from auroraml.catalog.builtins import WRITTEN_IN_SQL
from auroraml.catalog.data import PROCS
from auroraml.ir.objects import Function
from auroraml.lazy import LOADING, load
from auroraml.records import dataclass
from auroraml.services.clock import Clock
from auroraml.settings import Settings
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_NAME

KernelFunction = Callable[..., Any]
K = TypeVar("K", bound=KernelFunction)
R = TypeVar("R")
FAMILIES = ("auroraml.functions.families", "auroraml.extensions.families")


class CallContext(Protocol):
    """What kernels may ask of the statement that runs them."""

    def setting(self, name: str) -> str:
        """The text of a setting, as SHOW prints it."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""

    @property
    def style(self) -> Any:
        """How values are read and written (types.form.TextStyle)."""

    @property
    def catalog(self) -> Any:
        """The catalog the statement sees."""

    @property
    def user(self) -> str:
        """The current user."""

    @property
    def session_user(self) -> str:
        """The session user."""

    @property
    def dbname(self) -> str:
        """The database's name."""

    @property
    def transaction_start(self) -> int:
        """now() in microseconds from 2000-01-01."""

    @property
    def statement_start(self) -> int:
        """statement_timestamp() in microseconds from 2000-01-01."""

    @property
    def services(self) -> Any:
        """The machine-learning services."""

    @property
    def host(self) -> Any:
        """The session, for functions that act on it (set_config, nextval, pg_stat_reset)."""

    @property
    def clock(self) -> Clock:
        """By what the statement runs."""

    def check_cancel(self) -> None:
        """Raise where the statement was cancelled or timed out."""


class BatchCalls(Protocol):
    """The calls of a batch function for many batches whose arguments are at hand; `apart`: no batches are ever answered together."""

    apart: bool

    def call(self, start: int, stop: int) -> Vector:
        """The answers for rows `start` to before `stop`: one batch."""

    def together(self, start: int, stop: int, rows: int) -> Vector | None:
        """The answers of several batches of `rows` rows from `start` on, at most to `stop`, computed ahead of their calls, of which nobody is told
        before `sent`; None where the next one has to be called by itself."""

    def sent(self) -> None:
        """The batches of the last answer of `together` count as called."""

    def settle(self) -> None:
        """No more batches for now: whatever was put off until then is done."""


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """A kernel and how it wants its arguments.

    face: "vector" (Vectors of the batch's length or ConstVector), "numpy" (arrays of values, constants of length 1, that broadcast), "stored" (the same,
    whole numbers perhaps of fewer bytes than their type has),
    "arrow" (pa.Array or, for constants, pa.Scalar; the answer may be a mask, too), "datum" (Python values, one call a row: for the long tail that no
    array library has).
    """

    function: KernelFunction
    face: str = "vector"
    raises: bool = True
    light: bool = False  # costs no more for a row than reading the row's values
    harmless: Callable[[Sequence[object]], bool] | None = (
        None  # whether it cannot raise after all, by the constants among its arguments (None for others)
    )
    sure: Callable[..., Vector | None] | None = None  # of face "vector": the values where it is sure that no row fails, those under NULLs neither
    nearest: Nearest | None = None
    context: bool = False
    typed: bool = False  # wants `Types` before its arguments: for "any", polymorphic functions and their kin
    columns: Callable[..., Vector | None] | None = None  # of face "datum": the values of many rows at once; None where each has to be looked at
    # (of a function without arguments: `columns(context, n)`)
    single: KernelFunction | None = None  # of a batch function: what runs instead outside batch mode
    batches: Callable[..., BatchCalls | None] | None = None  # given what `function` is given, for many batches; None where the values do not allow it


@dataclass(frozen=True, kw_only=True)
class Types:
    """The types of one call's arguments and of its result."""

    args: tuple[PgType, ...]
    result: PgType


class Nearest(Protocol):
    """Of a comparison: what one with a value asks of a column's stored whole numbers."""

    def __call__(self, ctx: CallContext, flipped: bool, column: Vector, one: Vector) -> tuple[str, int] | None:
        """eq, ne, lt, le, gt or ge and a number; None where that does not say it. `flipped`: the column is the right argument."""


class Registry(MutableMapping[int, R]):
    """Kernels by OID. Before one is looked for, all modules that declare some are loaded. No dict: compiled modules look into those without asking."""

    complete = False  # of all registries

    def __init__(self) -> None:
        self._kernels: dict[int, R] = {}

    @property
    def _all(self) -> dict[int, R]:
        if not Registry.complete:
            _load_families()
        return self._kernels

    def get(self, oid: int, default: R | None = None) -> R | None:  # type: ignore[override] # None is the only default
        return self._all.get(oid, default)

    def __getitem__(self, oid: int) -> R:
        return self._all[oid]

    def __contains__(self, oid: object) -> bool:
        return oid in self._all

    def __iter__(self) -> Iterator[int]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __setitem__(self, oid: int, kernel: R) -> None:
        self._kernels[oid] = kernel

    def setdefault(self, oid: int, kernel: R) -> R:
        return self._kernels.setdefault(oid, kernel)

    def __delitem__(self, oid: int) -> None:
        del self._kernels[oid]


def _load_families() -> None:
    with LOADING:
        for family in FAMILIES:
            load(family)
        Registry.complete = True  # not before: another thread waits until all are there


SCALARS = Registry[Kernel]()
AGGREGATES = Registry[Kernel]()
WINDOWS = Registry[KernelFunction]()
ROWS = Registry[Kernel]()
FOLDED: Final = ("min", "max")  # aggregates that need no kernel: extremes of any type that has an order
_OIDS: dict[tuple[str, tuple[int, ...]], int] = {}


def oid_of(signature: str) -> int:
    """The OID of the pg_proc row "name(type, type)"; KeyError where PostgreSQL has none."""
    if not _OIDS:
        _OIDS.update({(row[1], row[2]): row[0] for row in PROCS})
    name, _, rest = signature.partition("(")
    types = [part.strip() for part in rest.rstrip(") ").split(",") if part.strip()]
    oids = tuple(BY_NAME["_" + part[:-2] if part.endswith("[]") else part].oid for part in types)
    return _OIDS[name.strip(), oids]


def implemented(function: Function) -> bool:
    """Whether a function can run: it is a user's, or has a kernel here, or an expression in SQL that stands for it."""
    if function.schema != "pg_catalog" or function.language not in ("internal", "c") or function.oid in WRITTEN_IN_SQL:
        return True
    if function.kind == "a":
        return function.oid in AGGREGATES or function.name in FOLDED
    return function.oid in (WINDOWS if function.kind == "w" else ROWS if function.returns_set else SCALARS)


def scalar(
    *signatures: str, face: str = "vector", raises: bool = True, context: bool = False, typed: bool = False,
    sure: Callable[..., Vector | None] | None = None, columns: Callable[..., Vector | None] | None = None,
) -> Callable[[K], K]:  # fmt: skip
    """Register a kernel for functions that give one value a row."""

    def register(function: K) -> K:
        kernel = Kernel(function=function, face=face, raises=raises, context=context, typed=typed, sure=sure, columns=columns)
        for signature in signatures:
            SCALARS[oid_of(signature)] = kernel
        return function

    return register


def aggregate(*signatures: str, context: bool = False, typed: bool = False) -> Callable[[K], K]:
    """Register `function(args: list[Vector], codes, groups) -> Vector` for aggregates; a context and Types come first where asked for.

    Ordered-set aggregates get their direct arguments, one value a group, before the aggregated ones.
    """

    def register(function: K) -> K:
        for signature in signatures:
            AGGREGATES[oid_of(signature)] = Kernel(function=function, context=context, typed=typed)
        return function

    return register


def rows(*signatures: str, face: str = "datum", context: bool = False, typed: bool = False) -> Callable[[K], K]:
    """Register `function(*datums) -> list of rows (tuples)`: a set-returning function, called once for each set of arguments.

    With face="vector", `function(*vectors) -> (columns, counts)`: called once for all sets of arguments (NULLs among them already left out for
    strict functions), and gives all rows in order, and how many of them each set of arguments made.
    """

    def register(function: K) -> K:
        for signature in signatures:
            ROWS[oid_of(signature)] = Kernel(function=function, face=face, context=context, typed=typed)
        return function

    return register


def window(*signatures: str) -> Callable[[K], K]:
    """Register a window function (see functions/windows)."""

    def register(function: K) -> K:
        for signature in signatures:
            WINDOWS[oid_of(signature)] = function
        return function

    return register


Vectors = Sequence[Vector]
