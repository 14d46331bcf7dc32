"""Standing: what sure links of some records say of the subjects of others. Those fields are linked before all others.

A household says who lives together, a certificate who holds a parcel, a register of roles who stands for a business. What is so
known of a subject is evidence where another record means it. Likeness is no evidence for likeness: of people only what
a rule or a person has joined counts. Temporary tables, made anew when the fields they rest on have been linked.
"""

from collections.abc import Collection, Iterator

from hub.link.profile import load_profile


def render_known_subjects(fields: Collection[str]) -> Iterator[str]:
    """Statements that make the temporary tables, by the links that these fields have now."""
    for standing in load_profile().standings:
        if standing.field not in fields:
            continue
        yield f"drop table if exists {standing.table}"
        yield f"create temporary table {standing.table} as {standing.select}"
        yield f"create index on {standing.table} (found_id)"
        yield f"analyze {standing.table}"
