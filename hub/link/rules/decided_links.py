"""SQL of what people have decided of links, which a run never changes: links they made, pairs they refused, rows they merged."""

from hub.link.field import Field

BY_RUN = "starts_with({l}.decided_by, 'run:')"
"""Links of earlier runs. What a person has decided is not a run's to change."""


def render_refused(field: Field, row: str, found: str) -> str:
    """Whether a person has said that this pair is not the same: of the found row, or of another that is one subject with it."""
    return (
        f"exists (select from link.decision d where d.field = '{field.name}' and d.record_id = {row}.record_id"
        " and d.verdict = 'DIFFERENT' and d.undone_at is null and d.second_of is null"
        f" and {render_heir('d.subject_id')} = {render_heir(found)})"
    )


def render_heir(row: str) -> str:
    """What a row of a register stands for: itself, or the oldest of those that it was merged with."""
    return f"coalesce((select h.heir_id from link.heir h where h.subject_id = {row}), {row})"


def render_decided(field: Field, record: str) -> str:
    """Whether a person has said what this record is."""
    by_person = f"not {BY_RUN.format(l='l')}"
    return f"exists (select from link.{field.table} l where l.record_id = {record} and {by_person})"
