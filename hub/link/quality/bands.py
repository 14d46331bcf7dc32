"""Bands: groups of links that are about equally sure. A sample is stratified by linked field and band. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hub.link.model.party import PARTY


@dataclass(frozen=True)
class Band:
    """One band.

    `expected_wrong` is the share of wrong links that sample sizes are planned with; no estimate uses it. `above` is set for the
    model's links: the bits above the model's own threshold at which the band begins.
    """

    name: str
    vi: str
    en: str
    expected_wrong: float
    above: float | None = None


CONFIRMED = Band("CONFIRMED_BY_RULE", "Quy tắc, chắc chắn", "Rule, confirmed", 0.001)
PROBABLE = Band("PROBABLE_BY_RULE", "Quy tắc, có khả năng", "Rule, probable", 0.004)
MODEL: tuple[Band, ...] = (
    Band("MODEL_0", "Mô hình, trên ngưỡng 0–2 bit", "Model, +0–2 bits", 0.02, 0.0),
    Band("MODEL_2", "Mô hình, trên ngưỡng 2–4 bit", "Model, +2–4 bits", 0.01, 2.0),
    Band("MODEL_4", "Mô hình, trên ngưỡng 4–8 bit", "Model, +4–8 bits", 0.004, 4.0),
    Band("MODEL_8", "Mô hình, trên ngưỡng từ 8 bit", "Model, +8 bits", 0.001, 8.0),
)
REVIEW = Band("IN_REVIEW", "Chờ xem xét", "In review", 0.1)
ACCEPTED_BANDS: tuple[Band, ...] = (CONFIRMED, PROBABLE, *MODEL)
BANDS: Mapping[str, Band] = {band.name: band for band in (*ACCEPTED_BANDS, REVIEW)}
"""Every band by name, the surest rules first, then the model's from its threshold upwards."""


def lowest_weight(band: Band, threshold: float = PARTY.bands.margin) -> float:
    """The weight at which a band of the model begins, in bits. `threshold` is the model's own, as log odds."""
    assert band.above is not None  # only the model's links have weights
    return threshold + band.above


def next_edge(band: Band, threshold: float = PARTY.bands.margin) -> float:
    """Where the next band of the model begins; infinity above the last, which is to accept no link of the model at all."""
    above = MODEL[MODEL.index(band) + 1 :]
    return lowest_weight(above[0], threshold) if above else math.inf


def band_sql(link: str = "l") -> str:
    """SQL of the name of a link's band, over a row of a link table."""
    # The lowest band has no edge below: weights are stored rounded, and the threshold itself is not.
    cases = [
        f"when {link}.weight >= {lowest_weight(band)!r} then '{band.name}'" for band in reversed(MODEL) if band.above
    ]
    return (
        f"case when {link}.status = 'UNCONFIRMED' then '{REVIEW.name}' when {link}.weight is null and {link}.status = 'CONFIRMED'"
        f" then '{CONFIRMED.name}' when {link}.weight is null then '{PROBABLE.name}' {' '.join(cases)} else '{MODEL[0].name}' end"
    )
