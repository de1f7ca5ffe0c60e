"""Models trained on the spot: that they learn, what they do with missing values, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from auroraml_cli.demo import FEATURES, breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from auroraml import errors
from auroraml.services.embedded.endpoint import Endpoint
from auroraml.services.endpoints import LinearLearner, RandomCutForest, ScikitLearn, XGBoost
from auroraml.services.factory import make_services
from auroraml.services.request import Request
from auroraml.types.pg_type import PgArray
from auroraml.types.table import BY_NAME, FLOAT8, TEXT
from tests.unit.services.test_services import request

DATA = breast_cancer()
TRAINING, REST = (DATA.filter(pa.array(np.arange(DATA.num_rows) % 5 < 3)), DATA.filter(pa.array(np.arange(DATA.num_rows) % 5 >= 3)))
LABELS = REST.column("benign").to_numpy()


def rows(table: pa.Table) -> Request:
    """The features of each row as a request of thirty arguments."""
    return request(*[(FLOAT8, [float(v) for v in table.column(name).to_pylist()]) for name in FEATURES])


def answers(endpoint: Endpoint, made: Request) -> list[str]:
    """The endpoint's texts, through the services."""
    return list(make_services(endpoints={"e": endpoint}).invoke_endpoint("e", made).to_pylist())


def right(texts: list[str]) -> float:
    """The share of rows whose first output says what the data say."""
    chances: npt.NDArray[np.float64] = np.array([float(text.split(",")[0]) for text in texts])
    return float(((chances > 0.5) == (LABELS == 1)).mean())


MODELS: dict[str, Callable[[], Endpoint]] = {
    "xgboost": lambda: XGBoost(TRAINING, label="benign", parameters={"objective": "binary:logistic"}),
    "linear learner": lambda: LinearLearner(TRAINING, label="benign", predictor="binary_classifier", penalty=0.01),
    "linear learner, label and score": lambda: LinearLearner(TRAINING, label="benign", predictor="binary_classifier", output="both", penalty=0.01),
    "linear learner, label": lambda: LinearLearner(TRAINING, label="benign", predictor="binary_classifier", output="label", penalty=0.01),
    "scikit-learn, trained here": lambda: ScikitLearn(HistGradientBoostingClassifier(max_iter=20), TRAINING, label="benign"),
}


@pytest.mark.parametrize("name", MODELS)
def test_they_learn(name: str) -> None:
    assert right(answers(MODELS[name](), rows(REST))) > 0.92


def test_one_array_is_thirty_features() -> None:
    model = MODELS["xgboost"]()
    array = request((BY_NAME["_float8"], [PgArray.of(tuple(float(row[name]) for name in FEATURES)) for row in REST.slice(0, 5).to_pylist()]))
    assert answers(model, array) == answers(model, rows(REST.slice(0, 5)))


@pytest.mark.parametrize("name", ["xgboost", "linear learner"])
def test_missing_values(name: str) -> None:
    columns: list[tuple[object, list[object]]] = [(FLOAT8, [None, 14.0]) for _ in FEATURES]
    found = [float(text) for text in answers(MODELS[name](), request(*columns))]
    assert all(0 <= chance <= 1 for chance in found)


@pytest.mark.parametrize("name", ["xgboost", "linear learner"])
def test_texts_are_read_as_numbers_where_they_are(name: str) -> None:
    model = MODELS[name]()
    one = REST.slice(0, 1).to_pylist()[0]
    assert answers(model, request(*[(TEXT, [f" {one[f]} "]) for f in FEATURES])) == answers(model, rows(REST.slice(0, 1)))
    with pytest.raises(errors.SystemError) as caught:
        answers(model, request(*[(TEXT, ["not a number"]) for _ in FEATURES]))
    assert "Received client error (415) from primary" in str(caught.value.diag.message_detail)


@pytest.mark.parametrize("model", [MODELS["xgboost"], MODELS["linear learner"], lambda: RandomCutForest(DATA.select(FEATURES), trees=50)])
def test_the_wrong_number_of_features(model: Callable[[], Endpoint]) -> None:
    with pytest.raises(errors.SystemError) as caught:
        answers(model(), request((FLOAT8, [1.0])))
    assert "1 features were sent, the model has 30" in str(caught.value.diag.message_detail)


def test_xgboost_from_a_saved_model(tmp_path: Path) -> None:
    trained = XGBoost(TRAINING, label="benign", rounds=5)
    trained.booster.save_model(tmp_path / "model.json")
    assert answers(XGBoost(model=str(tmp_path / "model.json")), rows(REST)) == answers(trained, rows(REST))
    with pytest.raises(ValueError, match="needs data to train on or a saved model"):
        XGBoost()


def test_estimators_as_they_are() -> None:
    features = np.column_stack([TRAINING.column(name).to_numpy() for name in FEATURES])
    fitted = LogisticRegression(max_iter=10_000).fit(features, TRAINING.column("benign").to_numpy())
    services = make_services(endpoints={"bare": fitted, "chances": ScikitLearn(fitted, method="predict_proba")})
    assert set(services.invoke_endpoint("bare", rows(REST)).to_pylist()) == {"0", "1"}
    first, second = services.invoke_endpoint("chances", rows(REST)).to_pylist()[0].split(",")
    assert float(first) + float(second) == pytest.approx(1)


def test_linear_regression_from_a_file(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=(200, 2))
    pacsv.write_csv(pa.table({"y": 3 * x[:, 0] - x[:, 1] + 1, "a": x[:, 0], "b": x[:, 1]}), tmp_path / "t.csv")
    found = answers(LinearLearner(tmp_path / "t.csv"), request((FLOAT8, [1.0, 0.0]), (FLOAT8, [2.0, 0.0])))
    assert [float(text) for text in found] == pytest.approx([2, 1], abs=0.01)
    with pytest.raises(ValueError, match="predictor is regressor or binary_classifier"):
        LinearLearner(tmp_path / "t.csv", predictor="clusterer")


def test_anomalies_stand_out() -> None:
    random = np.random.default_rng(3)
    usual = random.normal(size=(400, 3))
    forest = RandomCutForest(pa.table({f"c{i}": usual[:, i] for i in range(3)}), trees=60)
    scores = forest.scores(np.vstack([usual[:50], [[6.0, 6.0, 6.0]], [[0.0, -9.0, 0.0]]]))
    assert scores[-2:].min() > scores[:50].max()
    again = RandomCutForest(pa.table({f"c{i}": usual[:, i] for i in range(3)}), trees=60)
    assert np.array_equal(again.scores(usual[:5]), forest.scores(usual[:5]))
    assert forest.scores(np.zeros((0, 3))).shape == (0,)


@pytest.mark.parametrize("width", [1, 3, 9])
def test_a_forest_scores_each_row_as_one_walk_down_each_tree_does(width: int) -> None:
    random = np.random.default_rng(width)
    data = random.normal(size=(300, width))
    data[:40] = data[0]  # a leaf may hold many equal rows
    forest = RandomCutForest(pa.table({f"c{i}": data[:, i] for i in range(width)}), trees=7, samples=100)
    rows = np.concatenate([random.normal(size=(40, width)) * 3, data[:5], np.full((1, width), 1e6)])
    scores = forest.scores(rows)
    assert scores == pytest.approx([walked(forest, row) for row in rows], rel=1e-9)
    for start in (0, 7, 45):  # and whatever rows are beside it
        for stop in (start + 1, start + 2, 46):
            assert (forest.scores(rows[start:stop]) == scores[start:stop]).all()


def walked(forest: RandomCutForest, row: np.ndarray) -> float:
    """One row's score, node by node."""
    bounds = forest.bounds.T if forest.narrow else forest.bounds
    total = 0.0
    for root in forest.roots.tolist():
        node, alive, going = root, 1.0, True
        while going:
            edges, parted_score, leaf_score, cut, inner, axis, first = forest.facts[node].tolist()
            outside = sum(max(0.0, x) for x in (bounds[node] - np.concatenate([row, -row])).tolist())
            parted = outside / (outside + edges) if outside + edges else 0.0
            total += alive * (parted * parted_score + (1 - parted) * leaf_score)
            alive *= 1 - parted
            going = bool(inner)
            node = int(first) + int(row[int(axis)] > cut)
    return total / len(forest.roots) * float(np.log2(forest.size))
