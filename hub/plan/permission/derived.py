"""Fields whose values are made from others: whoever reads the first reads the second."""

from hub.model.registry import load_registry

COPIES = frozenset({"Discrepancy.held", "Discrepancy.recorded", "Discrepancy.field"})
"""They show any field of a subject that a record has a copy of."""
COMPARISONS = frozenset({"Evidence.comparison", "Evidence.outcome", "Evidence.bits"})
"""They tell whether fields of a subject agree with a record."""
FOUND = frozenset({"SearchHit.matchedOn", "SearchHit.score"})
"""They tell which fields of a row agree with a text."""
CORRECTIONS = frozenset({"Correction.held", "Correction.claimed", "Correction.reason", "Correction.answer"})
"""They show any field of a record that somebody has asked to correct."""


def derived_reads(field: str) -> frozenset[str]:
    """The fields that tell something of this one, e.g. `Discrepancy.held` of `Citizen.fullName`."""
    entity, _, _ = field.partition(".")
    if entity not in load_registry().entities:
        return frozenset()
    return COPIES | COMPARISONS | FOUND | CORRECTIONS if entity in load_registry().copied else CORRECTIONS
