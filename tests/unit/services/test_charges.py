"""Charges: prices, what is billed of each outcome, tiers, budgets, several threads on one account."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from auroraml import Connection, connect, errors
from auroraml.batch import from_datums
from auroraml.services.account import Account
from auroraml.services.calls import Services
from auroraml.services.clock import VirtualClock
from auroraml.services.endpoints import Callable, Failure
from auroraml.services.factory import make_services
from auroraml.services.meter import Meter
from auroraml.services.prices import PriceLists, money
from auroraml.services.protocols import MAX_DOCUMENTS, ItemError, Sentiments, ServiceFailure, Waiting
from auroraml.services.request import Argument, Request
from auroraml.services.tariffs import TARIFFS, Outcome
from auroraml.settings import Settings
from auroraml.types.table import INT4

PRICES = PriceLists()["us-east-1"]


def rows(n: int) -> Request:
    return Request([Argument(type=INT4, vector=from_datums(INT4, list(range(n))))], n)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request as tariffs see it."""

    service: str
    operation: str = "Invoke"
    target: str = "x"
    items: int = 1
    texts: tuple[str, ...] = ()
    instance: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    input_tokens: int
    output_tokens: int


def test_units_of_100_characters_and_at_least_3() -> None:
    assert PRICES.units(["x", "x" * 300, "x" * 301, "é" * 401]) == 3 + 3 + 4 + 5
    assert money(PRICES.units_amount(30)) == Decimal("0.003")


@pytest.mark.parametrize(
    ("units", "before", "dollars"),
    [(10_000_000, 0, "1000"), (20_000_000, 0, "1500"), (60_000_000, 0, "3250"), (2, 9_999_999, "0.00015"), (4, 50_000_000, "0.0001"), (0, 5, "0")],
)
def test_tiers(units: int, before: int, dollars: str) -> None:
    assert money(PRICES.units_amount(units, before)) == Decimal(dollars)


@pytest.mark.parametrize(("units", "before", "dollars"), [(50_000, 0, "0"), (50_010, 0, "0.001"), (10, 49_995, "0.0005"), (10, 60_000, "0.001")])
def test_the_free_tier(units: int, before: int, dollars: str) -> None:
    assert money(PRICES.units_amount(units, before, free=True)) == Decimal(dollars)


def test_instance_time() -> None:
    assert money(PRICES.seconds_amount(3600, "ml.m5.large")) == Decimal("0.115")
    assert PRICES.seconds_amount(1, "ml.unheard.of") is None
    assert PRICES.instance("any") == "ml.m5.large"


@pytest.mark.parametrize(
    "model_id",
    [
        "anthropic.claude-3-haiku-20240307-v1:0",
        "us.anthropic.claude-3-haiku-20240307-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
        "arn:aws:bedrock:us-east-1:111122223333:inference-profile/eu.anthropic.claude-3-haiku-20240307-v1:0",
    ],
)
def test_models_by_any_name(model_id: str) -> None:
    price = PRICES.model(model_id)
    assert price is not None
    assert money(price.input * 1_000_000) == Decimal("0.25")
    assert PRICES.model("nobody.knows-v1") is None


@pytest.mark.parametrize(
    ("body", "longest"),
    [
        ('{"prompt": "hi", "max_tokens_to_sample": 100}', 100),
        ('{"inputText": "hi", "textGenerationConfig": {"maxTokenCount": 7}}', 7),
        ('{"inferenceConfig": {"maxTokens": 9}}', 9),
        ('{"max_tokens": 99999}', 4096),
        ('{"max_tokens": "many"}', 4096),
        ("not json", 4096),
        ('{"prompt": "two\nlines", "max_tokens": 5}', 5),
    ],
)
def test_bedrock_bounds(body: str, longest: int) -> None:
    sent = Call(service="Bedrock", target="anthropic.claude-3-haiku-20240307-v1:0", texts=(body,))
    tariff = TARIFFS["Bedrock"]
    bound = len(body.encode()) * 250_000 + longest * 1_250_000
    assert tariff.most(sent, PRICES, 0, False) == bound
    used = tariff.used(sent, Outcome(seconds=1, answer=Answer(input_tokens=3, output_tokens=4)), PRICES, 0, False)
    assert (used.input_tokens, used.output_tokens, used.amount) == (3, 4, 3 * 250_000 + 4 * 1_250_000)
    assert tariff.used(sent, Outcome(seconds=1), PRICES, 0, False).amount == bound
    assert tariff.used(sent, Outcome(seconds=1, failure=ServiceFailure("ModelErrorException", "")), PRICES, 0, False).amount == 0


def test_a_model_without_a_price_is_used_but_has_no_amount() -> None:
    sent = Call(service="Bedrock", target="nobody.knows-v1", texts=("{}",))
    used = TARIFFS["Bedrock"].used(sent, Outcome(seconds=1, answer=Answer(input_tokens=3, output_tokens=4)), PRICES, 0, False)
    assert (used.input_tokens, used.amount) == (3, None)


def test_lists_of_ones_own() -> None:
    lists = PriceLists({
        "ours": {"currency": "EUR", "sagemaker": {"instance_hours": {"ml.m5.large": "0.10"}, "endpoints": {"big": "ml.m5.xlarge"}}},
        "half": {"base": "ours", "comprehend": {"tiers": [{"price": "0.00005"}]}},
        "us-east-1": {"base": "us-east-1", "bedrock": {"models": {"mine": {"input": "1", "output": "2"}}}},
    })  # fmt: skip
    assert lists.names == ("us-east-1", "ours", "half")
    half = lists["half"]
    assert (half.currency, half.instance("big"), half.instance("other")) == ("EUR", "ml.m5.xlarge", "ml.m5.large")
    assert money(half.seconds_amount(3600, "ml.m5.large")) == Decimal("0.1")
    assert money(half.seconds_amount(3600, "ml.m5.xlarge")) == Decimal("0.23")
    assert money(half.units_amount(60_000_000)) == Decimal("3000")
    assert lists["us-east-1"].model("mine") is not None
    with pytest.raises(errors.InvalidParameterValue, match=r'"auroraml\.price_list": "mars"'):
        lists["mars"]


@pytest.mark.parametrize(
    ("own", "part"),
    [
        ({"a": 1}, "is a table of prices"),
        ({"a": {"prices": {}}}, "'prices'"),
        ({"a": {"comprehend": {"tier": []}}}, r"\[prices.a.comprehend\] has 'tier'"),
        ({"a": {"comprehend": {"tiers": []}}}, "tiers end with one without up_to"),
        ({"a": {"comprehend": {"tiers": [{"price": "cheap"}]}}}, "'cheap' is not an amount"),
        ({"a": {"sagemaker": {"instance_hours": {"ml.m5.large": "-1"}}}}, "below zero"),
        ({"a": {"bedrock": {"models": {"m": {"input": "1"}}}}}, "output"),
        ({"a": {"date": "yesterday"}}, "isoformat"),
        ({"a": {"base": "b"}}, '"auroraml.price_list": "b"'),
        ({"a": {"base": "b"}, "b": {"base": "a"}}, "auroraml.price_list"),
        ({"a": {"sagemaker": {"longest_call": "long"}}}, "cannot be read"),
    ],
)
def test_lists_that_say_nothing_useful(own: Mapping[str, object], part: str) -> None:
    with pytest.raises((ValueError, TypeError), match=part):
        PriceLists(own)


def test_every_list_says_where_its_prices_are_from() -> None:
    for name in PriceLists().names:
        found = PriceLists()[name]
        assert found.currency == "USD"
        assert found.date.year >= 2026
        for table in ("comprehend", "sagemaker", "bedrock"):
            part = found.table[table]
            assert isinstance(part, Mapping)
            assert str(part["source"]).startswith("https://aws.amazon.com/")


class Clocked:
    """An endpoint that takes a second, and fails as it is told."""

    def __init__(self, clock: VirtualClock, *faults: str) -> None:
        self.clock = clock
        self.faults = list(faults)

    def __call__(self, table: pa.Table) -> object:
        self.clock.sleep(1)
        if self.faults:
            raise Failure(self.faults.pop(0), "no")
        return table.column(0)


def endpoint(*faults: str) -> Services:
    clock = VirtualClock()
    return make_services(endpoints={"e": Clocked(clock, *faults)}, clock=clock)


@pytest.mark.parametrize(
    ("faults", "seconds", "retries", "failed"),
    [
        ((), 1, 0, False),
        (("InternalFailure",), 2, 1, False),
        (("ThrottlingException", "ThrottlingException"), 1, 2, False),
        (("ModelError",), 1, 0, True),
        (("ValidationError",), 0, 0, True),
        (("InternalFailure", "ServiceUnavailable", "InternalFailure"), 2, 2, True),
    ],
)
def test_what_of_an_endpoint_is_billed(faults: tuple[str, ...], seconds: int, retries: int, failed: bool) -> None:
    services = endpoint(*faults)
    if failed:
        with pytest.raises(errors.SystemError):
            services.invoke_endpoint("e", rows(4))
    else:
        services.invoke_endpoint("e", rows(4))
    line = services.meter.total
    assert (line.calls, line.retries, line.failures, line.rows) == (1, retries, int(failed), 0 if failed else 4)
    assert line.seconds == pytest.approx(seconds)
    assert line.amount == pytest.approx(seconds * 0.115e12 / 3600, abs=2)
    assert services.log.records()[0].attempts == retries + 1


class Halves:
    """A Comprehend that cannot read every other document."""

    at_once = MAX_DOCUMENTS
    waits = Waiting.NO

    def __init__(self, failure: ServiceFailure | None = None) -> None:
        self.failure = failure

    def abandon(self, thread: int) -> None:
        """Nothing waits."""

    def detect_sentiment(self, text: str, language: str) -> Sentiments:
        return self.batch_detect_sentiment([text], language)

    def batch_detect_sentiment(self, texts: list[str], language: str) -> Sentiments:
        if self.failure is not None:
            raise self.failure
        wrong = tuple(ItemError(index=i, code="INTERNAL_SERVER_ERROR", message="") for i in range(0, len(texts), 2))
        return Sentiments(labels=["POSITIVE"] * len(texts), scores=np.ones((len(texts), 4), np.float32), errors=wrong)


@pytest.mark.parametrize(("failure", "units"), [(None, 6), (ServiceFailure("InvalidRequestException", "no"), 0)])
def test_documents_that_were_not_answered_are_not_billed(failure: ServiceFailure | None, units: int) -> None:
    services = make_services()
    services.comprehend = Halves(failure)  # type: ignore[assignment] # takes lists only
    with pytest.raises(errors.SystemError):
        services.detect_sentiment(["a", "b", "c", "d"], ["en"] * 4)
    assert (services.meter.total.units, services.meter.total.calls) == (units, 1)


def test_calls_are_counted_as_amazon_would() -> None:
    services = make_services()
    services.detect_sentiment(["fine"] * 60, ["en"] * 60)
    line = services.meter.bill.lines["Comprehend", "BatchDetectSentiment", "en", "USD"]
    assert (line.calls, line.rows, line.units, line.price) == (3, 60, 180, Decimal("0.018"))
    assert len(services.log.records()) == 3


def settings(**values: str) -> Settings:
    made = Settings()
    for name, value in values.items():
        made.set(f"auroraml.{name}", value)
    return made


def test_a_budget_is_spent_to_the_last_call_that_fits() -> None:
    services = make_services().charged_to(settings(budget="0.016"))
    with pytest.raises(errors.ConfigurationLimitExceeded) as caught:
        services.detect_sentiment(["fine"] * 60, ["en"] * 60)
    assert services.account.spent == 15_000_000_000  # two calls of 25 documents; the last 10 would make it 0.018
    assert len(services.log.records()) == 2
    assert caught.value.diag.message_detail == (
        "Spent since it was set: 0.015 USD. The next call, BatchDetectSentiment of 10 documents, costs 0.003 USD."
    )


def test_a_budget_is_counted_from_when_it_is_set() -> None:
    values = settings(budget="0.003")
    services = make_services().charged_to(values)
    services.detect_sentiment(["fine"] * 10, ["en"] * 10)
    with pytest.raises(errors.ConfigurationLimitExceeded):
        services.detect_sentiment(["fine"], ["en"])
    values.push()
    values.set("auroraml.budget", "0.003")
    services.detect_sentiment(["fine"] * 10, ["en"] * 10)
    assert services.account.left() == 0
    values.rollback()  # the first one comes back, with what has been spent since
    assert services.account.left() == -3_000_000_000
    values.set("auroraml.budget", "-1")
    services.detect_sentiment(["fine"], ["en"])
    assert services.account.left() is None


def test_an_endpoint_call_is_held_at_its_longest() -> None:
    clock = VirtualClock()
    services = make_services(endpoints={"e": Clocked(clock)}, clock=clock).charged_to(settings(budget="0.002"))
    bound = round(60 * 0.115e12 / 3600)
    calls = 0
    with pytest.raises(errors.ConfigurationLimitExceeded, match="would exceed"):
        while True:
            services.invoke_endpoint("e", rows(1))
            calls += 1
    assert 0 < 2_000_000_000 - services.account.spent < bound
    assert services.account.spent == calls * round(0.115e12 / 3600)
    assert services.account.held == 0


def test_a_budget_does_not_let_pass_what_has_no_price() -> None:
    model = Callable(lambda table: table.column(0))
    model.instance_type = "ml.unheard.of"
    services = make_services(endpoints={"e": model})
    services.invoke_endpoint("e", rows(1))
    assert services.meter.total.price is None
    with pytest.raises(errors.ConfigurationLimitExceeded, match="cannot tell") as caught:
        services.charged_to(settings(budget="1")).invoke_endpoint("e", rows(1))
    assert 'no price for InvokeEndpoint of endpoint "e" on ml.unheard.of' in str(caught.value.diag.message_detail)


def test_threads_hold_before_they_send() -> None:
    def slow(texts: list[str], language: str) -> list[str]:
        time.sleep(0.01)
        return ["POSITIVE"] * len(texts)

    services = make_services(sentiment=slow).charged_to(settings(budget="0.03"))
    stopped = []

    def work() -> None:
        try:
            for _ in range(20):
                services.detect_sentiment(["fine"], ["en"])
        except errors.ConfigurationLimitExceeded as error:
            stopped.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stopped) == 8
    assert services.account.spent == 30_000_000_000  # to the cent: 100 calls of 3 units
    assert len(services.log.records()) == 100


def test_a_session_has_its_own_account_and_the_database_one_bill() -> None:
    meter, lists = Meter(), PriceLists()
    sent, outcome = Call(service="Comprehend", texts=("x",)), Outcome(seconds=0)
    first, second = Account(meter, lists), Account(meter, lists)
    first.book(sent, 0, outcome)
    first.begin()
    first.book(sent, 0, outcome)
    second.book(sent, 0, outcome)
    assert (first.total().total.units, first.statement.total.units, second.total().total.units, meter.total.units) == (6, 3, 3, 9)
    meter.reset()
    assert meter.total.calls == 0
    assert first.total().total.calls == 2


CONFIG = """
[endpoints.e]
kind = "http"
url = "http://localhost:1"
instance_type = "ml.c5.xlarge"

[prices.ours.sagemaker.instance_hours]
"ml.c5.xlarge" = "3.6"

[parameter_group]
"auroraml.price_list" = "ours"
"""


def test_a_price_list_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "auroraml.toml").write_text(CONFIG, encoding="utf-8")
    with connect(config=tmp_path / "auroraml.toml", user="rdsadmin", autocommit=True) as connection:
        services = connection.session.services
        assert services.sagemaker.instance("e") == "ml.c5.xlarge"
        assert services.account.prices.seconds_amount(1, "ml.c5.xlarge") == 10**9


def test_bills_in_python() -> None:
    with connect(user="rdsadmin", autocommit=True) as first:
        first.execute("CREATE EXTENSION aws_ml CASCADE")
        with first.database.connect(user="rdsadmin", autocommit=True) as second:
            for connection in (first, second, second):
                connection.execute("SELECT aws_comprehend.detect_sentiment('I love it', 'en')")
            second.execute("SET auroraml.price_list = 'us-east-1'")
            (mine,), (all,) = second.bill(), second.database.bill()
        assert (mine.service, mine.operation, mine.target, mine.calls, mine.units, mine.amount, mine.currency) == (
            "Comprehend", "DetectSentiment", "en", 2, 6, Decimal("0.0006"), "USD",
        )  # fmt: skip
        assert (all.calls, all.amount) == (3, Decimal("0.0009"))
        first.database.reset_bill()
        assert first.database.bill() == ()
        assert first.bill()[0].calls == 1


PARALLEL = "SELECT id, (aws_comprehend.detect_sentiment(d, 'en')).sentiment FROM t"


def parallel(connection: Connection) -> None:
    """A table that four workers read."""
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    connection.execute("CREATE TABLE t AS SELECT g AS id, 'I like row ' || g AS d FROM generate_series(1, 2000) g")
    connection.execute("ALTER TABLE t SET (parallel_workers = 4)")
    connection.execute("ANALYZE t")
    connection.execute("SET max_parallel_workers_per_gather = 4")


def charged(node: dict[str, Any]) -> tuple[int, Decimal]:
    """Calls and amount of a plan's nodes together."""
    own = node.get("Charges", [])
    below = [charged(child) for child in node.get("Plans", [])]
    calls, amounts = [item["Calls"] for item in own], [Decimal(str(item["Amount"])) for item in own]
    return sum(calls) + sum(count for count, _ in below), sum(amounts, Decimal(0)) + sum((amount for _, amount in below), Decimal(0))


def slowly(texts: list[str], language: str) -> list[str]:
    time.sleep(0.005)
    return ["POSITIVE"] * len(texts)


def test_workers_charges_are_summed() -> None:
    with connect(user="rdsadmin", autocommit=True, sentiment=slowly) as connection:
        parallel(connection)
        (shown,) = connection.execute(f"EXPLAIN (ANALYZE, CHARGES, FORMAT json) {PARALLEL}").fetchone()  # type: ignore[misc] # a row
        document = shown[0] if isinstance(shown, list) else json.loads(shown)[0]
        assert document["Plan"]["Workers Launched"] == 4
        total = document["Total Charges"]
        assert charged(document["Plan"]) == (total["Calls"], Decimal(str(total["Amount"])))
        assert (total["Rows"], total["Units"], total["Amount"]) == (2000, 6000, 0.6)
        assert total["Calls"] == len(connection.database.service_clients.log.records()) >= 80


def test_workers_together_keep_to_the_budget() -> None:
    with connect(user="rdsadmin", autocommit=True, sentiment=slowly) as connection:
        parallel(connection)
        connection.execute("SET auroraml.budget = '0.3'")
        with pytest.raises(errors.ConfigurationLimitExceeded):
            connection.execute(f"CREATE TABLE scored AS {PARALLEL}")
        (line,) = connection.bill()
        assert line.amount is not None
        (row,) = connection.execute("SELECT spent, held, remaining FROM auroraml.budget").fetchall()
        assert row == (line.amount, Decimal(0), Decimal("0.3") - line.amount)
        assert Decimal("0.25") < line.amount <= Decimal("0.3")
        assert line.calls == len(connection.database.service_clients.log.records())
        with pytest.raises(errors.UndefinedTable):
            connection.execute("SELECT * FROM scored")


def test_currencies_are_not_added_up() -> None:
    with connect(user="rdsadmin", autocommit=True, prices={"euro": {"currency": "EUR"}}) as connection:
        connection.execute("CREATE EXTENSION aws_ml CASCADE")
        for name in ("us-east-1", "euro"):
            connection.execute(f"SET auroraml.price_list = '{name}'")
            connection.execute("SELECT aws_comprehend.detect_sentiment('I love it', 'en')")
        assert [(line.currency, line.amount) for line in connection.bill()] == [("USD", Decimal("0.0003")), ("EUR", Decimal("0.0003"))]


def test_budgets_that_are_none() -> None:
    with connect(user="rdsadmin", autocommit=True) as connection:
        for text in ("much", "-2", "NaN", "Infinity"):
            with pytest.raises(errors.InvalidParameterValue, match=f'invalid value for parameter "auroraml.budget": "{text}"'):
                connection.execute(f"SET auroraml.budget = '{text}'")
        for text, shown in (("", "-1"), ("-1", "-1"), (" 0.050 ", "0.050"), ("1e-3", "0.001")):
            connection.execute(f"SET auroraml.budget = '{text}'")
            assert connection.execute("SHOW auroraml.budget").fetchone() == (shown,)
