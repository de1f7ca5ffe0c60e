"""One sentence's features by a plain loop: what the batch computes with numpy, for single calls, where numpy's start would cost more."""

from __future__ import annotations

from math import log1p

from auroraml.services.embedded.lexicon import ASK, BANG, BUT, DOWN, END, NEGATION, QUESTION, SETTLED, STOP, UP, WORD, Lexicon, Word, lexicon, spaced

WINDOW = 4  # words after a negation that it reaches
WINDOW_BEFORE = 4  # words before a German negation that stands at the end of its clause ("gefällt mir nicht")
RAISED, DAMPED = 1.4, 0.7  # the word after an intensifier
FLIPPED, CLEAR = -0.75, -0.5  # a negated good word is bad; a negated bad word is mildly good
HEARD = 0.5  # weights that add up to less say nothing


def sentence_features(text: str, language: str) -> list[float]:
    """The features of one text, in the order of `sentiment.FEATURES`."""
    table = lexicon(language)
    words = [table.look_up(word) for word in spaced(text, language).split()]
    weights, kinds = _read(table, words)
    reached = _reached(weights, kinds, language == "de")
    positive = negative = best = worst = clause = last = 0.0
    good = bad = raised = negated = 0
    before = WORD
    for weight, kind, flipped in zip(weights, kinds, reached, strict=True):  # a sentence's words
        if kind and (STOP <= kind <= END or kind == BUT):
            if abs(clause) > HEARD:
                good, bad, last = good + (clause > 0), bad + (clause < 0), 1.0 if clause > 0 else -1.0
            clause = 0.0
        if before in (UP, DOWN):
            weight *= RAISED if before == UP else DAMPED
            raised += 1
        before = kind
        if not weight:
            continue
        if flipped and kind != SETTLED:
            weight *= FLIPPED if weight > 0 else CLEAR
            negated += 1
        clause += weight
        if weight > 0:
            positive, best = positive + weight, max(best, weight)
        else:
            negative, worst = negative - weight, max(worst, -weight)
    if abs(clause) > HEARD:
        good, bad, last = good + (clause > 0), bad + (clause < 0), 1.0 if clause > 0 else -1.0
    if before in (UP, DOWN):  # the end of the text counts as the word after it
        raised += 1
    total = positive + negative
    balance = (positive - negative) / total if total > 0 else 0.0
    both = 2 * min(positive, negative) / total if good and bad else 0.0
    contrast = BUT in kinds
    return [
        1.0, log1p(positive), log1p(negative), best, worst, good, bad, last, balance, both, float(contrast), float(QUESTION in kinds),
        float(ASK in kinds), float(BANG in kinds), log1p(kinds.count(WORD) + kinds.count(SETTLED)), float(total < HEARD), raised, negated,
        float(contrast and total < HEARD), float(contrast and (positive > HEARD) != (negative > HEARD)),
    ]  # fmt: skip


def _read(table: Lexicon, words: list[Word]) -> tuple[list[float], list[int]]:
    """The words' weights and kinds, events put at their first words."""
    weights, kinds = [word.weight for word in words], [word.kind for word in words]
    parts, stops = [word.parts for word in words], [STOP <= word.kind <= END for word in words]
    place, count = 0, len(words)
    while place < count:
        match = table.events.at(parts, stops, place) if parts[place] else None
        if match is None:
            place += 1
            continue
        event, end = match
        size = end - place
        weights[place:end], kinds[place:end] = [event.weight] + [0.0] * (size - 1), [event.kind] + [WORD] * (size - 1)
        place = end
    return weights, kinds


def _reached(weights: list[float], kinds: list[int], backward: bool) -> list[bool]:
    """Which words a negation reaches (see `sentiment._reached`)."""
    reached = [False] * len(kinds)
    if NEGATION not in kinds:
        return reached
    for place, kind in enumerate(kinds):
        if kind != NEGATION:
            continue
        heard = False
        for near in range(place + 1, min(place + 1 + WINDOW, len(kinds))):
            if STOP <= kinds[near] <= END or kinds[near] == BUT:
                break
            reached[near] = True
            heard |= weights[near] != 0
        if backward and not heard:
            for near in range(place - 1, max(-1, place - 1 - WINDOW_BEFORE), -1):
                if STOP <= kinds[near] <= END:
                    break
                reached[near] = True
                if kinds[near] == BUT:
                    break
    return reached
