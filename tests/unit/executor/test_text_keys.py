"""Joins by text keys: hashed texts find what a dictionary finds, whatever stands beside them, and joins give the same either way."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

import auroraml
from auroraml.executor import key_codes
from auroraml.executor.key_codes import LONGEST_TEXT, HashedTexts, text_hashes

ROWS = 6_000


def _texts(seed: int, n: int, longest: int) -> list[str]:
    chosen = random.Random(seed)
    return ["".join(chosen.choice("abé€𝄞") for _ in range(chosen.randrange(longest))) for _ in range(n)]


def test_equal_texts_have_equal_hashes_in_any_company() -> None:
    texts = [*_texts(1, ROWS, 5), *_texts(2, ROWS, 40)]
    array = pa.array(texts, pa.large_string())
    hashes = text_hashes(array)
    assert hashes is not None
    assert len(set(hashes.tolist())) == len(set(texts))
    for start, stop in ((0, 1), (17, 400), (ROWS - 3, ROWS + 3), (ROWS, 2 * ROWS)):
        part = text_hashes(array.slice(start, stop - start))
        assert part is not None
        assert part.tolist() == hashes[start:stop].tolist()


def test_hashed_texts_find_what_a_dictionary_finds() -> None:
    build = [*_texts(3, ROWS, 30), "", "z" * LONGEST_TEXT]
    hashed = HashedTexts.of_many(pa.array(build, pa.large_string()))
    assert hashed is not None
    probe: list[str | None] = [*_texts(4, ROWS, 8), *build[:100], "", None, "z" * LONGEST_TEXT, "z" * (LONGEST_TEXT + 1), "no such text"]
    array = pa.array(["before", *probe], pa.large_string()).slice(1)
    known = set(build)
    for place, text in zip(hashed.of(array).tolist(), probe, strict=True):
        if text is not None:
            assert (place != 0) == (text in known)
            assert place == 0 or build[hashed.row[place]] == text


def test_texts_that_share_a_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    build = [f"text {i}" for i in range(ROWS)]
    hashed = HashedTexts.of_many(pa.array(build, pa.large_string()))
    assert hashed is not None
    same = text_hashes(pa.array(["text 7", "text 8"], pa.large_string()))
    monkeypatch.setattr(key_codes, "text_hashes", lambda texts: same)
    assert [int(place) != 0 for place in hashed.of(pa.array(["text 7", "another"], pa.large_string()))] == [True, False]
    monkeypatch.setattr(key_codes, "text_hashes", lambda texts: np.zeros(len(texts), np.int64))
    assert HashedTexts.of_many(pa.array(build, pa.large_string())) is None


@pytest.fixture(scope="module")
def tables() -> auroraml.Connection:
    made = auroraml.connect(autocommit=True)
    for name, step in (("a", 7), ("b", 5)):
        made.execute(
            f"""CREATE TABLE {name} AS SELECT i, CASE WHEN i % 11 <> 0 THEN 'key ' || repeat('x', i * {step} % 9) || i * {step} % 9000 END AS t,
            (i * {step} % 5000)::text::char(6) AS c FROM generate_series(1, {ROWS}) i"""
        )
    made.execute("ANALYZE")
    return made


@pytest.mark.parametrize("query", [
    "SELECT a.i, b.i FROM a JOIN b USING (t) ORDER BY 1, 2",
    "SELECT a.i, b.i FROM a LEFT JOIN b ON a.t = b.t AND a.c < b.c ORDER BY 1, 2",
    "SELECT a.i FROM a WHERE t IN (SELECT t FROM b WHERE i % 3 = 0) ORDER BY 1",
    "SELECT a.i FROM a WHERE NOT EXISTS (SELECT FROM b WHERE b.t = a.t) ORDER BY 1",
    "SELECT a.i, b.i FROM a JOIN b USING (c) ORDER BY 1, 2",
    "SELECT a.i, b.i FROM a JOIN b USING (t, c) ORDER BY 1, 2",
    "SELECT count(*), sum(a.i), sum(b.i) FROM a FULL JOIN b USING (t)",
    "SELECT b.i, x.n FROM b JOIN (VALUES ('key x1', 1), ('key xxxxx5', 2)) x (k, n) ON b.t = x.k ORDER BY 1, 2",
])  # fmt: skip
def test_joins_give_the_same_either_way(tables: auroraml.Connection, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    monkeypatch.setattr(key_codes, "MANY_TEXTS", 1 << 40)
    expected = tables.execute(query).fetchall()
    made: list[HashedTexts | None] = []
    old = HashedTexts.of_many

    def noted(texts: pa.Array) -> HashedTexts | None:
        made.append(old(texts))
        return made[-1]

    monkeypatch.setattr(HashedTexts, "of_many", staticmethod(noted))
    monkeypatch.setattr(key_codes, "MANY_TEXTS", 1)
    tables.session.forget_statements()
    assert tables.execute(query).fetchall() == expected
    assert made
    assert expected
