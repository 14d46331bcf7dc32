"""`hub link quality` and `hub link thresholds`: how right links are without a truth, and thresholds raised for it."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from hub.cli.linking.link_evaluate import show_false_links
from hub.cli.linking.review import Reason, Reviewer, name_reviewer, open_connection
from hub.cli.options import Json
from hub.cli.terminal import ERR, OUT, show_json, show_table
from hub.errors import HubMisconfigured
from hub.link.evaluate.falses import label_into as add_labels
from hub.link.quality import page
from hub.link.quality.estimate import Recall, ShareEstimate, answers_for_margin
from hub.link.quality.read import read_quality
from hub.link.quality.report import Quality
from hub.link.quality.thresholds import Raise, list_raises, undo_raise
from hub.settings import load_settings

thresholds = cyclopts.App(
    name="thresholds", help="List and lower thresholds that were raised because links fell short of the target."
)


def quality_command(
    *,
    out: Path | None = None,
    label_into: Annotated[Path | None, Parameter(name="--label-into")] = None,
    margin: float = 0.01,
    json: Json = False,
) -> None:
    """Estimate the precision of links from reviewers' answers, without a truth file: by field and band, with intervals.

    Parameters
    ----------
    out
        Folder for a page with charts, the charts alone, the figures, and the list of false links.
    label_into
        File of labelled pairs, JSON lines, to which the false links that reviewers found are added.
    margin
        Half-width of the interval for which the answers still needed are told, e.g. 0.01.
    """
    if not 0 < margin < 1:
        raise HubMisconfigured("the margin is not between 0 and 1", next_step="give a share, e.g. --margin 0.01")
    with open_connection() as connection:
        found = read_quality(connection, load_settings(), margin=margin)
    kept = [link for link in found.false_links if all(link.record)]
    labelled = add_labels(label_into, kept) if label_into else None
    written = page.write_report(out, found) if out else ()
    if json:
        show_json({**found.document(), "false": [link.document() for link in found.false_links], "labelled": labelled})
    else:
        show_quality(found)
    for path in written[:1]:
        ERR.print(f"charts, tables and false links: {path}")
    if labelled is not None:
        ERR.print(f"{labelled} new labelled pairs in {label_into}")


@thresholds.default
def list_thresholds(*, all: bool = False, json: Json = False) -> None:
    """List raised thresholds, newest first.

    Parameters
    ----------
    all
        Those that were undone, too.
    """
    with open_connection() as connection:
        found = list_raises(connection, every=all)
    show_json([one.document() for one in found]) if json else _show_raises(found)


@thresholds.command(name="undo")
def undo_command(number: int, *, reason: Reason, reviewer: Reviewer = None, json: Json = False) -> None:
    """Lower a raised threshold again. The next `hub link` applies it.

    Parameters
    ----------
    number
        The number of the raise.
    """
    with open_connection() as connection:
        found = undo_raise(connection, number, by=name_reviewer(reviewer), reason=reason)
    if json:
        show_json(found.document())
        return
    OUT.print(f"threshold {found.id} of {found.field} is undone; the next `hub link` applies it to every record")


def show_quality(found: Quality) -> None:
    """Print the estimates, progress, thresholds, and false links by ids; and what to do if there are none yet."""
    if not any(one.links for one in found.strata):
        OUT.print("no link is accepted so far, so there is nothing to judge: run `hub link`")
        return
    _show_strata(found)
    show_table("By band", ("", "share right"), [(name, _format_estimate(one)) for name, one in found.by_band.items()])
    _show_fields(found)
    if found.raises:
        _show_raises(found.raises)
    show_false_links(found.false_links)
    agreed = found.sample_agreement
    if agreed.pairs:
        kappa = "" if agreed.kappa is None else f", kappa {agreed.kappa:.2f}"
        OUT.print(f"reviewers agree on {agreed.agreed:,} of {agreed.pairs:,} questions with two opinions{kappa}")
    OUT.print(
        f"sample: {found.drawn_this_month:,} of at most {found.monthly:,} drawn this month, {found.waiting:,} wait for an answer;"
        f" 'more needed' is for ±{found.margin:g}"
    )
    OUT.print(
        f"all accepted links: {_format_estimate(found.overall) or 'no answer so far'}; target {found.target:g}: {found.verdict.lower()}"
    )
    if not found.overall and found.waiting:
        OUT.print("reviewers answer the waiting questions with `hub review question`, or on the console's review page")


def _show_strata(found: Quality) -> None:
    columns = (
        "field",
        "band",
        "links",
        "drawn",
        "right",
        "wrong",
        "unsettled",
        "waiting",
        "share right",
        "target",
        "more needed",
    )
    rows = [
        (
            one.field, one.band, one.links, one.drawn, one.right, one.wrong, one.unsettled, one.waiting, _format_estimate(one.estimate),
            "" if not one.accepted else one.verdict(found.band_target).lower() if one.links else "closed",
            answers_for_margin(found.margin, one.counted),
        )
        for one in found.strata
    ]  # fmt: skip
    show_table("By linked field and band", columns, rows, numbers=(*columns[2:8], columns[-1]))


def _show_fields(found: Quality) -> None:
    columns = ("field", "stated", "linked", "nothing found", "precision", "recall", "discrepant")
    rows = [
        (
            name, counts.stated, counts.accepted, counts.unlinked, _format_estimate(found.by_field.get(name)),
            _bounds(found.recalls[name]), counts.discrepant,
        )
        for name, counts in found.fields.items()
        if counts.stated
    ]  # fmt: skip
    show_table("By linked field", columns, rows, numbers=columns[1:])


def _show_raises(raises: Sequence[Raise]) -> None:
    columns = ("number", "field", "band", "accepted from", "raised", "by", "reason", "undone")
    rows = [
        (
            str(one.id), one.field, one.band, "never" if math.isinf(one.weight) else f"{one.weight:+.2f} bits",
            f"{one.raised_at:%Y-%m-%d}", one.raised_by, one.reason, one.undone_at and f"{one.undone_at:%Y-%m-%d} by {one.undone_by}",
        )
        for one in raises
    ]  # fmt: skip
    show_table("Raised thresholds", columns, rows)


def _format_estimate(one: ShareEstimate | None) -> str:
    """The share with its interval; the part of links that it speaks for, if that is not all."""
    if one is None:
        return ""
    part = "" if one.covered == 1 else f", of {one.covered:.0%} of links"
    return f"{one.share:.4f} ({one.low:.4f}–{one.high:.4f}{part})"


def _bounds(found: Recall | None) -> str:
    return "" if found is None else f"{found.least:.3f}–{found.most:.3f}"
