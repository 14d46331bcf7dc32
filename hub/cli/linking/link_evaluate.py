"""`hub link evaluate`: links held against a truth, with charts and every false link."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hub.cli.options import Json
from hub.cli.store import open_store_to_read
from hub.cli.terminal import ERR, OUT, show_json, show_table
from hub.errors import HubMisconfigured
from hub.link.evaluate import page
from hub.link.evaluate.evaluation import Evaluation
from hub.link.evaluate.evaluation import evaluate_links as run_evaluation
from hub.link.evaluate.falses import FalseLink
from hub.link.evaluate.falses import label_into as add_labels
from hub.link.evaluate.measure import Proportion, Tally
from hub.settings import load_settings

MOST_SHOWN = 30


def evaluate_command(
    *,
    truth: Path,
    out: Path | None = None,
    label_into: Annotated[Path | None, Parameter(name="--label-into")] = None,
    show_values: bool = False,
    json: Json = False,
) -> None:
    """Compare links with a truth file: precision and recall by field, band, method and fault, and every false link.

    Parameters
    ----------
    truth
        Folder of truth files with their truth.toml.
    out
        Folder for a page with charts, the charts alone, the figures, and the list of false links.
    label_into
        File of labelled pairs, JSON lines, to which false links are added.
    show_values
        Show the recorded values beside each false link: personal data, on the screen only.
    """
    if show_values and out:
        raise HubMisconfigured(
            "values are shown on the screen only, never written to files", next_step="leave out --out or --show-values"
        )
    with open_store_to_read(load_settings()) as store:
        found = run_evaluation(store.engine, truth, values=show_values)
    labelled = add_labels(label_into, found.false_links) if label_into else None
    written = page.write_report(out, found) if out else ()
    if json:
        links = [link.document() for link in found.false_links]
        show_json({**found.document(), "false": links, "labelled": labelled})
    else:
        show_evaluation(found)
    for path in written[:1]:
        ERR.print(f"charts, tables and false links: {path}")
    if labelled is not None:
        ERR.print(f"{labelled} new labelled pairs in {label_into}")


COLUMNS = (
    "",
    "records",
    "right",
    "wrong",
    "in review",
    "astray",
    "missed",
    "nobody",
    "precision",
    "recall",
    "with review",
)


def show_evaluation(found: Evaluation) -> None:
    """Print the figures, then false links by ids."""
    for title, groups in (
        ("All", {"all": found.overall}), ("By linked field", found.by_field), ("By band", found.by_band), ("By method", found.by_method),
        ("By kind of subject", found.by_kind), ("By kind of dirt", found.by_dirt), ("Homonyms", {"homonyms": found.homonyms.tally}),
    ):  # fmt: skip
        show_table(title, COLUMNS, _rows(groups), numbers=COLUMNS[1:])
    OUT.print(f"homonyms joined without further evidence: {found.homonyms.bare:,}")
    for entity, one in found.merges.items():
        OUT.print(
            f"merges of {entity}: {one.real:,} real, {one.proposed:,} proposed, {one.right:,} of them right",
        )
    show_false_links(found.false_links)


def _rows(groups: Mapping[str, Tally]) -> list[tuple[object, ...]]:
    return [
        (
            label, one.records, one.right, one.wrong, one.offered, one.astray, one.missed, one.nobody,
            _format_rate(one.precision), _format_rate(one.recall), _format_rate(one.recall_with_review),
        )
        for label, one in groups.items()
    ]  # fmt: skip


def _format_rate(rate: Proportion) -> str:
    """The value with its interval."""
    if rate.value is None or rate.interval is None:
        return ""
    return f"{rate.value:.4f} ({rate.interval[0]:.4f}–{rate.interval[1]:.4f})"


def show_false_links(links: Sequence[FalseLink]) -> None:
    """Print false links by ids, with values if they were asked for."""
    columns = ("field", "record", "subject", "status", "method", "weight", "evidence", "reason")
    rows = [
        (
            link.field, str(link.record_id), str(link.found_id), link.status, link.method,
            None if link.weight is None else f"{link.weight:.1f}",
            ", ".join(f"{one['comparison']}: {one['outcome']}" for one in link.evidence or ()), link.reason,
        )
        for link in links[:MOST_SHOWN]
    ]  # fmt: skip
    if rows:
        show_table(f"False links ({len(links):,})", columns, rows)
    for link in links[:MOST_SHOWN]:
        if link.values is not None:
            OUT.print(f"{link.field} {link.record_id} → {link.found_id}: {link.values}")
    if len(links) > MOST_SHOWN:
        OUT.print(f"… and {len(links) - MOST_SHOWN:,} more; --out or --json has them all")
