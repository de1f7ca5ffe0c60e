"""RandomStream: PostgreSQL's random numbers (pg_prng), so that the same seed gives the same ones."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
WORD = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_NEVER_ZERO = (0x5851F42D4C957F2D, 0x14057B7EF767814F)  # what a state of zeros, which would stay zero, is replaced by
_MANTISSA = (1 << 52) - 1


_JUMPS: Final[list[list[int]]] = []  # by k: what 2**k steps make of a state, of each of its bits alone (low word first): the steps are linear


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & WORD


def _stepped(low: int, high: int) -> tuple[int, int]:
    mixed = low ^ high
    return _rotated(low, 24) ^ mixed ^ (mixed << 16 & WORD), _rotated(mixed, 37)


def _jumped(jump: list[int], state: int) -> int:
    """The state after a jump, from those that its bits come to."""
    found = 0
    while state:
        last = state & -state
        found ^= jump[last.bit_length() - 1]
        state ^= last
    return found


def _jump(k: int) -> list[int]:
    """2**k steps."""
    known = _JUMPS
    if not known:
        steps = [_stepped(bit & WORD, bit >> 64) for bit in (1 << place for place in range(128))]
        known.append([low | high << 64 for low, high in steps])
    while len(known) <= k:
        half = known[-1]
        known.append([_jumped(half, state) for state in half])
    return known[k]


def _turned(words: Words, bits: int) -> Words:
    return words << np.uint64(bits) | words >> np.uint64(64 - bits)


class RandomStream:
    """xoroshiro128** by Blackman and Vigna, its state made from a number of -1 to 1 by splitmix64."""

    def __init__(self, seed: float) -> None:
        self._low = self._high = 0
        self.seed(seed)

    def seed(self, seed: float) -> None:
        """Begin anew (pg_prng_fseed)."""
        counter = int(_MANTISSA * seed)
        words = []
        for _ in range(2):
            counter = (counter + _STEP) & WORD
            word = counter
            word = (word ^ word >> 30) * _MIX[0] & WORD
            word = (word ^ word >> 27) * _MIX[1] & WORD
            words.append(word ^ word >> 31)
        self._low, self._high = words if any(words) else _NEVER_ZERO

    def word(self) -> int:
        """The next 64 bits."""
        low = self._low
        self._low, self._high = _stepped(low, self._high)
        return _rotated(low * 5 & WORD, 7) * 9 & WORD

    def words(self, n: int) -> Words:
        """The next `n` times 64 bits (n above 0): stretches of them side by side, each from where a jump over those before it leads."""
        k = n.bit_length() // 2
        length = 1 << k
        lanes = -(-n // length)
        jump, states = _jump(k), [self._low | self._high << 64]
        for _ in range(lanes - 1):
            states.append(_jumped(jump, states[-1]))
        low = np.array([state & WORD for state in states], np.uint64)
        high = np.array([state >> 64 for state in states], np.uint64)
        made = np.empty((length, lanes), np.uint64)
        left = n - (lanes - 1) * length  # steps of the last stretch
        for step in range(length):  # of all stretches at once
            made[step] = _turned(low * np.uint64(5), 7) * np.uint64(9)
            mixed = low ^ high
            low = _turned(low, 24) ^ mixed ^ mixed << np.uint64(16)
            high = _turned(mixed, 37)
            if step + 1 == left:
                self._low, self._high = int(low[-1]), int(high[-1])
        return made.T.reshape(-1)[:n]

    def fractions(self, n: int) -> npt.NDArray[np.float64]:
        """The next `n` numbers of [0, 1)."""
        return (self.words(n) >> np.uint64(12)).astype(np.float64) / (1 << 52)

    def fraction(self) -> float:
        """A number of [0, 1) (pg_prng_double)."""
        return (self.word() >> 12) / (1 << 52)

    def integer(self, least: int, most: int) -> int:
        """A whole number of `least` to `most`; no bits are drawn where there is no choice (pg_prng_uint64_range)."""
        span = most - least
        if span <= 0:
            return least
        shift = 64 - span.bit_length()
        found = self.word() >> shift
        while found > span:
            found = self.word() >> shift
        return least + found
