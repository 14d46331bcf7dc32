"""Standing: what sure links of some records say of the subjects of others. Those fields are linked before all others.

A household says who lives together, a certificate who holds a parcel, a register of roles who stands for a business. What is so
known of a subject is evidence where another record means it. Likeness is no evidence for likeness: of people only what
a rule or a person has joined counts. Temporary tables, made anew when the fields they rest on have been linked.
"""

from collections.abc import Collection
from datetime import datetime

from hub.link.field import Field
from hub.link.profile import load_profile
from hub.link.workspace import LinkWorkspace


def create_known_subjects(workspace: LinkWorkspace, fields: Collection[str]) -> None:
    """Make the tables anew, by the links that these fields have now."""
    for standing in load_profile().standings:
        if standing.field in fields:
            workspace.create(standing.table, standing.select, index="found_id", analyze=True, replace=True)


def update_known_subjects(workspace: LinkWorkspace, field: Field, at: datetime) -> None:
    """Bring the tables up to the links of a field that changed at an instant: to make them anew takes as long as there are links."""
    for standing in load_profile().standings:
        if standing.field != field.name:
            continue
        subjects = standing.subjects.format(links=select_links_changed(field))
        found = workspace.connection.execute(f"select distinct id from (select {subjects}) s", {"at": at}).fetchall()
        # As an array in the text, so that the planner looks the subjects up: it reads all links if they are a select.
        chosen = f"found_id = any ('{{{', '.join(str(subject) for (subject,) in found)}}}'::bigint[])"
        workspace.execute(
            f"delete from {standing.table} where {chosen}",
            f"insert into {standing.table} (found_id, {standing.value})"
            f" select found_id, {standing.value} from ({standing.select}) s where {chosen}",
        )


def select_links_changed(field: Field) -> str:
    """Select, in brackets, of the rows of a field's link table that came or went at %(at)s."""
    return (
        f"(select record_id, found_id from link.{field.table} where sys_from = %(at)s"
        f" union select record_id, found_id from link_history.{field.table} where sys_to = %(at)s)"
    )
