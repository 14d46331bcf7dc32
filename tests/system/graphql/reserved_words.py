"""A vocabulary whose tables and columns are reserved words of SQL, beside the usual one."""

from schema.citizen import Citizen
from schema.core import Label, field, key, linked, record, reference, subject
from schema.parties import PartyAsRecorded
from schema.values import Day, LocalCode, PersonName, Vnd


@subject(sector="land", label=Label("Người dùng", "User"), standard="-")
class User:
    """A subject whose table is called `user`."""

    select: LocalCode = key("Its code.", search=True)
    analyze: PersonName = field("Its name.", filter=True, order=True, search=True)


@record(sector="land", label=Label("Lệnh", "Order"), standard="-")
class Order:
    """A record whose table is called `order`."""

    end: LocalCode = key("Its code.")
    table: LocalCode | None = key("Another code.")
    order: PersonName | None = field("Its name.", filter=True, order=True)
    limit: Vnd | None = field("An amount.", filter=True, order=True)
    when: Day | None = field("A day.", filter=True)
    group: User | None = reference("select", "The user.")
    user: Citizen = linked(PartyAsRecorded, "The person.", unique_within=("end",))
