"""A specification of a model, as values: which columns there are, how two records are compared, which pairs are looked at.

A specification is a schema mapping. It holds no learned number and no threshold found on known answers: weights are learned
by `train`, and the bands are stated as probabilities.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

from hub.errors import HubMisconfigured


class Kind(StrEnum):
    """What a column holds. It says how values are made comparable, and which columns are derived; see `prepare`."""

    NAME = "name"
    """A part of a person's name. Derives `_ascii`, and `_witness`, which is the same under a name of its own: a comparison of numbers
    that asks whether names agree is still learned in blocks of one name."""
    TEXT = "text"
    """Words: a street, a place."""
    DATE = "date"
    """A day, as a date or as digits of year, month and day; or only its year. Derives `_year`; `_sorted`, in which day
    and month stand in order of size: two dates of which one has them swapped are equal there; and `_month_day`, the day
    without its year, as digits of month and day."""
    IDENTIFIER = "identifier"
    """Letters and digits. Derives `_tail`, the last six, which an error in front of them leaves alone."""
    CODE = "code"
    """A value that agrees or does not."""
    NUMBER = "number"
    LIST = "list"
    """Several codes; an empty list states nothing."""


class By(StrEnum):
    """How two records are looked at, over its columns."""

    EQUAL = "equal"
    """Each column is equal."""
    CROSSED = "crossed"
    """The first column of one record is the second of the other, both ways."""
    EXCHANGED = "exchanged"
    """The first column of one record is the second of the other, one way at least."""
    SIMILAR = "similar"
    """Jaro-Winkler similarity is at least `at`."""
    EDITS = "edits"
    """At most `at` characters are changed, left out, put in, or swapped with the next."""
    WITHIN = "within"
    """The numbers differ by at most `at`."""
    SHARES = "shares"
    """The lists have an element in common."""
    LACKING = "lacking"
    """One record at least does not state it."""
    ONE_SIDED = "one_sided"
    """One record states it, the other does not."""
    NEITHER = "neither"
    """No record states it."""


@dataclass(frozen=True)
class FeatureField:
    """A column of both frames. One that is optional may be absent: then it states nothing. `placeholders` are days of the year,
    as month and day, that are written where only the year of a date is known: of such a date the year alone is compared."""

    column: str
    kind: Kind
    optional: bool = False
    placeholders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Is:
    """One condition on two records."""

    by: By
    columns: tuple[str, ...]
    at: float | None = None


@dataclass(frozen=True)
class Restated:
    """Outcomes of another comparison that a level says once more: what both rest on must count once."""

    comparison: str
    outcomes: tuple[str, ...]


@dataclass(frozen=True)
class Level:
    """One outcome of a comparison, if all its conditions hold, and one at least of `either`, if any are given.

    `frequency` names the column whose value's frequency adjusts the weight: to agree on a rare name says more. A level that
    `restates` another comparison is weighed among the pairs that have those outcomes: its m and u are divided by theirs."""

    outcome: str
    conditions: tuple[Is, ...]
    frequency: str | None = None
    either: tuple[Is, ...] = ()
    restates: Restated | None = None


OTHER, UNSTATED, PRIOR = "other", "unstated", "prior"
"""Outcomes that every comparison has: no level holds; nothing to compare. And the name of the evidence that is no comparison:
how likely any pair is."""


@dataclass(frozen=True)
class Bound:
    """What m of an outcome cannot leave, whatever is learned. It states facts known of offices and people before any record
    is seen, and is never found on a truth: half of all matches do not have another surname."""

    outcome: str
    most: float = 1.0
    least: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """Levels in order, the first that holds is the outcome. `stated` are groups of columns: the comparison says nothing where
    no group is stated by both records. In each of `chains` no outcome has fewer bits than one that stands behind it; without any,
    the levels in their order and `other` are one chain. Outcomes `never_for` a match have at most 0 bits, whatever is learned. In
    `agreements` something agrees and nothing need differ, such as the commune of an address: they have at least 0 bits unless enough
    matches were seen with them, since a register whose offices write whole addresses teaches nothing of those that do not."""

    name: str
    stated: tuple[tuple[str, ...], ...]
    levels: tuple[Level, ...]
    bounds: tuple[Bound, ...] = ()
    chains: tuple[tuple[str, ...], ...] = ()
    never_for: tuple[str, ...] = ()
    agreements: tuple[str, ...] = ()

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Every outcome, the strongest first."""
        return (*(level.outcome for level in self.levels), OTHER)

    def weaker_than(self, outcome: str) -> tuple[str, ...]:
        """The outcomes that stand next behind one, in each chain that it stands in."""
        return tuple(
            chain[at + 1]
            for chain in self.ordered
            if outcome in chain and (at := chain.index(outcome)) + 1 < len(chain)
        )

    @property
    def ordered(self) -> tuple[tuple[str, ...], ...]:
        """The chains of outcomes whose bits may not rise."""
        return self.chains or (self.outcomes,)


@dataclass(frozen=True)
class Block:
    """Pairs that agree on all of `columns`; only those where one record at least lacks `lacking`, if that is given. Lists agree
    where they have an element in common."""

    columns: tuple[str, ...]
    lacking: str | None = None

    def __str__(self) -> str:
        return " and ".join(self.columns) + (f", without {self.lacking}" if self.lacking else "")


@dataclass(frozen=True)
class Training:
    """How parameters are learned. `certain` finds pairs that are nearly all matches, and `recall` is the part of all matches
    that it is believed to find: both for the prior only. Each of `over` is one run of expectation maximisation, which learns the
    comparisons that have no column of the block. `pairs` are the most random pairs that u is learned from; `most` the records of
    each side that are learned from. `withheld` are the columns of identifiers: a model is checked on links that rules have
    confirmed by them, which it has to find without."""

    certain: tuple[Block, ...]
    recall: float
    over: tuple[Block, ...]
    pairs: int = 1_000_000
    most: int = 100_000
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bands:
    """From which probability a pair is accepted, and from which it is worth a person's look."""

    accept: float = 0.99
    review: float = 0.10

    @property
    def margin(self) -> float:
        """Bits by which the best candidate must lead the second. At most one candidate is right, so with a lead of m bits the
        best is right with at most 1 / (1 + 2^-m): for the accepted probability, m is its log odds."""
        return math.log2(self.accept / (1 - self.accept))


@dataclass(frozen=True)
class Spec:
    """A model before training. `reference` says that the right side is a register, whose frequencies count alone."""

    name: str
    version: int
    key: str
    fields: tuple[FeatureField, ...]
    comparisons: tuple[Comparison, ...]
    blocks: tuple[Block, ...]
    training: Training
    bands: Bands = Bands()
    reference: bool = False

    def __post_init__(self) -> None:
        for problem in _problems(self):
            raise HubMisconfigured(f"linking model {self.name}: {problem}", next_step="correct the specification")

    @property
    def digest(self) -> str:
        """The digest that binds a trained model: any change of comparisons needs a new training. A change of bands does not."""
        document = {key: value for key, value in asdict(self).items() if key != "bands"}
        # As numbers come back from JSON: 1 is 1.0.
        alike = json.loads(json.dumps(document), parse_int=float)
        return hashlib.sha256(json.dumps(alike, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def frequencies(self) -> tuple[str, ...]:
        """The columns whose value frequencies count."""
        columns = [level.frequency for comparison in self.comparisons for level in comparison.levels if level.frequency]
        return tuple(dict.fromkeys(columns))

    def lists_of(self, block: Block) -> tuple[str, ...]:
        """The columns of a block that are lists."""
        lists = {field.column for field in self.fields if field.kind is Kind.LIST}
        return tuple(column for column in block.columns if column in lists)

    @property
    def columns(self) -> tuple[str, ...]:
        """The prepared columns that comparing and blocking need."""
        compared = [column for comparison in self.comparisons for column in sorted(columns_of(comparison))]
        training = self.training
        blocked = [
            column
            for block in (*self.blocks, *training.certain, *training.over)
            for column in (*block.columns, *((block.lacking,) if block.lacking else ()))
        ]
        return tuple(dict.fromkeys((*compared, *blocked)))


MONTH_DAY = "_month_day"
"""Suffix of the day of a date without its year."""
DERIVED = {Kind.NAME: ("_ascii", "_witness"), Kind.DATE: ("_sorted", MONTH_DAY, "_year"), Kind.IDENTIFIER: ("_tail",)}


def prepared_columns(spec: Spec) -> dict[str, FeatureField]:
    """Each prepared column, own or derived, by the field that it is of."""
    return {field.column + suffix: field for field in spec.fields for suffix in ("", *DERIVED.get(field.kind, ()))}


def _problems(spec: Spec) -> Iterator[str]:
    known = prepared_columns(spec)
    unknown = sorted({*spec.columns, *spec.frequencies} - set(known))
    if unknown:
        yield f"no field gives the columns {', '.join(unknown)}"
    names = [comparison.name for comparison in spec.comparisons]
    if len(set(names)) < len(names):
        yield "two comparisons have one name"
    for comparison in spec.comparisons:
        if not comparison.name.isidentifier():
            yield f"comparison {comparison.name!r} is named otherwise than columns are"
        if len(set(comparison.outcomes)) < len(comparison.outcomes):
            yield f"comparison {comparison.name} has one outcome twice"
        yield from _misnamed(comparison)
    yield from _restated_wrongly(spec)
    absent = sorted(set(spec.training.withheld) - {field.column for field in spec.fields})
    if absent:
        yield f"no field is the column {', '.join(absent)}, which checks withhold"
    lists = {column for column, field in prepared_columns(spec).items() if field.kind is Kind.LIST}
    listed = sorted(lists & {one for block in (*spec.training.certain, *spec.training.over) for one in block.columns})
    if sum(bool(spec.lists_of(block)) for block in spec.blocks) > 1:
        yield "two blocks are of lists, and a pair of both would be found twice"
    if listed:
        yield f"no rate can be learned over a block of the list {', '.join(listed)}"
    if not 0 < spec.training.recall <= 1:
        yield "recall is no part of a whole"
    if not 0 < spec.bands.review < spec.bands.accept < 1:
        yield "bands are not probabilities in order"


def _restated_wrongly(spec: Spec) -> Iterator[str]:
    outcomes = {comparison.name: set(comparison.outcomes) for comparison in spec.comparisons}
    for comparison in spec.comparisons:
        for restated in (level.restates for level in comparison.levels if level.restates):
            if restated.comparison == comparison.name or not set(restated.outcomes) <= outcomes.get(
                restated.comparison, set()
            ):
                yield f"comparison {comparison.name} restates outcomes that {restated.comparison} does not have"


def _misnamed(comparison: Comparison) -> Iterator[str]:
    named = {
        *(bound.outcome for bound in comparison.bounds),
        *(one for chain in comparison.chains for one in chain),
        *comparison.never_for,
        *comparison.agreements,
    }
    unknown = sorted(named - set(comparison.outcomes))
    if unknown:
        yield f"comparison {comparison.name} has no outcome {', '.join(unknown)}, which has a bound or an order"
    if set(comparison.agreements) & {OTHER, *comparison.never_for}:
        yield f"comparison {comparison.name} has an agreement that must not speak for a match, or is none"
    if any(not 0 <= bound.least < bound.most <= 1 for bound in comparison.bounds):
        yield f"comparison {comparison.name} has a bound that is no range of probabilities"


def columns_of(comparison: Comparison) -> set[str]:
    """The prepared columns that a comparison needs."""
    conditions = (one.columns for level in comparison.levels for one in (*level.conditions, *level.either))
    return {column for columns in (*comparison.stated, *conditions) for column in columns}
