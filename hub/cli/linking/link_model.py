"""`hub link model`: which models there are, what one has learned and from what, and how two differ."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter

from hub.cli.options import Json
from hub.cli.store import open_store_to_read
from hub.cli.terminal import OUT, mark_text, show_json, show_table
from hub.errors import OperationRefused
from hub.link.likeness.trained import Version, list_model_versions, read_model
from hub.link.model.frozen import Learned, Model
from hub.link.model.party import PARTY
from hub.link.model.training.acceptance import CheckVerdict, ModelCheck
from hub.settings import load_settings
from hub.store.connections.connection import StoreConnection

app = cyclopts.App(name="model")
app.command(
    "hub.cli.linking.start_model:build_start",
    name="build-start",
    help="Build the start model from the demonstration's province, as it is shipped with the program. Needs no store.",
)
MORE_THAN = 1.0
"""Bits by which an outcome differs between two models for a person to look at it."""
COLOURS = {
    CheckVerdict.PASSED: "green",
    CheckVerdict.NOTED: "yellow",
    CheckVerdict.FAILED: "bold red",
    CheckVerdict.UNKNOWN: "dim",
}
Version_ = Annotated[int | None, Parameter(help="Version of the model; the active one if not given.")]


@app.command(name="list")
def list_command(*, json: Json = False) -> None:
    """List the versions, the newest first."""
    with open_store_to_read(load_settings()) as store, StoreConnection.connect(store.url) as connection:
        known = list_model_versions(connection, PARTY.name)
    if json:
        show_json([asdict(one) for one in known])
        return
    columns = ("model", "trained", "origin", "verdict", "in use", "parties", "matches", "failed checks")
    rows = [
        (
            one.method,
            f"{one.trained_at:%Y-%m-%d %H:%M}",
            one.origin,
            one.verdict,
            "yes" if one.active else "",
            one.trained_on.get("left"),
            round(one.trained_on.get("matches", 0)),
            ", ".join(check.name for check in one.failed),
        )
        for one in known
    ]
    show_table("Linking models", columns, rows, numbers=("parties", "matches"))


@app.command(name="show")
def show_command(version: Version_ = None, /, *, json: Json = False) -> None:
    """Show what a model says: each outcome with m, u and bits, the blocks that taught it, what moved it, and its checks."""
    stored, model = _read(version)
    if json:
        show_json({**asdict(stored), "prior": model.prior, "rates": [asdict(one) for one in _rows(model)]})
        return
    _show_facts(stored, model)
    rows = [
        (
            one.comparison if one.first else "",
            one.outcome,
            f"{one.m:.4g}",
            f"{one.u:.3g}",
            f"{one.bits:+.1f}",
            ", ".join(one.limits),
            _taught(one.estimates),
        )
        for one in _rows(model)
    ]
    show_table(
        "Rates",
        ("comparison", "outcome", "m", "u", "bits", "moved by", "learned over"),
        rows,
        numbers=("m", "u", "bits"),
    )
    show_checks(stored.checks)


@app.command(name="compare")
def compare_command(first: int, second: int, /, *, json: Json = False) -> None:
    """Compare two versions: bits by outcome, and which differ by more than a bit.

    Parameters
    ----------
    first
        Version of a model.
    second
        Version of another.
    """
    (one, left), (other, right) = _read(first), _read(second)
    compared = list(_compare_outcomes(left, right))
    if json:
        show_json([asdict(each) for each in compared])
        return
    rows = [
        (
            each.comparison,
            each.outcome,
            _bits(each.first),
            _bits(each.second),
            _bits(each.difference),
            "differs" if each.differs else "",
        )
        for each in compared
    ]
    columns = ("comparison", "outcome", one.method, other.method, "difference", "")
    show_table("Bits by outcome", columns, rows, numbers=columns[2:5])
    OUT.print(f"{sum(each.differs for each in compared)} of {len(compared)} differ by more than {MORE_THAN:g} bit.")


def show_checks(checks: tuple[ModelCheck, ...]) -> None:
    """Print checks, each with its verdict in its colour."""
    for one in checks:
        OUT.print(
            mark_text(COLOURS[one.verdict], f"{one.verdict:8}", f" {one.name}: {one.found}; wanted: {one.wanted}")
        )
    if not checks:
        OUT.print("No checks: the model is older than they are.")


@dataclass(frozen=True)
class OutcomeRate:
    """One outcome of a model, for a person or a machine. `first` is that of its comparison."""

    comparison: str
    outcome: str
    m: float
    u: float
    bits: float
    limits: tuple[str, ...]
    estimates: tuple[Any, ...]
    first: bool


@dataclass(frozen=True)
class OutcomeComparison:
    """Bits of one outcome in two models; None if one does not have it."""

    comparison: str
    outcome: str
    first: float | None
    second: float | None

    @property
    def difference(self) -> float | None:
        """Bits of the second less those of the first."""
        return None if self.first is None or self.second is None else self.second - self.first

    @property
    def differs(self) -> bool:
        """Whether a person should look at it."""
        return self.difference is None or abs(self.difference) > MORE_THAN


def _read(version: int | None) -> tuple[Version, Model]:
    with open_store_to_read(load_settings()) as store, StoreConnection.connect(store.url) as connection:
        found = read_model(connection, PARTY.name, version)
        stored = next((one for one in list_model_versions(connection, PARTY.name) if one.id == found.id), None)
    if stored is None:
        raise OperationRefused(
            f"version {version} is not one of the newest versions", next_step="see `hub link model list`"
        )
    return stored, found.model


def _rows(model: Model) -> Iterator[OutcomeRate]:
    for name, rates in model.learned.items():
        for at, rate in enumerate(rates):
            yield OutcomeRate(name, rate.outcome, rate.m, rate.u, rate.bits, rate.limits, rate.estimates, not at)


def _compare_outcomes(first: Model, second: Model) -> Iterator[OutcomeComparison]:
    yield OutcomeComparison("prior", "any pair", round(first.prior_bits, 3), round(second.prior_bits, 3))
    left, right = _by_outcome(first), _by_outcome(second)
    for key in dict.fromkeys((*left, *right)):
        yield OutcomeComparison(
            *key, *(None if key not in side else round(side[key].bits, 3) for side in (left, right))
        )


def _by_outcome(model: Model) -> dict[tuple[str, str], Learned]:
    return {(name, rate.outcome): rate for name, rates in model.learned.items() for rate in rates}


def _bits(value: float | None) -> str:
    return "" if value is None else f"{value:+.1f}"


def _taught(estimates: tuple[Any, ...]) -> str:
    return "; ".join(
        f"{one.block}: {one.m:.3g} of {one.matches:,.0f}{'' if one.used else ' (not used)'}" for one in estimates
    )


def _show_facts(stored: Version, model: Model) -> None:
    on = model.trained_on
    used = "in use" if stored.active else "not in use"
    OUT.print(
        mark_text(
            "bold", stored.method, f" {stored.origin}, {stored.verdict}, {used}; {stored.trained_at:%Y-%m-%d %H:%M}"
        )
    )
    OUT.print(f"prior {model.prior:.3g} ({model.prior_bits:+.1f} bits); names of {len(model.frequencies)} columns")
    OUT.print(
        f"trained on {on.left:,} parties, {on.right:,} citizens, {on.matches:,.0f} expected matches, {on.pairs:,} random pairs"
    )
    for what, words in (("nothing learned over", on.skipped), ("left out of training", on.heaps)):
        for one in words:
            OUT.print(f"{what} {one}")
