"""Identifiers of the demo province, vectorised: each obeys the rule of its value type and no two are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from schema.values import TaxCode

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

HALF_SPACE = 1_000
SERIAL_SPACE = HALF_SPACE * HALF_SPACE
GEOHASH_ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"


def to_digits(values: Ints | pl.Series, width: int) -> pl.Series:
    """Numbers as text, filled with zeros on the left to `width`."""
    return pl.Series("digits", values).cast(pl.String).str.zfill(width)


@dataclass(frozen=True)
class Scatter:
    """A seeded bijection of 0…999,999 onto itself: serial numbers that look random and never collide.

    Four Feistel rounds over two halves of three digits; drawing at random instead would need a set of everything drawn so
    far, which neither fits in memory nor is independent of the order of the blocks.
    """

    tables: tuple[Ints, ...]

    @classmethod
    def seeded(cls, seed: int, purpose: int) -> Scatter:
        rng = np.random.default_rng([seed, 1_000_000 + purpose])
        return cls(tuple(rng.integers(0, HALF_SPACE, HALF_SPACE) for _ in range(4)))

    def __call__(self, serial: Ints) -> Ints:
        left, right = serial // HALF_SPACE, serial % HALF_SPACE
        for table in self.tables:
            left, right = right, (left + table[right]) % HALF_SPACE
        return left * HALF_SPACE + right


def tax_codes(prefix: str, serial: Ints) -> pl.Series:
    """Ten-digit tax codes with their check digit: `prefix`, then an even number for each serial, or one more where that has no valid code.

    Adding one to the ninth digit moves the weighted sum by 3, so of two neighbours at least one is valid. Numbers begin at 2:
    no taxpayer has all zeros after the office's digits.
    """
    base = int(prefix) * 10 ** (9 - len(prefix)) + (serial + 1) * 2
    assert TaxCode.check_digit is not None
    weights = TaxCode.check_digit.weights
    base = np.where(_weighted_sum(base, weights) % 11 == 0, base + 1, base)
    check = 10 - _weighted_sum(base, weights) % 11
    return to_digits(base * 10 + check, 10)


def _weighted_sum(base: Ints, weights: Sequence[int]) -> Ints:
    places = len(weights)
    return np.asarray(sum((base // 10 ** (places - 1 - i)) % 10 * w for i, w in enumerate(weights)), dtype=np.int64)


def to_geohashes(latitude: Floats, longitude: Floats) -> pl.Series:
    """Twelve-character geohashes (60 bits: 30 of longitude and 30 of latitude, interleaved, longitude first)."""
    lat = ((latitude + 90) / 180 * 2**30).astype(np.int64)
    lon = ((longitude + 180) / 360 * 2**30).astype(np.int64)
    bits: Any = np.zeros(len(lat), dtype=np.int64)
    for place in range(29, -1, -1):
        bits = (bits << 2) | (((lon >> place) & 1) << 1) | ((lat >> place) & 1)
    letters = pl.Series(list(GEOHASH_ALPHABET))
    parts = [letters.gather((bits >> (5 * (11 - i))) & 31).alias(f"c{i}") for i in range(12)]
    return pl.DataFrame(parts).select(pl.concat_str(pl.all())).to_series()
