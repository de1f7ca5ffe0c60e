"""Condition names of EXCEPTION and RAISE (errcodes.txt), and the SQLSTATEs they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from auroraml.errors import DatabaseError, codes
from auroraml.errors.lookup import lookup

OTHERS = ""  # every error but query_canceled and assert_failure
_STATE = re.compile(r"[0-9A-Z]{5}")


def is_state(text: str) -> bool:
    """Whether a text is a SQLSTATE."""
    return _STATE.fullmatch(text) is not None


_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _names() -> Iterator[tuple[str, str]]:
    for name, cls in vars(codes).items():
        if isinstance(cls, type) and issubclass(cls, DatabaseError) and cls.sqlstate is not None:
            yield _WORDS.sub("_", name).lower().removesuffix("_ext").removesuffix("_"), cls.sqlstate


def states_of(name: str) -> tuple[str, ...]:
    """The SQLSTATEs a condition name means; none where there is no such condition."""
    return tuple(state for known, state in _names() if known == name)


def matches(state: str, wanted: tuple[str, ...]) -> bool:
    """Whether an error's SQLSTATE is one of a handler's; one that ends in 000 stands for its class."""
    for one in wanted:
        if one == OTHERS:
            if state not in ("57014", "P0004"):
                return True
        elif one == state or (one.endswith("000") and one[:2] == state[:2]):
            return True
    return False


def error_class(state: str) -> type[DatabaseError]:
    """The class of errors with a SQLSTATE, made where PostgreSQL has none of its own."""
    try:
        return lookup(state)
    except KeyError:
        return _made(state)


@cache
def _made(state: str) -> type[DatabaseError]:
    class Raised(DatabaseError, sqlstate=state):
        """An error whose SQLSTATE a function has thought of."""

    return Raised
