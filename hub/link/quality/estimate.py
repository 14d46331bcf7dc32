"""Precision and recall estimated from a stratified sample. Pure: counts in, figures out.

Each stratum has an exact interval: the numbers of wrong links among all of its links that the answers do not refute, by the
hypergeometric distribution (Clopper and Pearson's interval for a sample without replacement). Wilson's holds too rarely where
nearly all links are right. A total over strata is weighted by their links, and its interval combined from theirs by the squared
distances to the bounds (MOVER: Zou and Donner 2008), which also works where every answer was "right" and a variance would be 0.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

CONFIDENCE = 0.95
ALARM = 0.05
"""A band falls short if its answers, or worse ones, had at most this chance at the target."""
MOST_ANSWERS = 10_000_000
"""Where the search for a number of answers ends: a stratum has fewer links than this, or the margin cannot be had."""


@dataclass(frozen=True)
class Counted:
    """A stratum: how many links it has, and how many of the sampled ones were judged right and wrong."""

    links: int
    right: int
    wrong: int

    @property
    def answered(self) -> int:
        """Answers that say right or wrong."""
        return self.right + self.wrong


@dataclass(frozen=True)
class ShareEstimate:
    """A share with its interval, and the part of the links that it speaks for: strata without an answer are left out."""

    share: float
    low: float
    high: float
    answered: int
    covered: float = 1.0

    def document(self) -> dict[str, Any]:
        """For machines."""
        names = ("share", "low", "high", "answered", "covered")
        return {name: getattr(self, name) for name in names}


class PrecisionVerdict(StrEnum):
    """How a precision stands to its target."""

    MET = "MET"
    """The lower bound is at or above the target."""
    SHORT = "SHORT"
    """The answers would hardly have come about at the target."""
    OPEN = "OPEN"
    """Too few answers to say either."""


def estimate_precision(counted: Counted) -> ShareEstimate | None:
    """The precision of one stratum; None without an answer."""
    if not counted.answered:
        return None
    low, high = exact_interval(counted.wrong, counted.answered, counted.links)
    return ShareEstimate(counted.right / counted.answered, low, high, counted.answered)


def total_precision(strata: Iterable[Counted]) -> ShareEstimate | None:
    """The precision over strata, each weighted by its links; None without an answer."""
    every = [one for one in strata if one.links]
    known = [(one, found) for one in every if (found := estimate_precision(one)) is not None]
    links = sum(one.links for one, _ in known)
    if not links:
        return None
    parts = [(one.links / links, found) for one, found in known]
    # Computed from the wrong ones, so that none gives exactly 1 and not nearly 1.
    share = 1 - math.fsum(weight * (1 - found.share) for weight, found in parts)
    below = math.sqrt(sum((weight * (found.share - found.low)) ** 2 for weight, found in parts))
    above = math.sqrt(sum((weight * (found.high - found.share)) ** 2 for weight, found in parts))
    answered = sum(found.answered for _, found in parts)
    covered = links / sum(one.links for one in every)
    return ShareEstimate(share, max(share - below, 0.0), min(share + above, 1.0), answered, covered)


def exact_interval(wrong: int, answered: int, links: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Bounds of the share of right links among `links`, of which `answered` were drawn and `wrong` of these found wrong."""
    links, tail = max(links, answered), (1 - confidence) / 2
    least, most = wrong, links - (answered - wrong)

    def too_many(bad: int) -> bool:
        return _at_most(wrong, answered, links, bad) <= tail

    def enough(bad: int) -> bool:
        return 1 - _at_most(wrong - 1, answered, links, bad) > tail

    worst = _first(too_many, least, most + 1) - 1
    best = _first(enough, least, most)
    return 1 - max(worst, wrong) / links, 1 - min(best, most) / links


def compare_with(target: float, counted: Counted) -> PrecisionVerdict:
    """How the precision of a stratum stands to its target.

    It falls short on the one-sided exact binomial test at ALARM. The lower bound alone would condemn every new stratum: 50 right
    answers of 50 have a lower bound of 0.93.
    """
    found = estimate_precision(counted)
    if found is None:
        return PrecisionVerdict.OPEN
    if found.low >= target:
        return PrecisionVerdict.MET
    surprise = 1 - _binomial_at_most(counted.wrong - 1, counted.answered, 1 - target)
    return PrecisionVerdict.SHORT if counted.wrong and surprise <= ALARM else PrecisionVerdict.OPEN


def answers_for_target(target: float, links: int) -> int:
    """How many answers it takes, all of them right, until the lower bound reaches the target."""
    return _first(lambda n: exact_interval(0, n, links)[0] >= target, 1, max(links, 1))


def answers_for_margin(margin: float, counted: Counted) -> int:
    """How many more answers it takes until the interval reaches at most `margin` to either side, if the share stays as it is.
    Without any answer so far, all are expected to be right."""
    wrong_share = counted.wrong / counted.answered if counted.answered else 0.0

    def narrow(answers: int) -> bool:
        wrong = round(answers * wrong_share)
        low, high = exact_interval(wrong, answers, counted.links)
        share = 1 - wrong / answers
        return max(share - low, high - share) <= margin

    whole = max(min(counted.links, MOST_ANSWERS), counted.answered, 1)
    if counted.answered and narrow(counted.answered):
        return 0
    return _first(narrow, max(counted.answered, 1), whole) - counted.answered


@dataclass(frozen=True)
class Recall:
    """What can be said of recall: it lies between the two.

    `most` leaves out what nobody can know from a sample of links: subjects of records for which nothing was found. `least`
    counts every such record as missed, though its subject may be in no register.
    """

    least: float
    most: float

    def document(self) -> dict[str, Any]:
        """For machines."""
        return {"least": self.least, "most": self.most}


def estimate_recall(
    accepted: int, accepted_precision: ShareEstimate, waiting: int, offered: ShareEstimate | None, unlinked: int
) -> Recall | None:
    """Recall of accepted links of a field: from the share of accepted links that are right, and the share of records in review
    whose subject is among the candidates. None if records wait and no answer tells of them, or nothing is linked."""
    right = accepted * accepted_precision.share
    if waiting and offered is None:
        return None
    in_review = waiting * offered.share if offered else 0.0
    if not right:
        return None
    wrong = accepted - right
    # In the least, whoever was linked wrongly or waits without the right candidate has a subject all the same.
    return Recall(right / (right + wrong + waiting + unlinked), right / (right + in_review))


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The least number from `low` on for which a condition holds, which stays true from there; `high` where none before does."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _at_most(found: int, drawn: int, links: int, bad: int) -> float:
    """The chance to draw at most `found` bad ones, of `links` with `bad` bad ones."""
    first, last = max(0, drawn - (links - bad)), min(found, drawn, bad)
    if last < first:
        return 0.0
    if last == min(drawn, bad):
        return 1.0
    whole = _log_choose(links, drawn)
    terms = (_log_choose(bad, x) + _log_choose(links - bad, drawn - x) - whole for x in range(first, last + 1))
    return min(math.fsum(map(math.exp, terms)), 1.0)


def _binomial_at_most(found: int, drawn: int, chance: float) -> float:
    """The chance of at most `found` events in `drawn` trials. `chance` lies between 0 and 1, both excluded."""
    one, other = math.log(chance), math.log1p(-chance)
    terms = (_log_choose(drawn, x) + x * one + (drawn - x) * other for x in range(found + 1))
    return min(math.fsum(map(math.exp, terms)), 1.0)


def _log_choose(whole: int, part: int) -> float:
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)
