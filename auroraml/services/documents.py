"""Documents: which texts BatchDetectSentiment refuses, told before any request in the client's words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.lazy import compute as pc
from auroraml.records import dataclass
from auroraml.services.protocols import MAX_DOCUMENTS, ServiceFailure

MAX_DOCUMENT_BYTES = 5_000
LANGUAGES = frozenset({"en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW"})
UNKNOWN = -1  # the label of a document that was not judged


@dataclass(frozen=True)
class Refusal:
    """Why a request with the document would be refused: the service's failure, or what the client itself says."""

    failure: ServiceFailure | None = None
    answer: str = ""


def fitting(texts: Sequence[str], languages: Sequence[str]) -> npt.NDArray[np.bool_] | None:
    """Which documents the service takes; None where it takes them all."""
    known = all(language in LANGUAGES for language in set(languages))
    if known and all(0 < len(text) <= MAX_DOCUMENT_BYTES // 4 for text in texts):  # no character takes more than four bytes
        return None
    sizes = _sizes(texts)
    fits = (sizes > 0) & (sizes <= MAX_DOCUMENT_BYTES) & np.array([language in LANGUAGES for language in languages], np.bool_)
    return None if fits.all() else fits


def refusal(texts: Sequence[str], languages: Sequence[str]) -> Refusal:
    """The reason of the first document that does not fit: its language, then nothing in it, then too much."""
    unknown = next((language for language in languages if language not in LANGUAGES), None)
    if unknown is not None:
        return Refusal(ServiceFailure("UnsupportedLanguageException", f"The language code '{unknown}' is not supported for this request."))
    sizes = _sizes(texts)
    empty = np.flatnonzero(sizes == 0)
    if len(empty):
        first = int(empty[0])
        place = languages[:first].count(languages[first]) % MAX_DOCUMENTS  # a request has documents of one language
        return Refusal(answer=f"Parameter validation failed: Invalid length for parameter TextList[{place}], value: 0, valid min length: 1")
    size = int(sizes[sizes > MAX_DOCUMENT_BYTES][0])
    message = (f"Input text size exceeds limit. Max length of request text allowed is {MAX_DOCUMENT_BYTES} bytes while in this request the text size is "
               f"{size} bytes")  # fmt: skip
    return Refusal(ServiceFailure("TextSizeLimitExceededException", message))


def _sizes(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    return np.asarray(pc.binary_length(pa.array(texts, pa.large_string())))
