"""Price lists: what Amazon asks for units, instance time and tokens, as data with date and source."""

from __future__ import annotations

from auroraml.services.prices.price_list import BUILT_IN, PICO, ModelPrice, PriceList, PriceLists, money

__all__ = ["BUILT_IN", "PICO", "ModelPrice", "PriceList", "PriceLists", "money"]
