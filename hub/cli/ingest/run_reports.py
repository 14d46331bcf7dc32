"""What a person reads of runs that a command made."""

import dataclasses
from typing import TYPE_CHECKING

from hub.cli.terminal import ERR, mark_text, show_json, show_table
from hub.errors import SourceUnavailable

if TYPE_CHECKING:  # a run's imports take longer than `hub runs list` does
    from hub.ingest.run.connector_run import RunReport


def show_reports(reports: "list[RunReport]", *, json: bool) -> None:
    """Print what runs did. Raises SourceUnavailable if one failed, or read less than it should; one that was put off did not."""
    show_json([dataclasses.asdict(report) for report in reports]) if json else show_runs(reports)
    failed = [report for report in reports if report.status == "FAILED"]
    if failed:
        raise SourceUnavailable(
            f"{len(failed)} of {len(reports)} connectors failed: {', '.join(r.connector for r in failed)}",
            next_step="see the reasons above; the others are stored, so run `hub sync` again for these",
        )
    partial = [report.connector for report in reports if report.status == "PARTIAL"]
    if partial:
        raise SourceUnavailable(
            f"{len(partial)} of {len(reports)} connectors were read in part: {', '.join(partial)}",
            next_step="see the reasons above; what waits for a person is listed by `hub runs approvals`",
        )


def show_runs(reports: "list[RunReport]") -> None:
    """Print the rows read, their counts by outcome, then problems and drift."""
    columns = ("connector", "stream", "record", "read", "added", "changed", "unchanged", "deleted", "quarantined")
    rows = [
        (r.connector, c.stream, c.entity, c.read, c.added, c.changed, c.unchanged, c.deleted, c.quarantined)
        for r in reports
        for c in r.counts
    ]
    show_table("Sync", columns, rows, numbers=columns[3:])
    for report in reports:
        for problem in report.problems:
            ERR.print(mark_text("bold red", f"{report.connector}", f" {report.status}: {problem}"))
        for drift in report.drift:
            ERR.print(mark_text("bold yellow", "drift", f" {drift}"))
        for words in report.notes:
            ERR.print(mark_text("bold", "note", f" {words}"))
