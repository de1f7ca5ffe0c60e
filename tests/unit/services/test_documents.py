"""Documents: what Comprehend would refuse, and entries of its ErrorList."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from auroraml import errors
from auroraml.database import Database
from auroraml.services.calls import Services
from auroraml.services.clock import VirtualClock
from auroraml.services.documents import LANGUAGES, MAX_DOCUMENT_BYTES, fitting, refusal
from auroraml.services.embedded.sagemaker import EmbeddedSageMaker
from auroraml.services.protocols import ItemError, Sentiments, Waiting
from auroraml.session.session import Session


class Partly:
    """A Comprehend that cannot judge texts with "broken" in them."""

    at_once = 25
    waits = Waiting.NO

    def abandon(self, thread: int) -> None:
        """Nothing waits."""

    def detect_sentiment(self, text: str, language: str) -> Sentiments:
        """POSITIVE, unless it cannot."""
        return self.batch_detect_sentiment([text], language)

    def batch_detect_sentiment(self, texts: Sequence[str], language: str) -> Sentiments:
        """POSITIVE for all others."""
        wrong = tuple(ItemError(index=i, code="INTERNAL_SERVER_ERROR", message="try later") for i, text in enumerate(texts) if "broken" in text)
        missing = {error.index for error in wrong}
        scores = np.zeros((len(texts), 4), np.float32)
        scores[:, 0] = 0.75
        return Sentiments(labels=["" if i in missing else "POSITIVE" for i in range(len(texts))], scores=scores, errors=wrong)


QUERY = """SELECT s.sentiment, s.confidence FROM (VALUES (1, NULL), (2, 'fine'), (3, 'broken'), (4, 'good')) v(id, body),
  aws_comprehend.detect_sentiment(body, 'en') s ORDER BY id"""


def answered(session: Session, sql: str) -> list[tuple[object, ...]]:
    """The rows of the last statement."""
    found: list[tuple[object, ...]] = []
    for stream in session.execute(sql):
        found = [row for b in stream.batches() for row in zip(*(b.vector(i).flat().datums() for i in range(len(b.columns))), strict=True)]
    return found


@pytest.fixture
def session() -> Session:
    services = Services(comprehend=Partly(), sagemaker=EmbeddedSageMaker({}), clock=VirtualClock())
    made = Database(services=services).session(user="rdsadmin")
    answered(made, "CREATE EXTENSION aws_ml CASCADE")
    return made


def test_an_entry_of_the_error_list_ends_the_statement(session: Session) -> None:
    with pytest.raises(errors.SystemError) as raised:
        answered(session, QUERY)
    assert raised.value.diag.message_primary == "could not detect sentiment"
    assert raised.value.diag.message_detail == "Amazon Comprehend client returned 'INTERNAL_SERVER_ERROR: try later, for row 3 of the batch'."


def test_or_leaves_its_row_without_a_sentiment(session: Session) -> None:
    answered(session, "SET auroraml.unfit_documents = 'null'")
    assert answered(session, QUERY) == [(None, None), ("POSITIVE", 0.75), (None, None), ("POSITIVE", 0.75)]


def test_what_fits() -> None:
    texts = ["x", "", "é" * (MAX_DOCUMENT_BYTES // 2), "é" * (MAX_DOCUMENT_BYTES // 2) + "x", "x"]
    fits = fitting(texts, ["en", "en", "en", "en", "xx"])
    assert fits is not None and fits.tolist() == [True, False, True, False, False]
    assert fitting(texts[:1] * 3, sorted(LANGUAGES)[:3]) is None


def test_the_reason_names_the_place_in_its_request() -> None:
    found = refusal(["a", "b", "c", ""], ["en", "fr", "en", "en"])
    assert found.answer == "Parameter validation failed: Invalid length for parameter TextList[2], value: 0, valid min length: 1"
    assert refusal(["", "b"], ["en", "xx"]).failure is not None
