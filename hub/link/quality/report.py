"""What an operator sees of the quality of links: estimates by field and band, progress of the sample, thresholds. Values only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from hub.link.decisions.agreement import Agreement
from hub.link.evaluate.falses import FalseLink
from hub.link.quality.bands import ACCEPTED_BANDS, BANDS, REVIEW
from hub.link.quality.estimate import (
    Counted,
    PrecisionVerdict,
    Recall,
    ShareEstimate,
    answers_for_margin,
    answers_for_target,
    compare_with,
    estimate_precision,
    estimate_recall,
    total_precision,
)
from hub.link.quality.thresholds import Raise

ACCEPTED_NAMES = frozenset(band.name for band in ACCEPTED_BANDS)


@dataclass(frozen=True)
class Stratum:
    """One linked field and band: its links now, and what became of those that were drawn.

    `right` and `wrong` are by the majority of opinions; `twice` of the wrong ones were seen by two reviewers; `unsettled` have
    opinions that are even or unsure. Estimates are of the links as linking made them: those that a decision took away since are
    counted back in.
    """

    field: str
    band: str
    links: int
    drawn: int
    right: int
    wrong: int
    twice: int
    unsettled: int

    @property
    def waiting(self) -> int:
        """Drawn, and nobody has answered."""
        return self.drawn - self.right - self.wrong - self.unsettled

    @property
    def accepted(self) -> bool:
        """Whether its links are accepted."""
        return self.band in ACCEPTED_NAMES

    @property
    def counted(self) -> Counted:
        """For estimates."""
        decided = self.wrong if self.accepted else self.right + self.wrong
        return Counted(self.links + decided, self.right, self.wrong)

    @property
    def estimate(self) -> ShareEstimate | None:
        """The share that is right; in review, that has the right row among its candidates."""
        return estimate_precision(self.counted)

    def verdict(self, target: float) -> PrecisionVerdict:
        """How the band stands to its target. Only what two reviewers saw counts as wrong."""
        return compare_with(target, Counted(self.counted.links, self.right, self.twice))

    def document(self, target: float, margin: float) -> dict[str, Any]:
        """For machines."""
        names = ("field", "band", "links", "drawn", "right", "wrong", "twice", "unsettled", "waiting")
        found = self.estimate
        return {
            **{name: getattr(self, name) for name in names},
            "estimate": found and found.document(),
            "verdict": self.verdict(target) if self.accepted else None,
            "answers_for_margin": answers_for_margin(margin, self.counted),
            "answers_for_target": answers_for_target(target, self.counted.links) if self.accepted else None,
        }


@dataclass(frozen=True)
class FieldCounts:
    """Records of a linked field: those that state anything of a subject, of these without any link, and by method and status the
    accepted ones; open discrepancies of records that are linked."""

    stated: int
    unlinked: int
    methods: Mapping[tuple[str, str], int]
    discrepant: int

    @property
    def accepted(self) -> int:
        """Accepted links, also those that persons decided."""
        return sum(self.methods.values())


@dataclass(frozen=True)
class Quality:
    """All of it. `targets` are those of a band and of all links; `margin` is the half-width that progress is told for."""

    measured_at: datetime
    band_target: float
    target: float
    margin: float
    monthly: int
    drawn_this_month: int
    strata: tuple[Stratum, ...]
    fields: Mapping[str, FieldCounts]
    raises: tuple[Raise, ...]
    sample_agreement: Agreement
    decision_agreement: tuple[Agreement, ...]
    false_links: tuple[FalseLink, ...]
    of_earlier_models: int

    @property
    def accepted_strata(self) -> tuple[Stratum, ...]:
        """Strata of accepted links that have any now: closed bands speak of no link."""
        return tuple(one for one in self.strata if one.accepted and one.links)

    @cached_property
    def overall(self) -> ShareEstimate | None:
        """Precision over all accepted links of runs."""
        return _total(self.accepted_strata)

    @property
    def by_field(self) -> dict[str, ShareEstimate | None]:
        """Precision by linked field."""
        names = dict.fromkeys(one.field for one in self.accepted_strata)
        return {name: _total(one for one in self.accepted_strata if one.field == name) for name in names}

    @property
    def by_band(self) -> dict[str, ShareEstimate | None]:
        """Precision by band, over fields; in review, how often the right row is among the candidates."""
        found = {}
        for name in BANDS:
            strata = [one for one in self.strata if one.band == name and one.links]
            if strata:
                found[name] = _total(strata)
        return found

    @property
    def recalls(self) -> dict[str, Recall | None]:
        """What can be said of recall, by field."""
        return {name: self._recall(name, counts) for name, counts in self.fields.items()}

    @property
    def answered(self) -> int:
        """Answers on accepted links that say right or wrong."""
        return sum(one.right + one.wrong for one in self.strata if one.accepted)

    @property
    def waiting(self) -> int:
        """Questions that nobody has answered."""
        return sum(one.waiting for one in self.strata)

    @property
    def verdict(self) -> PrecisionVerdict:
        """How all accepted links together stand to their target."""
        found = self.overall
        if found is None:
            return PrecisionVerdict.OPEN
        return (
            PrecisionVerdict.MET
            if found.low >= self.target
            else PrecisionVerdict.SHORT
            if found.high < self.target
            else PrecisionVerdict.OPEN
        )

    @property
    def short(self) -> tuple[Stratum, ...]:
        """Strata with links now that fall short of the target of a band."""
        return tuple(one for one in self.accepted_strata if one.verdict(self.band_target) is PrecisionVerdict.SHORT)

    def document(self) -> dict[str, Any]:
        """For machines, without the list of false links."""
        return {
            "measured_at": self.measured_at.isoformat(timespec="seconds"),
            "target": self.target,
            "band_target": self.band_target,
            "margin": self.margin,
            "verdict": self.verdict,
            "sample": {"monthly": self.monthly, "drawn_this_month": self.drawn_this_month, "waiting": self.waiting, "of_earlier_models": self.of_earlier_models},
            "overall": _document(self.overall),
            "by_field": {name: _document(found) for name, found in self.by_field.items()},
            "by_band": {name: _document(found) for name, found in self.by_band.items()},
            "strata": [one.document(self.band_target, self.margin) for one in self.strata],
            "fields": {
                name: {
                    "stated": counts.stated, "unlinked": counts.unlinked, "accepted": counts.accepted, "discrepant": counts.discrepant,
                    "methods": [{"method": method, "status": status, "links": links} for (method, status), links in counts.methods.items()],
                    "recall": _document(self.recalls[name]),
                }
                for name, counts in self.fields.items()
            },
            "thresholds": [one.document() for one in self.raises],
            "agreement": {"sample": _agreement(self.sample_agreement), "decisions": [_agreement(one) for one in self.decision_agreement]},
            "false_links": len(self.false_links),
        }  # fmt: skip

    def _recall(self, field: str, counts: FieldCounts) -> Recall | None:
        accepted = _total(one for one in self.accepted_strata if one.field == field)
        waits = next((one for one in self.strata if (one.field, one.band) == (field, REVIEW.name)), None)
        if accepted is None:
            return None
        return estimate_recall(
            counts.accepted, accepted, waits.links if waits else 0, waits.estimate if waits else None, counts.unlinked
        )


def _total(strata: Iterable[Stratum]) -> ShareEstimate | None:
    return total_precision(one.counted for one in strata)


def _document(found: ShareEstimate | Recall | None) -> dict[str, Any] | None:
    return None if found is None else found.document()


def _agreement(one: Agreement) -> dict[str, Any]:
    return {"field": one.field, "pairs": one.pairs, "agreed": one.agreed, "observed": one.observed, "kappa": one.kappa}


def band_names(strata: Sequence[Stratum]) -> list[str]:
    """The bands of these strata, in order."""
    present = {one.band for one in strata}
    return [name for name in BANDS if name in present]
