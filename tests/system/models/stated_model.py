"""A model of parties whose weights are stated and not learned: for tests of what is made of weights."""

from hub.link.model.frozen import Frequencies, Learned, Model, TrainedOn
from hub.link.model.party import PARTY
from hub.link.model.spec import Comparison


def stated() -> Model:
    """Each comparison's strongest outcome speaks for a match with 6 bits, each further one with less, the last against it."""
    return Model(
        spec=PARTY,
        digest=PARTY.digest,
        prior=2.0**-12,
        learned={comparison.name: _learned(comparison) for comparison in PARTY.comparisons},
        frequencies={column: Frequencies(0.02, {}) for column in PARTY.frequencies},
        trained_on=TrainedOn(0, 0, 0.0, 0, 0, (), {}),
    )


def _learned(comparison: Comparison) -> tuple[Learned, ...]:
    outcomes = comparison.outcomes
    bits = [6 - 8 * at / (len(outcomes) - 1) for at in range(len(outcomes))]
    return tuple(
        Learned(outcome, 0.5 * 2.0 ** min(bit, 0), 0.5 * 2.0 ** -max(bit, 0))
        for outcome, bit in zip(outcomes, bits, strict=True)
    )
