"""A trained model as a frozen value, and as bytes. A weight depends on the pair and on this value, on nothing else."""

import gzip
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from pydantic import TypeAdapter, ValidationError

from hub.errors import HubMisconfigured
from hub.link.model.spec import Spec

FORMAT = 2
LEAST_SEEN, LEAST_SHARE = 30, 0.01
"""Matches with an outcome that make a rate of it: of 30 the error is a fifth, a quarter of a bit. And their share of all matches: where
fewer than 1 in 100 are so, a few pairs that were wrongly taken for matches, or a habit of one office, are the rate."""


class Limit(StrEnum):
    """What a rate was moved by, after it was learned."""

    BOUND = "bound"
    """m lay outside what the specification allows."""
    ORDER = "order"
    """It said more than a stronger outcome, so both say what they say together."""
    RESTATED = "restated"
    """It says again what another comparison has said, so it is weighed among the pairs of which that is so."""
    NEVER_FOR = "never for"
    """The specification does not let it speak for a match."""
    UNSEEN = "unseen"
    """Too few matches showed it for a rate, and something agrees: it says what the next weaker outcome says, or nothing."""
    ASSUMED = "assumed"
    """No block could learn it, so it is the prior of its kind."""


@dataclass(frozen=True)
class BlockEstimate:
    """m of an outcome as one block learned it, from about so many matches; not used where it lies apart from the others."""

    block: str
    m: float
    matches: float
    used: bool


@dataclass(frozen=True)
class Learned:
    """One outcome of a comparison: how often it is found among pairs that match, and among pairs that do not; what each block made
    of it, and by what it was moved afterwards."""

    outcome: str
    m: float
    u: float
    estimates: tuple[BlockEstimate, ...] = ()
    limits: tuple[Limit, ...] = ()

    @property
    def bits(self) -> float:
        """The evidence of this outcome, before the frequency of the value."""
        return math.log2(self.m / self.u)

    @property
    def is_supported(self) -> bool:
        """Whether a block has seen it in LEAST_SEEN matches, and in LEAST_SHARE of all."""
        return any(one.used and one.m >= LEAST_SHARE and one.m * one.matches >= LEAST_SEEN for one in self.estimates)


@dataclass(frozen=True)
class Frequencies:
    """How often values stand in a column. Values that stand there once are not kept: they are as frequent as one never seen,
    and a model that is stored should name nobody."""

    rarest: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class TrainedOn:
    """What a model was learned from."""

    left: int
    right: int
    matches: float
    pairs: int
    seed: int
    skipped: tuple[str, ...]
    versions: Mapping[str, str]
    """`matches` are expected among all pairs of the records learned from; `pairs` the random pairs that u was learned from;
    `skipped` the blocks that nothing was learned from, each with the reason."""
    heaps: tuple[str, ...] = ()
    """Values that far too many records have, by block, which were left out of it."""
    records: int = 0
    """Records of the store that `left` are the different parties of."""


@dataclass(frozen=True)
class Model:
    """What a specification has learned. `prior` is the probability that two records drawn at random match."""

    spec: Spec
    digest: str
    prior: float
    learned: Mapping[str, tuple[Learned, ...]]
    frequencies: Mapping[str, Frequencies]
    trained_on: TrainedOn
    format: int = FORMAT

    @cached_property
    def prior_bits(self) -> float:
        """The weight of a pair of which nothing is stated."""
        return math.log2(self.prior / (1 - self.prior))

    def serves(self, spec: Spec) -> bool:
        """Whether this was trained for that specification as it is now."""
        return self.digest == spec.digest

    def to_bytes(self) -> bytes:
        """JSON, compressed: the same bytes for the same value."""
        return gzip.compress(MODEL.dump_json(self), mtime=0)


MODEL = TypeAdapter(Model)


def from_bytes(document: bytes) -> Model:
    """The model that `to_bytes` wrote. Raises HubMisconfigured if it is none, or its specification was changed."""
    try:
        model = MODEL.validate_json(gzip.decompress(document))
    except (OSError, EOFError, ValidationError):
        raise HubMisconfigured("these bytes are no linking model", next_step="train the model again") from None
    if model.format != FORMAT or model.spec.digest != model.digest:
        raise HubMisconfigured(
            f"linking model {model.spec.name} was written in another form or changed since", next_step="train it again"
        )
    return model
