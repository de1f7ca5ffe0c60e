"""Settings of the bill: the price list, the free tier, and the budget that stops a session before it spends more."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from auroraml.settings.setting import Setting, VarType


class Budget(str):
    """A budget as SHOW prints it; every SET makes one of its own, from which what is spent is counted."""

    __slots__ = ()

    @property
    def limit(self) -> int | None:
        """The budget in millionths of millionths, None without one."""
        amount = Decimal(self)
        return None if amount < 0 else int(amount * 10**12)


def _budget(text: str, before: str) -> str:
    """An amount; -1 or nothing is no budget."""
    word = text.strip()
    if word in ("", "-1"):
        return Budget("-1")
    try:
        amount = Decimal(word)
    except InvalidOperation:
        raise ValueError("A budget is an amount in the price list's currency, or -1 for none.") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("A budget is an amount in the price list's currency, or -1 for none.")
    return Budget(f"{amount:f}")


AURORAML_BUDGET = Setting[str](
    name="auroraml.budget",
    kind=VarType.STRING,
    default=Budget("-1"),
    check=_budget,
    category="Customized Options",
    help="Sets the most a session may spend on service calls from now on.",
    more="A statement is stopped before a call that could exceed it. -1 means no limit.",
)
AURORAML_PRICE_LIST = Setting[str](
    name="auroraml.price_list",
    kind=VarType.STRING,
    default="us-east-1",
    category="Customized Options",
    help="Chooses the price list that service calls are charged by.",
    more="One that comes with auroraml, or a table of [prices] in the configuration file.",
)
AURORAML_FREE_TIER = Setting[bool](
    name="auroraml.free_tier",
    kind=VarType.BOOL,
    default=False,
    category="Customized Options",
    help="Takes off what the services give away each month.",
)
SETTINGS: tuple[Setting[object], ...] = tuple(value for value in globals().values() if isinstance(value, Setting))
