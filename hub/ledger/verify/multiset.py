"""Sums by which two lists of rows are compared without sorting either: equal sums, equal rows, in whatever order.

Each row is mixed to 64 bits under keys that are drawn anew for each verification, after the rows are there. So nobody can choose rows that
add up to what others did. Two lists that differ have the same sum by chance with a probability of about 2^-64.
"""

import secrets
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

SUM_BITS = 64
MASK = (1 << SUM_BITS) - 1


@dataclass(frozen=True)
class RowMixer:
    """The keys of one verification: 8 numbers of 64 bits."""

    keys: tuple[int, ...]

    @classmethod
    def draw(cls) -> "RowMixer":
        """New keys."""
        return cls(tuple(secrets.randbits(64) for _ in range(8)))

    def sum_people(self, epoch: UUID, subjects: bytes, numbers: NDArray[np.int64], roles: NDArray[np.int64]) -> int:
        """The sum over people of one chain. `subjects` has 16 bytes for each."""
        high, low = (np.uint64(int.from_bytes(epoch.bytes[i : i + 8], "big")) for i in (0, 8))
        words = np.frombuffer(subjects, ">u8").astype(np.uint64).reshape(-1, 2)
        return self.sum_rows([words[:, 0], words[:, 1], high, low, numbers.view(np.uint64), roles.view(np.uint64)])

    def sum_heads(self, hashes: bytes, numbers: NDArray[np.int64]) -> int:
        """The sum over heads of one chain. `hashes` has 32 bytes for each."""
        words = np.frombuffer(hashes, ">u8").astype(np.uint64).reshape(-1, 4)
        return self.sum_rows([words[:, 0], words[:, 1], words[:, 2], words[:, 3], numbers.view(np.uint64)])

    def sum_rows(self, words: list[NDArray[np.uint64] | np.uint64]) -> int:
        """The sum over rows, each given by its words."""
        mixed: NDArray[np.uint64] | np.uint64 = np.uint64(self.keys[7])
        with np.errstate(over="ignore"):
            for key, word in zip(self.keys, words, strict=False):
                mixed = _scramble((mixed ^ word) + np.uint64(key))
            return int(np.sum(mixed, dtype=np.uint64)) if np.size(mixed) else 0


def _scramble(value: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint64] | np.uint64:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input moves every bit of the output."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def add_sums(*sums: int) -> int:
    """Sums of parts, as the sum of the whole."""
    return sum(sums) & MASK
