"""numeric arithmetic, exact: scaled int64 where it fits, limbs beyond it, decimal.Decimal objects elsewhere, PostgreSQL's result scales."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, localcontext

import numpy as np

from auroraml.batch import (
    ConstVector,
    FixedVector,
    NumericVector,
    Vector,
    aligned_limbs,
    concat,
    limbs,
    limbs_of,
    numeric,
    of_limbs,
    shown,
    stored,
    width,
)
from auroraml.batch.limbs import Limbs
from auroraml.batch.wide import Scales, of_decimals
from auroraml.errors import DivisionByZero
from auroraml.functions.division import FEW, divide_decimals, exponent_of, quotients
from auroraml.functions.signature import scalar
from auroraml.types.numeric import CONTEXT, in_range, positive_zero, round_to

LIMIT = 2**63 - 1
BLOCK = 32_768
INT8 = np.dtype(np.int64)
_UNTRAPPED = Context(prec=30, traps=[])


def _one(vector: Vector) -> NumericVector:
    found = (vector.one if isinstance(vector, ConstVector) else vector).flat()
    assert isinstance(found, NumericVector)
    return found


def reach(vector: FixedVector | NumericVector) -> tuple[int, int]:
    """Bounds of a vector's whole numbers, looked for once."""
    if vector.lo is None or vector.hi is None:
        values = stored(vector)
        vector.lo, vector.hi = (int(values.min()), int(values.max())) if vector.n else (0, 0)
    return vector.lo, vector.hi


def magnitude(vector: FixedVector | NumericVector) -> int:
    """No value of a vector of whole numbers is further from zero."""
    lo, hi = reach(vector)
    return max(abs(lo), abs(hi))


def _result(values: np.ndarray, scale: int | None, n: int, bounds: tuple[int | None, int | None] = (None, None)) -> Vector:
    vector = NumericVector(values, None, None, *bounds) if scale is None else numeric(values, scale, None, *bounds)
    return vector if vector.n == n else ConstVector(vector, n)


def _narrowed(vector: NumericVector, dtype: np.dtype) -> np.ndarray:
    """Values in as many bytes as the result of sums and products needs: what is cut off makes no difference to the bits that are left."""
    values = vector.values if dtype == INT8 else stored(vector)
    return values.astype(dtype, copy=False)


def _total(a: Vector, b: Vector, sign: int) -> Vector | None:
    """a + b or a - b at the larger scale, where int64 holds it for sure."""
    x, y = _one(a), _one(b)
    if x.scale is None or y.scale is None:
        return None
    scale = max(x.scale, y.scale)
    of_x, of_y = 10 ** (scale - x.scale), 10 ** (scale - y.scale)
    (low_x, high_x), (low_y, high_y) = (sorted(end * factor for end in reach(v)) for v, factor in ((x, of_x), (y, sign * of_y)))
    if max(-low_x, high_x, -low_y, high_y, of_x, of_y, -low_x - low_y, high_x + high_y) > LIMIT:
        return None
    bounds = low_x + low_y, high_x + high_y
    dtype = width(bounds[0], max(bounds[1], of_x, of_y), INT8)
    left, right = (_narrowed(v, dtype) if factor == 1 else _narrowed(v, dtype) * dtype.type(factor) for v, factor in ((x, of_x), (y, of_y)))
    return _result(left + right if sign > 0 else left - right, scale, max(a.n, b.n), bounds)


def by_value(a: Vector, b: Vector, compute: Callable[[Decimal, Decimal], Decimal]) -> Vector:
    """`compute` pair by pair: the widest tier, whose values each have a scale of their own."""
    n = max(a.n, b.n)
    left, right = np.broadcast_arrays(_one(a).as_objects().values, _one(b).as_objects().values)
    values = np.empty(len(left), object)
    values[:] = [in_range(compute(x, y)) for x, y in zip(left.tolist(), right.tolist(), strict=True)]
    if len(values) <= FEW and (found := of_decimals(values.tolist()) if all(map(Decimal.is_finite, values.tolist())) else None) is not None:
        return found if found.n == n else ConstVector(found, n)
    return _result(values, None, n)


def _in_limbs(limbs_found: Limbs | None, most: int, scales: int | Scales, n: int) -> Vector | None:
    if limbs_found is None:
        return None
    vector = of_limbs(limbs_found, most, scales)
    return vector if vector.n == n else ConstVector(vector, n)


def _in_blocks(compute: Callable[[Vector, Vector], Vector | None], a: Vector, b: Vector) -> Vector | None:
    """What takes many passes over the same numbers, block by block, so that they stay in the cache; None where it is for one block."""
    n = max(a.n, b.n)
    if n <= 2 * BLOCK or (isinstance(a, ConstVector) and isinstance(b, ConstVector)):
        return compute(a, b)
    made = []
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        if (part := compute(a.slice(start, stop), b.slice(start, stop))) is None:
            return None
        made.append(part)
    return concat(made)


def _larger(x: NumericVector, y: NumericVector) -> int | Scales:
    """The larger scale of each pair."""
    a, b = shown(x), shown(y)
    return max(a, b) if isinstance(a, int) and isinstance(b, int) else np.maximum(a, b)


def _wide_total(a: Vector, b: Vector, sign: int) -> Vector | None:
    """`_total` beyond int64, or of values of many scales; None where some are no whole numbers."""
    x, y = _one(a), _one(b)
    found = aligned_limbs([x, y])
    if found is None:
        return None
    most, (p, q) = found
    return _in_limbs(limbs.added(p, q if sign > 0 else limbs.negated(q)), most, _larger(x, y), max(a.n, b.n))


def _wide_product(a: Vector, b: Vector) -> Vector | None:
    """`_product` beyond int64, or of values of many scales; None where some are no whole numbers, or limbs too many."""
    x, y = _one(a), _one(b)
    of_x, of_y = limbs_of(x), limbs_of(y)
    if of_x is None or of_y is None:
        return None
    return _in_limbs(limbs.multiplied(of_x[0], of_y[0]), of_x[1] + of_y[1], shown(x) + shown(y), max(a.n, b.n))


def _by_column(a: Vector, b: Vector, operation: Callable[..., np.ndarray], compute: Callable[[Decimal, Decimal], Decimal]) -> Vector:
    """`operation` of numpy over the Decimals of both, whose own addition and multiplication are exact; `compute` where some are not finite."""
    left, right = (_one(v).as_objects().values for v in (a, b))
    if not all(map(Decimal.is_finite, left.tolist())) or not all(map(Decimal.is_finite, right.tolist())):
        return by_value(a, b, compute)
    with localcontext(CONTEXT):
        values = operation(left, right) + Decimal(0)  # there is no negative zero
    if len(values):
        in_range(max(values.tolist(), key=Decimal.adjusted))
    return _result(values, None, max(a.n, b.n))


def context_of(a: Decimal, b: Decimal) -> Context:
    """Where an infinity or NaN takes part, invalid operations give NaN."""
    return CONTEXT if a.is_finite() and b.is_finite() else _UNTRAPPED


@scalar("numeric_add(numeric,numeric)", sure=lambda a, b: _total(a, b, 1))
def add(a: Vector, b: Vector) -> Vector:
    """a + b, at the larger scale."""
    return _total(a, b, 1) or _in_blocks(lambda x, y: _wide_total(x, y, 1), a, b) or _by_column(a, b, np.add, lambda p, q: context_of(p, q).add(p, q))


@scalar("numeric_sub(numeric,numeric)", sure=lambda a, b: _total(a, b, -1))
def subtract(a: Vector, b: Vector) -> Vector:
    """a - b, at the larger scale."""
    return (
        _total(a, b, -1)
        or _in_blocks(lambda x, y: _wide_total(x, y, -1), a, b)
        or _by_column(a, b, np.subtract, lambda p, q: positive_zero(context_of(p, q).subtract(p, q)))
    )


def _product(a: Vector, b: Vector) -> Vector | None:
    """a * b, where int64 holds it for sure."""
    x, y = _one(a), _one(b)
    if x.scale is None or y.scale is None or magnitude(x) * magnitude(y) > LIMIT:
        return None
    corners = [p * q for p in reach(x) for q in reach(y)]
    dtype = width(min(corners), max(corners), INT8)
    return _result(_narrowed(x, dtype) * _narrowed(y, dtype), x.scale + y.scale, max(a.n, b.n), (min(corners), max(corners)))


@scalar("numeric_mul(numeric,numeric)", sure=_product)
def multiply(a: Vector, b: Vector) -> Vector:
    """a * b, scales added."""
    return (
        _product(a, b)
        or _in_blocks(_wide_product, a, b)
        or _by_column(a, b, np.multiply, lambda p, q: positive_zero(context_of(p, q).multiply(p, q)))
    )


@scalar("numeric_div(numeric,numeric)")
def divide(a: Vector, b: Vector) -> Vector:
    """a / b; each quotient has the scale its own operands select."""
    return _in_blocks(_quotients, a, b) or by_value(a, b, divide_decimals)


def _quotients(a: Vector, b: Vector) -> Vector | None:
    n = max(a.n, b.n)
    found = None if n <= FEW else quotients(_one(a), _one(b))
    return None if found is None else found if found.n == n else ConstVector(found, n)


def _modulo(a: Decimal, b: Decimal) -> Decimal:
    if a.is_nan() or b.is_nan():
        return Decimal("NaN")
    if b == 0:
        raise DivisionByZero("division by zero")
    if a.is_infinite():
        return Decimal("NaN")
    if b.is_infinite():
        return a
    return round_to(CONTEXT.remainder(a, b), max(-exponent_of(a), -exponent_of(b)))


@scalar("numeric_mod(numeric,numeric)", "mod(numeric,numeric)")
def modulo(a: Vector, b: Vector) -> Vector:
    """a % b with a's sign."""
    return _in_blocks(_wide_modulo, a, b) or by_value(a, b, _modulo)


def _wide_modulo(a: Vector, b: Vector) -> Vector | None:
    """The remainders of exact numbers; None where some are not, or a divisor is zero."""
    x, y = _one(a), _one(b)
    found = aligned_limbs([x, y])
    if found is None or not x.n or not y.n:
        return None
    most, (p, q) = found
    (p, negative), (q, _) = limbs.magnitudes(p), limbs.magnitudes(q)
    if not limbs.nonzero(q).all():
        return None
    by, whole = limbs.whole_of(q), limbs.whole_of(p)
    if by is not None and whole is not None:
        rest: Limbs | None = limbs.of_whole(whole % (by[0] if len(by) == 1 else by))
    else:
        divided = None if by is None else limbs.divided(p, by, 0)
        rest = limbs.of_integers(limbs.integers(p) % limbs.integers(q)) if divided is None else limbs.of_whole(divided[1])
    return None if rest is None else _in_limbs(limbs.signed(rest, negative), most, _larger(x, y), max(a.n, b.n))


@scalar("numeric_uminus(numeric)", raises=False)
def negate(a: Vector) -> Vector:
    """-a."""
    x = _one(a)
    if x.scale is not None and reach(x)[0] > -LIMIT - 1:
        return _result(-x.values, x.scale, a.n)
    if (found := limbs_of(x)) is not None:
        return _in_limbs(limbs.negated(found[0]), found[1], shown(x), a.n) or a
    values = np.empty(x.n, object)
    values[:] = [positive_zero(CONTEXT.minus(value)) if not value.is_nan() else value for value in x.values]  # the widest tier
    return _result(values, None, a.n)


@scalar("numeric_uplus(numeric)", raises=False)
def positive(a: Vector) -> Vector:
    """+a."""
    return a
