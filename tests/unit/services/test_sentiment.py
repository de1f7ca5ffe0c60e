"""The embedded sentiment model: its goals on held-out sentences, the guide's ten, the batch and the loop agreeing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auroraml import errors
from auroraml.services.embedded import sentiment
from auroraml.services.embedded.comprehend import EmbeddedComprehend
from auroraml.services.embedded.lexicon import LANGUAGES, lexicon, rows
from auroraml.services.embedded.sentence import sentence_features
from auroraml.services.factory import make_services
from auroraml.services.protocols import LABELS
from benchmarks.sentiment.measure import Accuracy, accuracy
from benchmarks.sentiment.sentences import sentences

GUIDE = [
    ("Thank you for the excellent customer support!", "POSITIVE"),
    ("The latest version of this product stinks!", "NEGATIVE"),
    ("Your support team is just awesome! I am blown away.", "POSITIVE"),
    ("Your product is too complex, but your support is great.", "MIXED"),
    ("Your support tech helped me in fifteen minutes.", "POSITIVE"),
    ("My problem was never resolved!", "NEGATIVE"),
    ("When will the new version of this product be released?", "NEUTRAL"),
    ("I cannot stand that chatbot.", "NEGATIVE"),
    ("Your support tech talked down to me.", "NEGATIVE"),
    ("It took me way too long to get a real person.", "NEGATIVE"),
]


@pytest.fixture(scope="module")
def measured() -> Accuracy:
    return accuracy()


@pytest.mark.parametrize("language", LANGUAGES)
def test_explicit_opinions(measured: Accuracy, language: str) -> None:
    assert measured.share(language, "explicit") >= 0.88


def test_implicit_opinions(measured: Accuracy) -> None:
    assert measured.overall("implicit") >= 0.45
    assert sum(count for _, count in measured.counts.values()) >= 200


def test_held_out_sentences_are_not_tuned_on() -> None:
    for language in LANGUAGES:
        assert not {s.text for s in sentences("held_out.tsv", language)} & {s.text for s in sentences("tuning.tsv", language)}


def test_the_guides_sentences() -> None:
    found = sentiment.score([text for text, _ in GUIDE], "en")
    assert [LABELS[i] for i in found.argmax(axis=1)] == [label for _, label in GUIDE]
    assert np.allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_loop_and_batch_agree(language: str) -> None:
    texts = [s.text for name in ("held_out.tsv", "tuning.tsv") for s in sentences(name, language)]
    loop = np.array([sentence_features(text, language) for text in texts])
    differing = np.flatnonzero(~np.isclose(sentiment.batch_features(texts, language), loop).all(axis=1))
    assert [texts[i] for i in differing] == []


WORDS = st.sampled_from([  # chosen to meet: negations, intensifiers, contrast, overlapping events, marks, what is no word at all
    "not", "never", "good", "bad", "very", "but", "waited", "two", "hours", "hung", "up", "on", "me", "talked", "down", "took", "way", "too",
    "long", ".", ",", "!", "?", "don't", "would", "like", "is", "pas", "ne", "n'est", "satisfait", "nicht", "gefällt", "mir", "gut", "12", "\U0001f600",
    "l’hôtel", "—", "\n", "a.b", "\"great\"",
])  # fmt: skip


@given(st.lists(st.lists(WORDS, max_size=9).map(" ".join), min_size=4, max_size=8), st.sampled_from(LANGUAGES))
@settings(max_examples=150, deadline=None)
def test_loop_and_batch_agree_on_anything(texts: list[str], language: str) -> None:
    loop = np.array([sentence_features(text, language) for text in texts])
    assert np.allclose(sentiment.batch_features(texts, language), loop)


@given(st.lists(st.text(max_size=40), min_size=4, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_text_has_scores(texts: list[str]) -> None:
    clean = [text.replace("\0", "") for text in texts]  # PostgreSQL's texts hold none
    found = sentiment.score(clean * sentiment.FEW, "de")[: len(texts)]
    assert found.shape == (len(texts), 4)
    assert np.allclose(found, [sentiment.score([text], "de")[0] for text in clean], atol=1e-5)


def test_negation() -> None:
    good, not_good, bad, not_bad = (sentence_features(t, "en") for t in ("It is helpful.", "It is not helpful.", "It is dirty.", "It is not dirty."))
    place = sentiment.FEATURES.index("balance")
    assert (good[place], not_good[place], bad[place], not_bad[place]) == (1, -1, -1, 1)


def test_german_negation_at_the_end() -> None:
    assert sentiment.score(["Das Gerät gefällt mir leider überhaupt nicht."], "de").argmax() == LABELS.index("NEGATIVE")


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_are_whole(language: str) -> None:
    for name in ("words.tsv", "events.tsv", "function_words.tsv"):
        assert all(entries or name != "words.tsv" for _, entries in rows(name, language))
    table = lexicon(language)
    assert len(table.stems) + len(table.exact) > 500
    assert len(table.events.all) > 500


@pytest.mark.parametrize("language", ["ar", "hi", "ja", "ko", "zh", "zh-TW"])
def test_languages_that_the_model_lacks(language: str) -> None:
    with pytest.raises(errors.FeatureNotSupported, match=f'the embedded sentiment model does not know language "{language}"'):
        make_services().detect_sentiment(["x"], [language])
    assert EmbeddedComprehend(lambda texts, code: [("POSITIVE", 0.75)] * len(texts)).batch_detect_sentiment(["x"], language).labels == ["POSITIVE"]
    labels, confidence = make_services(sentiment=lambda texts, code: ["MIXED"] * len(texts)).detect_sentiment(["x"], [language])
    assert (LABELS[labels[0]], confidence[0]) == ("MIXED", 1.0)
