"""Learn a model: u from random pairs, the prior from rules that are nearly certain, m by expectation maximisation.

Deterministic for a seed, and the same on either engine: random samples are drawn here, and parameters are kept to ten
digits, since engines add in the order that their threads finish.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from hub.errors import HubMisconfigured
from hub.link.model.frozen import Frequencies, Model, TrainedOn
from hub.link.model.render import render_block, render_splink_settings
from hub.link.model.scoring.backends import Backend
from hub.link.model.scoring.prepare import KEY, prepare_records
from hub.link.model.spec import Block, Comparison, Spec, columns_of
from hub.link.model.training.estimate import Rates, Run, combine_estimates, estimate_parameters, round_kept_digits
from hub.link.model.training.heaps import Blocked, without_heaps

if TYPE_CHECKING:
    from splink import Linker

ROUNDS = (25, 12, 6, 3)
FIRST = (5, 3)
"""At most so many rounds of expectation maximisation; the next fewer where an outcome's m became too small to be a number."""
Sides = tuple[pl.DataFrame, ...]
"""The prepared records: left and right, or one frame whose duplicates are looked for."""


def train_model(
    spec: Spec, left: pl.DataFrame, right: pl.DataFrame | None = None, *, backend: Backend, seed: int = 1
) -> Model:
    """A model for linking left to right, or for finding duplicates within left. Raises HubMisconfigured if the records are
    too few to learn from or lack a column."""
    sides = tuple(prepare_records(spec, frame) for frame in (left, right) if frame is not None)
    draw = np.random.default_rng(seed)
    learned_from = (_drawn(sides[0], spec.training.most, draw), *sides[1:])
    u_hat, pairs = _random_pairs(spec, learned_from, backend, draw)
    session = _Session(spec, backend, learned_from)
    prior = session.prior()
    matches = prior * _pairs([len(side) for side in learned_from])
    # A first look at m is enough to tell how many of the random pairs were matches.
    first = session.maximised(u_hat, prior, FIRST).rates(spec)
    u = _without_matches(u_hat, first, prior, pairs)
    found = session.maximised(u, prior, ROUNDS)
    return Model(
        spec=spec,
        digest=spec.digest,
        prior=round_kept_digits(prior),
        learned=estimate_parameters(spec, found.runs, u, unseen_m=0.5 / max(matches, 1), unseen_u=0.5 / pairs),
        frequencies=count_frequencies(spec, sides),
        trained_on=TrainedOn(
            left=len(sides[0]),
            right=len(sides[-1]),
            matches=round(matches, 1),
            pairs=pairs,
            seed=seed,
            skipped=tuple(found.skipped),
            versions=backend.versions,
            heaps=tuple(found.heaps),
        ),
    )


def _drawn(side: pl.DataFrame, most: int, draw: np.random.Generator) -> pl.DataFrame:
    """At most so many records, drawn by key: the order of the rows does not matter."""
    side = side.sort(KEY)
    if len(side) <= most:
        return side
    return side[np.sort(draw.choice(len(side), most, replace=False))]


def _pairs(counts: Sequence[int]) -> int:
    return counts[0] * counts[1] if len(counts) == 2 else counts[0] * (counts[0] - 1) // 2


EACH = 25
"""Random pairs for each record: with few records an outcome rarer than that hardly meets any of them, and to draw all the same
takes twice the memory and time of everything else."""


def _random_pairs(spec: Spec, sides: Sides, backend: Backend, draw: np.random.Generator) -> tuple[Rates, int]:
    """How often each outcome is found among random pairs, and how many pairs these were."""
    sample = _sample(sides, min(spec.training.pairs, EACH * sum(len(side) for side in sides)), draw)
    pairs = _pairs([len(side) for side in sample])
    if pairs < 1:
        raise HubMisconfigured(
            f"linking model {spec.name}: there is no pair of records to learn from",
            next_step="give records of both sides",
        )
    options = render_splink_settings(spec, backend.dialect, linking=len(sides) > 1, frequencies=False)
    with backend.linker(sample, options) as linker:
        # All pairs of the sample are compared: stopping early would depend on the order of the engine's hashes.
        linker.training.estimate_u_using_random_sampling(max_pairs=4.0 * pairs, min_count_per_level=None, num_chunks=1)
        return _rates(linker, "u_probability"), pairs


def _sample(sides: Sides, wanted: int, draw: np.random.Generator) -> Sides:
    """Records whose pairs are about as many as wanted. If one side is short, the other is the longer."""
    if len(sides) == 1:
        return (_drawn(sides[0], math.isqrt(2 * wanted), draw),)
    left, right = (len(side) for side in sides)
    of_left = min(left, math.isqrt(wanted))
    of_right = min(right, wanted // max(of_left, 1))
    of_left = min(left, wanted // max(of_right, 1))
    return _drawn(sides[0], of_left, draw), _drawn(sides[1], of_right, draw)


@dataclass(frozen=True)
class _Session:
    """The records that a model is learned from, in an engine."""

    spec: Spec
    backend: Backend
    sides: Sides

    def prior(self) -> float:
        """The probability that two records drawn at random match; if no certain match is found, that of one record in ten having
        one. Raises HubMisconfigured if every pair would be one."""
        options = render_splink_settings(
            self.spec, self.backend.dialect, linking=len(self.sides) > 1, frequencies=False
        )
        training = self.spec.training
        with self.backend.linker(self.sides, options) as linker:
            rules: list[Any] = [
                {"blocking_rule": render_block(rule), "sql_dialect": self.backend.dialect.name}
                for rule in training.certain
            ]
            linker.training.estimate_probability_two_random_records_match(rules, recall=training.recall)
            found = linker.misc.save_model_to_json()["probability_two_random_records_match"]
        if found >= 1:
            raise HubMisconfigured(
                f"linking model {self.spec.name}: the rules for certain matches found every pair",
                next_step="train on records of which some match and most do not",
            )
        sizes = [len(side) for side in self.sides]
        return float(found) if found > 0 else ASSUMED_MATCHES * min(sizes) / _pairs(sizes)

    def _learnable(self, rule: Block) -> int:
        """How many comparisons a run over a block learns: those free of its columns that half of the records state."""
        free = [one for one in self.spec.comparisons if not columns_of(one) & set(rule.columns)]
        return sum(_stated_share(one, self.sides) >= STATED_SHARE for one in free)

    def maximised(self, u: Rates, prior: float, rounds: Sequence[int]) -> "Maximised":
        """What each block learns of m, with u fixed: of the comparisons that have no column of it."""
        made = Maximised([], [], [])
        for rule in self.spec.training.over:
            blocked = without_heaps(self.spec, self.sides, rule)
            made.heaps.extend(blocked.heaps)
            run = self._run(rule, blocked, u, prior, rounds)
            made.skipped.append(run) if isinstance(run, str) else made.runs.append(run)
        return made

    def _run(self, rule: Block, blocked: Blocked, u: Rates, prior: float, rounds: Sequence[int]) -> Run | str:
        """One run over a block, or why nothing was learned from it. If an outcome is never a match's, its m falls faster with
        each round until Splink refuses it as too small: the rounds before have learned what there is to learn."""
        if not blocked.pairs:
            return f"{rule}: no pairs"
        if self._learnable(rule) < FEWEST_COMPARISONS:
            # One comparison cannot tell how many pairs match and how often matches agree: any number of both explains it.
            return f"{rule}: fewer than {FEWEST_COMPARISONS} comparisons to learn from"
        # Splink takes half a second to import, which runs that learn nothing are spared.
        from splink.internals.exceptions import EMTrainingException

        options = render_splink_settings(
            self.spec, self.backend.dialect, linking=len(self.sides) > 1, frequencies=False, u=u, prior=prior
        )
        for most in rounds:
            with self.backend.linker(blocked.sides, {**options, "max_iterations": most}) as linker:
                try:
                    session = linker.training.estimate_parameters_using_expectation_maximisation(
                        render_block(rule), estimate_without_term_frequencies=True
                    )
                except EMTrainingException:
                    return f"{rule}: no pairs"
                except ValueError:
                    continue
                purity = float(session.core_model_settings.probability_two_random_records_match)
                return self._trusted(
                    rule, blocked, Run(str(rule), _rates(linker, "m_probability"), purity * blocked.pairs, purity)
                )
        return f"{rule}: no estimate that converges"

    def _trusted(self, rule: Block, blocked: Blocked, run: Run) -> Run | str:
        """The run, unless it takes more pairs for matches than there can be: in a register a record has one match at most."""
        most = blocked.records * MORE_THAN_ONE
        if self.spec.reference and run.matches > most:
            return f"{rule}: takes {run.matches:,.0f} pairs of {blocked.records:,} records for matches"
        return run


def _stated_share(comparison: Comparison, sides: Sides) -> float:
    """The part of the records that state a comparison, on the side where fewer do."""
    groups = (pl.all_horizontal(*(pl.col(column).is_not_null() for column in group)) for group in comparison.stated)
    stated = pl.any_horizontal(*groups).mean()
    return min(float(side.select(stated).item() or 0) for side in sides)


ASSUMED_MATCHES = 0.1
FEWEST_COMPARISONS = 2
STATED_SHARE = 0.5
MORE_THAN_ONE = 1.1
"""By so much the expected matches of a block may exceed its records: registers hold a few people twice."""


@dataclass(frozen=True)
class Maximised:
    """What blocks have learned, which learned nothing and why, and the heaps that were left out."""

    runs: list[Run]
    skipped: list[str]
    heaps: list[str]

    def rates(self, spec: Spec) -> dict[str, list[float | None]]:
        """m of each outcome, as the blocks say together."""
        return {
            one.name: [combine_estimates(one, at, self.runs)[0] for at in range(len(one.outcomes))]
            for one in spec.comparisons
        }


def _rates(linker: "Linker", of: str) -> Rates:
    comparisons = linker.misc.save_model_to_json()["comparisons"]
    return {
        comparison["output_column_name"]: [
            level.get(of) for level in comparison["comparison_levels"] if not level.get("is_null_level")
        ]
        for comparison in comparisons
    }


def _without_matches(u_hat: Rates, m: Rates, prior: float, pairs: int) -> Rates:
    """u of pairs that do not match. Among random pairs some match, as many as the prior says: an identifier that nearly only
    matches share would otherwise seem to be shared by chance as often as there are matches."""
    least = 0.5 / pairs

    def corrected(rate: float | None, match: float | None) -> float | None:
        return rate if rate is None or match is None else max((rate - prior * match) / (1 - prior), least)

    return {name: [corrected(rate, match) for rate, match in zip(u_hat[name], m[name], strict=True)] for name in u_hat}


def count_frequencies(spec: Spec, sides: Sides) -> Mapping[str, Frequencies]:
    """How often values stand in the columns whose frequencies count, of prepared records; in a register alone, if there is one."""
    counted = sides[-1:] if spec.reference else sides
    made = {}
    for column in spec.frequencies:
        values = pl.concat([side[column] for side in counted]).drop_nulls()
        table = values.value_counts(name="n").filter(pl.col("n") > 1).sort(column)
        shares = {value: round_kept_digits(n / len(values)) for value, n in table.iter_rows()}
        made[column] = Frequencies(round_kept_digits(1 / max(len(values), 1)), shares)
    return made
