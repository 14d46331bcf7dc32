"""One question of the review queue in the terminal: values side by side, and weights as a waterfall."""

from collections.abc import Sequence

from hub.cli.shown_values import ShownValues
from hub.cli.terminal import OUT, show_table
from hub.link.decisions.verdicts import Decision
from hub.link.review.item import Candidate, Item
from hub.link.review.weight_steps import Step
from hub.link.rules.vetoes import REASONS, VETO
from schema.core import Label

WIDTH = 40
"""Columns of a waterfall."""


def list_shown(item: Item) -> ShownValues:
    """What the ledger says a question showed: the fields, and the people who stand beside the record."""
    fields = (f"{item.entity}.{name}" for name in (*item.facts, *item.recorded))
    people = [(item.entity, item.record_id), *((one.kind, one.subject_id) for one in item.candidates)]
    return ShownValues(tuple(fields), tuple(people))


def show_item(item: Item) -> None:
    """Print a question with its values, which are personal data."""
    read = ", ".join(item.procedures) or "no procedure"
    OUT.print(f"{item.field} of {item.entity} {item.record_id}; read by {read}")
    if item.facts:
        facts = [(name, _plain(value)) for name, value in item.facts.items() if value is not None]
        show_table(f"{item.entity} {item.record_id}", ("", ""), facts)
    for candidate in item.candidates:
        _show_candidate(candidate)
    if not item.candidates:
        show_table("As recorded", ("", ""), [(name, _plain(value)) for name, value in item.recorded.items()])
    for decision in item.decisions:
        OUT.print(describe_decision(decision))


def describe_decision(decision: Decision) -> str:
    """A decision in one line."""
    undone = f"; undone by {decision.undone_by}: {decision.undone_reason}" if decision.undone_at else ""
    second = f" as second opinion on {decision.second_of}" if decision.second_of else ""
    pair = f"{decision.record_id} and {decision.subject_id}"
    said = f"decision {decision.id}{second}: {pair} {decision.verdict}, {decision.decided_at:%Y-%m-%d %H:%M}"
    return f"{said} by {decision.reviewer}: {decision.reason}{undone}"


def waterfall_rows(steps: Sequence[Step], width: int = WIDTH) -> list[tuple[str, str, str, str, str]]:
    """Comparison, outcome, bits, sum, and a bar from the sum before to the sum after; without a bar if there are no sums."""
    totals = [step.total for step in steps if step.total is not None]
    low, high = min(0.0, *totals, 0.0), max(0.0, *totals, 0.0)
    rows, before = [], 0.0
    for step in steps:
        bits = "" if step.bits is None else f"{step.bits:+.2f}"
        total = "" if step.total is None else f"{step.total:+.2f}"
        bar = "" if step.total is None else _bar(before, step.total, (low, high), width)
        before = step.total or 0.0
        rows.append((step.comparison, step.outcome, bits, total, bar))
    return rows


def _bar(start: float, end: float, scale: tuple[float, float], width: int) -> str:
    low, high = scale
    per_bit = width / ((high - low) or 1.0)
    zero, left, right = (round((at - low) * per_bit) for at in (0.0, min(start, end), max(start, end)))
    blocks = "█" * (right - left)
    line = list(" " * left + blocks + " " * (width - right) + " ")
    if line[zero] == " ":
        line[zero] = "│"
    colour = "green" if end >= start else "red"
    text = "".join(line).rstrip()
    return text.replace(blocks, f"[{colour}]{blocks}[/]") if blocks else text


def _show_candidate(candidate: Candidate) -> None:
    stands = "" if candidate.subject_id == candidate.found_id else f", stands for {candidate.subject_id}"
    weight = "" if candidate.weight is None else f", {candidate.weight:+.2f} bits"
    method = f", {candidate.status} by {candidate.method}" if candidate.method else ""
    compared = [(c.name, _plain(c.recorded), _plain(c.held)) for c in candidate.compared if c.recorded or c.held]
    show_table(
        f"{candidate.kind} {candidate.found_id}{stands}{method}{weight}", ("", "as recorded", "as held"), compared
    )
    if candidate.waterfall:
        rows = [(_plain(a), _plain(b), *rest) for a, b, *rest in waterfall_rows(candidate.waterfall)]
        show_table("Weight", ("comparison", "outcome", "bits", "sum", ""), rows, numbers=("bits", "sum"))
    for reason in veto_reasons(candidate.waterfall):
        OUT.print(f"[bold red]{reason.vi}[/] ({reason.en})")


def veto_reasons(steps: Sequence[Step]) -> list[Label]:
    """Why a candidate may not be joined by a run."""
    return [REASONS[step.outcome] for step in steps if step.comparison == VETO and step.outcome in REASONS]


def _plain(value: str | None) -> str:
    """A value as text, and not as a number with separators; empty if there is none."""
    return "" if value is None else value
