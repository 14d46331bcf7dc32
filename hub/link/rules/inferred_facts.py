"""Standing: what sure links of some records say of the subjects of others. Those fields are linked before all others.

A household says who lives together, a certificate who holds a parcel, a register of roles who stands for a business. What is so
known of a subject is evidence where another record means it. Likeness is no evidence for likeness: of people only what
a rule or a person has joined counts. Temporary tables, made anew when the fields they rest on have been linked.
"""

from collections.abc import Collection

from hub.link.profile import load_profile
from hub.link.workspace import LinkWorkspace


def create_known_subjects(workspace: LinkWorkspace, fields: Collection[str]) -> None:
    """Make the tables anew, by the links that these fields have now."""
    for standing in load_profile().standings:
        if standing.field in fields:
            workspace.create(standing.table, standing.select, index="found_id", analyze=True, replace=True)
