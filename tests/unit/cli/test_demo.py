"""The tour of `make demo` runs, and what it shows is so."""

from __future__ import annotations

import io
import re

import pytest
from auroraml_cli.demo import SUPPORT, breast_cancer, main


@pytest.fixture(scope="module")
def shown() -> str:
    """What the tour prints."""
    out = io.StringIO()
    main(out)
    return out.getvalue()


def test_the_data_is_real() -> None:
    data = breast_cancer()
    assert (data.num_rows, data.num_columns) == (569, 31)
    assert sum(data.column("benign").to_pylist()) == 357


def test_the_support_table(shown: str) -> None:
    assert 'NOTICE:  installing required extension "aws_commons"' in shown
    found = {text: re.search(re.escape(text) + r" +[|] (\w+) ", shown) for text in SUPPORT}
    labels = [match[1] for match in found.values() if match]
    assert labels == ["POSITIVE", "NEGATIVE", "POSITIVE", "MIXED", "POSITIVE", "NEGATIVE", "NEUTRAL", "NEGATIVE", "NEGATIVE", "NEGATIVE"]
    assert "Batch Processing: num batches=1 avg/min/max batch size=10.000/10.000/10.000" in shown


def test_both_ways_of_scoring_agree_and_cost_as_they_should(shown: str) -> None:
    scores = re.findall(r"^ +227 \| +([0-9.]+)$", shown, re.MULTILINE)
    assert len(scores) == 2
    assert scores[0] == scores[1]
    assert float(scores[0]) > 93
    bill = dict(re.findall(r"^ (row by row|in batches) \| +(\d+) \| +227 ", shown, re.MULTILINE))
    assert bill == {"row by row": "227", "in batches": "1"}
    assert "Batch Processing: num batches=3 avg/min/max batch size=75.667/27.000/100.000" in shown
    assert re.search(r"aws_sagemaker +\| invoke_endpoint +\| +681 ", shown)
    assert re.search(r"Comprehend +\| BatchDetectSentiment +\| en +\| +2 \| +20 \| +60 \| +0.00 \| 0.006000 \| USD", shown)
    assert re.search(r"SageMaker +\| InvokeEndpoint +\| breast-cancer +\| +231 \| +681 \|", shown)


def test_it_takes_less_than_a_minute(shown: str) -> None:
    seconds = re.search(r"([0-9.]+) seconds, no network", shown)
    assert seconds is not None
    assert float(seconds[1]) < 60
