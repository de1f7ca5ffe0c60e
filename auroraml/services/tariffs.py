"""Tariffs: what Amazon bills of one attempt of a call, by service: its upper bound before it is sent, what it used afterwards.

Rules of ours where AWS publishes none: a whole call that fails is not billed by Comprehend and Bedrock, nor are documents in an ErrorList; an
endpoint is billed for the time its container was busy, failed answers included, but not for requests refused before they reach it; a call
left behind by a cancelled statement is billed as if it had been answered, at Bedrock with all tokens it could have made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from auroraml.services.prices import PriceList
from auroraml.services.protocols import MAX_DOCUMENTS, THROTTLED, Sentiments, ServiceFailure

REFUSED = THROTTLED | {  # an endpoint's errors that no container has seen
    "AccessDeniedException", "ValidationError", "ValidationException", "ModelNotReadyException", "ServiceUnavailable",
    "InternalDependencyException", "EndpointConnectionError", "ConnectTimeoutError", "NoCredentialsError",
}  # fmt: skip
OUTPUT_LIMITS = (  # where requests of Bedrock's models say how many tokens the answer may have
    ("max_tokens",), ("max_tokens_to_sample",), ("maxTokens",), ("max_gen_len",), ("max_completion_tokens",),
    ("textGenerationConfig", "maxTokenCount"), ("inferenceConfig", "maxTokens"), ("inferenceConfig", "max_new_tokens"),
)  # fmt: skip


class Sent(Protocol):
    """What is known of a call before it is sent."""

    @property
    def service(self) -> str:
        """Comprehend, SageMaker or Bedrock."""

    @property
    def operation(self) -> str:
        """The API's name of the operation."""

    @property
    def target(self) -> str:
        """A language code, an endpoint's name, a model id."""

    @property
    def items(self) -> int:
        """Documents or rows."""

    @property
    def texts(self) -> Sequence[str]:
        """Comprehend's documents, Bedrock's request body."""

    @property
    def instance(self) -> str:
        """The instance type an endpoint says it runs on."""


@runtime_checkable
class Tokens(Protocol):
    """An answer that says how many tokens went in and came out."""

    @property
    def input_tokens(self) -> int:
        """Tokens read."""

    @property
    def output_tokens(self) -> int:
        """Tokens written."""


class Outcome(NamedTuple):  # as Usage: one for each call, and five times quicker to make than a frozen dataclass
    """How one attempt ended: with an answer, with a failure, or (neither) left behind."""

    seconds: float
    answer: object = None
    failure: ServiceFailure | None = None


class Usage(NamedTuple):
    """What is billed; `amount` is None where the price list has no price."""

    rows: int = 0
    units: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    amount: int | None = 0


NOTHING = Usage()


class Tariff(Protocol):
    """One service's rules."""

    def most(self, sent: Sent, prices: PriceList, before: int, free: bool) -> int | None:
        """The most that one attempt can cost; None where no price is known. `before`: Comprehend's units this month."""

    def used(self, sent: Sent, outcome: Outcome, prices: PriceList, before: int, free: bool) -> Usage:
        """What an attempt used."""

    def calls(self, sent: Sent) -> int:
        """How many calls Amazon would have seen."""


class ComprehendTariff:
    """Units of 100 characters; the price is known before the call."""

    def most(self, sent: Sent, prices: PriceList, before: int, free: bool) -> int | None:
        """The price itself."""
        return prices.units_amount(prices.units(sent.texts), before, free=free)

    def used(self, sent: Sent, outcome: Outcome, prices: PriceList, before: int, free: bool) -> Usage:
        """The units of documents that were answered."""
        if outcome.failure is not None:
            return NOTHING
        texts = sent.texts
        if isinstance(outcome.answer, Sentiments) and outcome.answer.errors:
            wrong = {error.index for error in outcome.answer.errors}
            texts = [text for i, text in enumerate(texts) if i not in wrong]  # at most 25
        units = prices.units(texts)
        return Usage(rows=len(texts), units=units, amount=prices.units_amount(units, before, free=free))

    def calls(self, sent: Sent) -> int:
        """At most 25 documents a call, however many the embedded model takes at once."""
        return -(-sent.items // MAX_DOCUMENTS)


class SageMakerTariff:
    """The time of an instance; before the call only that it takes at most 60 seconds."""

    def most(self, sent: Sent, prices: PriceList, before: int, free: bool) -> int | None:
        """An instance for as long as a container may take."""
        price = prices.second(sent.target, sent.instance)
        return None if price is None else round(prices.longest_call * price)

    def used(self, sent: Sent, outcome: Outcome, prices: PriceList, before: int, free: bool) -> Usage:
        """The time between request and answer."""
        failure = outcome.failure
        if failure is not None and failure.code in REFUSED:
            return NOTHING
        price = prices.second(sent.target, sent.instance)
        amount = None if price is None else round(outcome.seconds * price)
        return Usage(rows=sent.items if failure is None else 0, seconds=outcome.seconds, amount=amount)

    def used_together(self, sent: Sent, rows: int, seconds: Sequence[float], prices: PriceList) -> Usage:
        """What answered calls used, each priced by itself."""
        instance = prices.instance(sent.target, sent.instance)
        amounts = [prices.seconds_amount(taken, instance) for taken in seconds]
        known = [amount for amount in amounts if amount is not None]
        return Usage(rows=rows, seconds=sum(seconds), amount=sum(known) if len(known) == len(amounts) else None)

    def calls(self, sent: Sent) -> int:
        """One."""
        return 1


class BedrockTariff:
    """Tokens in and out; before the call bounds: a token is at least one byte, and the request or the model says how many may come out."""

    def most(self, sent: Sent, prices: PriceList, before: int, free: bool) -> int | None:
        """All bytes as tokens in, the answer as long as it may be."""
        price = prices.model(sent.target)
        return None if price is None else self._bytes(sent) * price.input + self._longest(sent, price.most_output) * price.output

    def used(self, sent: Sent, outcome: Outcome, prices: PriceList, before: int, free: bool) -> Usage:
        """The tokens the answer speaks of; the bounds where it does not."""
        if outcome.failure is not None:
            return NOTHING
        price = prices.model(sent.target)
        if isinstance(outcome.answer, Tokens):
            read, written = outcome.answer.input_tokens, outcome.answer.output_tokens
        else:
            read, written = self._bytes(sent), self._longest(sent, 0 if price is None else price.most_output)
        amount = None if price is None else read * price.input + written * price.output
        return Usage(rows=sent.items, input_tokens=read, output_tokens=written, amount=amount)

    def calls(self, sent: Sent) -> int:
        """One."""
        return 1

    def _bytes(self, sent: Sent) -> int:
        return sum(len(text.encode()) for text in sent.texts)

    def _longest(self, sent: Sent, most: int) -> int:
        """The least of what the model can and the request lets it write."""
        if not most:
            return 0
        try:
            body = json.loads(sent.texts[0], strict=False)
        except (ValueError, IndexError):
            return most
        limits = [value for path in OUTPUT_LIMITS if isinstance(value := _inside(body, path), int) and value >= 0]
        return min([most, *limits])


def _inside(body: object, path: Sequence[str]) -> object:
    for key in path:
        body = body.get(key) if isinstance(body, Mapping) else None
    return body


ENDPOINT = SageMakerTariff()
TARIFFS: Mapping[str, Tariff] = {"Comprehend": ComprehendTariff(), "SageMaker": ENDPOINT, "Bedrock": BedrockTariff()}
