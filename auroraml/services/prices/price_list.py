"""PriceList: the prices of one Region, read from TOML, and how units, seconds and tokens become an amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from auroraml.errors import InvalidParameterValue
from auroraml.lazy import tomllib
from auroraml.records import dataclass

BUILT_IN = ("us-east-1",)
PICO = 10**12  # amounts are whole millionths of a millionth of the currency: exact for every published price, and quick to add
GEOGRAPHIES = ("us.", "eu.", "apac.", "jp.", "au.", "ca.", "global.", "us-gov.")  # prefixes of cross-Region inference profiles
Table = Mapping[str, object]


def money(amount: int | None) -> Decimal | None:
    """An amount in the currency, with as many digits as it needs; None (no price is known) stays None."""
    if amount is None:
        return None
    whole = Decimal(amount).scaleb(-12)
    return whole.quantize(Decimal(1)) if whole == whole.to_integral_value() else whole.normalize()


@dataclass(frozen=True, kw_only=True)
class ModelPrice:
    """A Bedrock model: the amount for one token in and one out, and the most tokens of an answer."""

    input: int
    output: int
    most_output: int


@dataclass(frozen=True, kw_only=True)
class Price:
    """A price as people read it."""

    service: str
    item: str
    price: Decimal
    per: str
    evidence: str
    source: str


@dataclass(frozen=True)
class PriceList:
    """What a TOML table says; its amounts are checked when first used."""

    table: Table
    _seconds: dict[tuple[str, str], float | None] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The name that auroraml.price_list has."""
        return str(self.table["name"])

    @cached_property
    def currency(self) -> str:
        """The currency's code."""
        return str(self.table["currency"])

    @cached_property
    def date(self) -> date:
        """The day the prices were looked up."""
        return date.fromisoformat(str(self.table["date"]))

    @cached_property
    def comprehend(self) -> Table:
        """The table of Amazon Comprehend."""
        return _table(self.table, "comprehend")

    @cached_property
    def sagemaker(self) -> Table:
        """The table of Amazon SageMaker."""
        return _table(self.table, "sagemaker")

    @cached_property
    def unit(self) -> int:
        """Characters of a unit."""
        return _whole(self.comprehend["unit_characters"])

    @cached_property
    def minimum(self) -> int:
        """Units of the shortest document."""
        return _whole(self.comprehend["minimum_units"])

    @cached_property
    def tiers(self) -> tuple[tuple[int | None, int], ...]:
        """Up to how many units a month (None: any), and the amount of one."""
        tiers = self.comprehend["tiers"]
        if not isinstance(tiers, Sequence) or not tiers or "up_to" in tiers[-1]:
            raise ValueError("tiers end with one without up_to")
        return tuple((_whole(tier["up_to"]) if "up_to" in tier else None, _amount(tier["price"])) for tier in tiers)

    @cached_property
    def instance_seconds(self) -> Mapping[str, float]:
        """The amount of a second of each instance type."""
        return {name: _amount(price) / 3600 for name, price in _table(self.sagemaker, "instance_hours").items()}

    @cached_property
    def models(self) -> Mapping[str, ModelPrice]:
        """Bedrock's models."""
        found = {}
        for name, value in _table(_table(self.table, "bedrock"), "models").items():
            if not isinstance(value, Mapping):
                raise TypeError(f"model {name} is a table of input and output")
            found[name] = ModelPrice(input=_amount(value["input"]) // 1_000_000, output=_amount(value["output"]) // 1_000_000,
                                     most_output=_whole(value.get("most_output", 0)))  # fmt: skip
        return found

    def printed(self) -> list[Price]:
        """Every price, with its evidence and source."""
        tiers = self.comprehend["tiers"]
        assert isinstance(tiers, Sequence)
        found = []
        for tier in tiers:
            item = f"to {tier['up_to']} units a month" if "up_to" in tier else "beyond"
            found.append(self._price("Comprehend", self.comprehend, item, tier["price"], f"unit of {self.unit} characters", tier))
        for item, price in _table(self.sagemaker, "instance_hours").items():
            found.append(self._price("SageMaker", self.sagemaker, item, price, "instance hour", {}))
        bedrock = _table(self.table, "bedrock")
        for item, model in _table(bedrock, "models").items():
            assert isinstance(model, Mapping)
            for direction in ("input", "output"):
                found.append(self._price("Bedrock", bedrock, item, model[direction], f"1000000 {direction} tokens", model))
        return found

    def _price(self, service: str, table: Table, item: str, price: object, per: str, own: Table) -> Price:
        evidence = str(own.get("evidence", table.get("evidence", "")))
        return Price(service=service, item=item, price=Decimal(str(price)), per=per, evidence=evidence, source=str(table.get("source", "")))

    def units(self, texts: Sequence[str]) -> int:
        """Comprehend's units for documents: 100 characters begun, at least 3 each (taken per document: AWS does not say)."""
        unit, least = self.unit, self.minimum
        return sum([max(-(-len(text) // unit), least) for text in texts])  # numpy's start costs more than 25 texts

    def units_each(self, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The units of each document of so many characters."""
        return np.maximum(-(-lengths.astype(np.int64) // self.unit), self.minimum)

    def units_amount(self, count: int, before: int = 0, *, free: bool = False) -> int:
        """The amount of `count` units after `before` units of the same month."""
        gift = _whole(self.comprehend["free_units"]) if free else 0
        given = max(0, min(count, gift - before))
        total, place, left = 0, before + given, count - given
        for end, price in self.tiers:
            room = left if end is None else max(0, min(left, end - place))
            total, place, left = total + room * price, place + room, left - room
        return total

    def instance(self, endpoint: str, type: str = "") -> str:
        """The instance type an endpoint runs on: as it says, as the list says for its name, or the list's default."""
        named = _table(self.sagemaker, "endpoints") if "endpoints" in self.sagemaker else {}
        return type or str(named.get(endpoint, self.sagemaker["default_instance"]))

    def second(self, endpoint: str, type: str = "") -> float | None:
        """The amount of a second of an endpoint's instance; None where the list has no such instance type."""
        found = self._seconds.get((endpoint, type), -1.0)
        if found == -1.0:
            found = self._seconds[endpoint, type] = self.instance_seconds.get(self.instance(endpoint, type))
        return found

    def seconds_amount(self, seconds: float, instance: str) -> int | None:
        """The amount of so many seconds of one instance; None where the list has no such instance type."""
        price = self.instance_seconds.get(instance)
        return None if price is None else round(seconds * price)

    @cached_property
    def longest_call(self) -> float:
        """The seconds that one call to an endpoint may take."""
        return float(str(self.sagemaker["longest_call"]))

    def model(self, model_id: str) -> ModelPrice | None:
        """The price of a Bedrock model, by its id, its ARN or its inference profile; None where the list has none."""
        name = model_id.rpartition("/")[2]
        bare = next((name.removeprefix(prefix) for prefix in GEOGRAPHIES if name.startswith(prefix)), name)
        return self.models.get(name) or self.models.get(bare)


class PriceLists:
    """The price lists of a Database: those that come with auroraml, and those of its configuration, each based on one of them."""

    def __init__(self, own: Mapping[str, object] | None = None) -> None:
        """`own`: name to table; a table changes what it names of the list `base` ("us-east-1" unless it says another)."""
        self._own = dict(own or {})
        self._made: dict[str, PriceList] = {}
        for name, table in self._own.items():
            if not isinstance(table, Mapping):
                raise TypeError(f"[prices.{name}] is a table of prices")
            _check(table, f"prices.{name}")
        for name in self._own:
            for part in READ:
                try:
                    getattr(self[name], part)
                except (ValueError, TypeError, KeyError, InvalidParameterValue) as error:
                    raise ValueError(f"[prices.{name}] cannot be read: {error}") from error

    @property
    def names(self) -> tuple[str, ...]:
        """All lists."""
        return tuple(dict.fromkeys((*BUILT_IN, *self._own)))

    def __getitem__(self, name: str) -> PriceList:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = self._make(name, ())
        return found

    def _make(self, name: str, seen: tuple[str, ...]) -> PriceList:
        if name not in self.names or name in seen:
            hint = f"Available values: {', '.join(self.names)}."
            raise InvalidParameterValue(f'invalid value for parameter "auroraml.price_list": "{name}"', hint=hint)
        own = self._own.get(name)
        if own is None:
            return PriceList(_read(name))
        assert isinstance(own, Mapping)
        base = str(own.get("base", BUILT_IN[0]))
        under = PriceList(_read(name)) if name in BUILT_IN and base == name else self._make(base, (*seen, name))
        return PriceList({**_merged(under.table, own), "name": name})


def _read(name: str) -> Table:
    with (Path(__file__).parent / f"{name}.toml").open("rb") as file:
        found: Mapping[str, object] = tomllib.load(file)
    return found


def _merged(under: Table, over: Table) -> dict[str, object]:
    """`under` with what `over` says instead, table by table; a list (the tiers) is replaced whole."""
    merged = dict(under)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


KEYS: Mapping[str, tuple[str, ...]] = {  # what a table of a list may hold; other tables' keys are names of instances, endpoints and models
    "": ("name", "base", "currency", "date", "source", "comprehend", "sagemaker", "bedrock"),
    "comprehend": ("source", "evidence", "unit_characters", "minimum_units", "free_units", "tiers"),
    "sagemaker": ("source", "evidence", "default_instance", "longest_call", "instance_hours", "endpoints"),
    "bedrock": ("source", "evidence", "models"),
}
READ = ("date", "unit", "minimum", "tiers", "instance_seconds", "longest_call", "models")


def _check(table: Table, place: str) -> None:
    """ValueError for a key that means nothing."""
    for part, keys in KEYS.items():
        inner = table if not part else table.get(part, {})
        where = f"{place}.{part}" if part else place
        if not isinstance(inner, Mapping):
            raise TypeError(f"[{where}] is a table")
        strange = sorted(inner.keys() - set(keys))
        if strange:
            raise ValueError(f"[{where}] has {strange[0]!r}, which is not one of {', '.join(keys)}")


def _table(table: Table, key: str) -> Table:
    value = table[key]
    if not isinstance(value, Mapping):
        raise TypeError(f"[{key}] is a table")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def _amount(value: object) -> int:
    """A price as a whole number of millionths of millionths."""
    try:
        amount = Decimal(str(value)) * PICO
        whole = int(amount.to_integral_value())
    except (InvalidOperation, ValueError, OverflowError):
        raise ValueError(f"{value!r} is not an amount") from None
    if whole < 0:
        raise ValueError(f"{value!r} is below zero")
    return whole
