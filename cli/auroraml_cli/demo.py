"""The tour of `make demo`: the guide's support table and a real data set scored by a model trained on the spot, with plans, calls and the bill."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path
from typing import TextIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from auroraml.database import Database
from auroraml.dbapi.register import columns_of
from auroraml.errors import Diagnostic
from auroraml.records import dataclass
from auroraml.services.endpoints import XGBoost
from auroraml.services.prices import PriceLists, money
from auroraml_cli.client import Embedded, Result
from auroraml_cli.output import Options, render
from auroraml_cli.output.table import NUMERIC, Table

MEASURES = ("radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave_points", "symmetry", "fractal_dimension")
FEATURES = [f"{measure}_{kind}" for kind in ("mean", "error", "worst") for measure in MEASURES]
ROUND_TRIP = 0.020  # seconds: what one call to an endpoint in the same Region takes, an assumption for the bill
SUPPORT = (
    "Thank you for the excellent customer support!",
    "The latest version of this product stinks!",
    "Your support team is just awesome! I am blown away.",
    "Your product is too complex, but your support is great.",
    "Your support tech helped me in fifteen minutes.",
    "My problem was never resolved!",
    "When will the new version of this product be released?",
    "I cannot stand that chatbot.",
    "Your support tech talked down to me.",
    "It took me way too long to get a real person.",
)
SENTIMENT = """SELECT feedback, s.sentiment, s.confidence
    FROM support, aws_comprehend.detect_sentiment(feedback, 'en') s
    ORDER BY s.confidence DESC;"""
WRAPPER = """CREATE FUNCTION benign_chance(features float8[], max_rows_per_batch int DEFAULT NULL) RETURNS real
    AS $$ SELECT aws_sagemaker.invoke_endpoint('breast-cancer', max_rows_per_batch, features)::real $$
    LANGUAGE SQL PARALLEL SAFE COST 5000;"""
ACCURACY = """SELECT count(*) AS biopsies, round(100 * avg(CASE WHEN (chance > 0.5) = benign THEN 1 ELSE 0 END), 1) AS percent_right
    FROM (SELECT benign, benign_chance(features) AS chance FROM biopsies) AS scored;"""
BILL = """SELECT service, operation, target, calls, rows, units, round(seconds::numeric, 2) AS seconds, round(amount, 6) AS amount, currency
    FROM auroraml.bill;"""
STATISTICS = """SELECT schemaname, funcname, calls, round(total_time::numeric, 1) AS milliseconds FROM pg_stat_user_functions;"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a statement asked of an endpoint."""

    calls: int
    rows: int
    seconds: float


class Tour:
    """A psql session that types itself."""

    def __init__(self, database: Database, out: TextIO) -> None:
        self.out = out
        self.colour = out.isatty()
        database.create_database("labdb", "postgres")
        self.database = database
        self.client = Embedded(database, database.session(dbname="labdb"))
        self.client.on_notice(self._notice)

    def say(self, text: str) -> None:
        """A line of commentary."""
        self.out.write(f"\n\x1b[1m-- {text}\x1b[0m\n" if self.colour else f"\n-- {text}\n")

    def run(self, sql: str) -> Cost:
        """Show a statement and its answer; what it asked of an endpoint, and how long it took."""
        self.out.write("labdb=> " + sql.replace("\n", "\nlabdb-> ") + "\n")
        before, start = self.database.service_clients.meter.of("SageMaker"), time.perf_counter()
        for result in self.client.run(sql):
            self.out.write(shown(result))
        after = self.database.service_clients.meter.of("SageMaker")
        return Cost(calls=after.calls - before.calls, rows=after.rows - before.rows, seconds=time.perf_counter() - start)

    def quietly(self, sql: str) -> None:
        """Run without a word."""
        for _ in self.client.run(sql):
            pass

    def load(self, name: str, data: pa.Table) -> None:
        """A table of data in memory."""
        self.client.session.load(name, *columns_of(data))

    def print_table(self, columns: list[str], rows: list[list[str]]) -> None:
        """A table that no statement made."""
        numeric = [name != "mode" for name in columns]
        self.out.write(render(Table(columns=columns, numeric=numeric, rows=rows, footers=()), Options()))

    def _notice(self, notice: Diagnostic) -> None:
        self.out.write(f"{notice.severity}:  {notice.message_primary}\n")


def shown(result: Result) -> str:
    """A result as psql prints it."""
    if result.columns is None:
        return result.tag + "\n"
    names = [column.name for column in result.columns]
    return render(Table(columns=names, numeric=[column.type in NUMERIC for column in result.columns], rows=result.rows), Options())


def breast_cancer() -> pa.Table:
    """The data set that comes with scikit-learn, read from the package's folder without importing it."""
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise ImportError("the tour needs scikit-learn for its data: pip install 'auroraml[ml]'")
    path = Path(spec.origin).parent / "datasets" / "data" / "breast_cancer.csv"
    return pacsv.read_csv(path, pacsv.ReadOptions(column_names=[*FEATURES, "benign"], skip_rows=1))


def comprehend(tour: Tour) -> None:
    """The guide's example: what customers say of the support."""
    tour.say("Amazon Comprehend: the user guide's support table")
    tour.run("CREATE EXTENSION IF NOT EXISTS aws_ml CASCADE;")
    tour.quietly("CREATE TABLE support (feedback text)")
    tour.quietly("INSERT INTO support VALUES " + ", ".join(f"('{text}')" for text in SUPPORT))
    tour.quietly("ANALYZE support")
    tour.run(SENTIMENT)
    tour.say("the plan: one batch for all rows")
    tour.run("EXPLAIN (ANALYZE, VERBOSE) " + SENTIMENT)


def sagemaker(tour: Tour, trained_on: int, all_rows: int) -> list[tuple[str, Cost]]:
    """Breast cancer data, scored row by row and in batches."""
    tour.say(f"Amazon SageMaker: {all_rows} real biopsies (UCI, from scikit-learn); an XGBoost endpoint was trained just now on {trained_on} of them")
    tour.run(WRAPPER)
    tour.run("SET apg_enable_batch_mode_function_execution = off;")
    tour.say("row by row: one call an input row")
    costs = [("row by row", tour.run(ACCURACY))]
    tour.run("SET apg_enable_batch_mode_function_execution = on;")
    tour.say("in batches: the same rows, the same answer")
    costs.append(("in batches", tour.run(ACCURACY)))
    tour.say("where the batches are: the call has moved below a Nested Loop (function migration)")
    tour.run("EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF)\n    SELECT benign_chance(features, 100) FROM biopsies;")
    return costs


def bill(tour: Tour, costs: list[tuple[str, Cost]]) -> None:
    """What Amazon would charge."""
    tour.say("the bill both ways")
    prices = PriceLists()["us-east-1"]
    instance = prices.instance("breast-cancer")
    hour = money(prices.seconds_amount(3600, instance))
    rows = []
    for name, cost in costs:
        seconds = cost.calls * ROUND_TRIP
        dollars = money(prices.seconds_amount(seconds, instance))
        rows.append([name, str(cost.calls), str(cost.rows), f"{cost.seconds * 1000:.0f}", f"{seconds:.2f}", f"{dollars:.6f}"])
    tour.print_table(["mode", "calls", "rows", "ms here", f"s at {ROUND_TRIP * 1000:.0f} ms a call", f"$ at {hour} an hour"], rows)
    tour.out.write("An endpoint's instance is charged while it is up; the dollars are the share of its hour that the calls keep it busy.\n")
    tour.say("every call so far (the sentiment query ran twice), by Amazon's prices; the endpoint's at the milliseconds it took here")
    tour.run(BILL)


def main(out: TextIO = sys.stdout) -> None:
    """The whole tour, without any network."""
    start = time.perf_counter()
    data = breast_cancer()
    number = np.arange(data.num_rows)
    training = data.filter(pa.array(number % 5 < 3))
    model = XGBoost(training, label="benign", parameters={"objective": "binary:logistic"})
    with Database(endpoints={"breast-cancer": model}) as database:
        tour = Tour(database, out)
        comprehend(tour)
        tour.load("measured", data.filter(pa.array(number % 5 >= 3)))
        tour.quietly(f"CREATE TABLE biopsies AS SELECT ARRAY[{', '.join(FEATURES)}]::float8[] AS features, benign = 1 AS benign FROM measured")
        tour.quietly("ANALYZE biopsies")
        tour.quietly("SET track_functions = 'all'")
        costs = sagemaker(tour, training.num_rows, data.num_rows)
        bill(tour, costs)
        tour.say("statistics by function")
        tour.run(STATISTICS)
    out.write(f"\n{time.perf_counter() - start:.1f} seconds, no network, no account.\n")


if __name__ == "__main__":
    main()
