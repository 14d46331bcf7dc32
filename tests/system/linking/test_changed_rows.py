"""Which rows changed since linking last looked: only entities of which some row did are compared row by row."""

from collections.abc import Iterator
from typing import Any

import pytest

from hub.link.run import changed
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from tests.system.linking.links import Links

ENTITIES = ("Citizen", "Parcel", "TaxObligation")


@pytest.fixture
def links(database_url: str) -> Iterator[Links]:
    made = make_engine(database_url)
    migrate_store(made)
    store = Links(made)
    store.do("delete from link.considered")
    yield store
    store.do("delete from link.considered")
    made.dispose()


def look(links: Links) -> None:
    """Take in all that there is, as a finished run does."""
    links.do("delete from link.considered")
    for entity, table in (("Citizen", "citizen"), ("Parcel", "parcel"), ("TaxObligation", "tax_obligation")):
        links.do(
            f"insert into link.considered (record_id, entity, sys_from) select id, '{entity}', sys_from from data.{table}"
        )


def find_changed(links: Links) -> tuple[set[str], set[tuple[Any, ...]]]:
    """The entities that are compared, and id and entity of the rows that changed, with whether they are there."""
    with links.connection() as connection:
        known, stored = changed.digest_known(connection), changed.digest_stored(connection, ENTITIES)
        moved = {name for name in known.keys() | stored.keys() if known.get(name) != stored.get(name)}
        rows = connection.execute(changed.select_changed_rows(ENTITIES, moved)).fetchall()
    return moved, {(row, entity, version is not None) for row, entity, version in rows}


def test_rows_that_are_new_changed_or_gone_are_found_and_entities_without_any_are_left_out(links: Links) -> None:
    an, binh, chi = (links.citizen(f"02208000{number:04d}") for number in range(3))
    parcel, debt = links.parcel("06664@..", "1:1"), links.debt(name="Nguyễn Văn An")
    look(links)
    assert find_changed(links) == (set(), set())
    links.do("update data.citizen set sys_from = sys_from + interval '1 microsecond' where id = :id", id=an)
    links.do("delete from data.citizen where id = :id", id=binh)
    dung = links.citizen("022080000009")
    assert find_changed(links) == ({"Citizen"}, {(an, "Citizen", True), (binh, "Citizen", False), (dung, "Citizen", True)})  # fmt: skip
    look(links)
    links.do("delete from data.parcel where id = :id", id=parcel)
    links.do("update link.considered set sys_from = '-infinity' where record_id = :id", id=debt)
    assert find_changed(links) == ({"Parcel", "TaxObligation"}, {(parcel, "Parcel", False), (debt, "TaxObligation", True)})  # fmt: skip
    links.do("delete from data.citizen where id = any(:ids)", ids=[an, chi, dung])
    links.do("delete from data.tax_obligation where id = :id", id=debt)


def test_rows_that_exchanged_their_versions_have_changed(links: Links) -> None:
    an, binh = links.citizen("022080000001"), links.citizen("022080000002")
    look(links)
    links.do(
        "update data.citizen t set sys_from = o.sys_from from data.citizen o where o.id <> t.id and o.id = any(:ids) and t.id = any(:ids)",
        ids=[an, binh],
    )
    assert find_changed(links)[1] == {(an, "Citizen", True), (binh, "Citizen", True)}
    links.do("delete from data.citizen where id = any(:ids)", ids=[an, binh])


def test_rows_of_an_entity_that_is_linked_no_longer_are_gone(links: Links) -> None:
    links.do("insert into link.considered (record_id, entity, sys_from) values (-1, 'Ferry', now())")
    assert find_changed(links) == ({"Ferry"}, {(-1, "Ferry", False)})
