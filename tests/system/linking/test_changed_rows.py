"""Which rows changed since linking last looked: only entities of which some row did are compared row by row."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hub.link.field import field_named
from hub.link.profile import load_profile
from hub.link.rules import sql
from hub.link.run import changed
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from schema.linking.declarations import Rule
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


PERSONAL, FORMER = "022080000001", "100000001"
DEBTORS: dict[str, dict[str, str]] = {
    "personal_identifier": {"kind": "PERSON", "identifier": "022 080 000001"},
    "the same as a tax code": {"kind": "PERSON", "identifier": "none", "tax_code": PERSONAL},
    "former_identifier": {"identifier": "100.000.001"},
    "household_head": {"kind": "HOUSEHOLD", "identifier": PERSONAL},
    "household_head_former": {"kind": "HOUSEHOLD", "identifier": FORMER},
    **{
        f"{rule}_repaired": {"kind": kind, "identifier": number}
        for kind, rules in (
            ("PERSON", ("personal_identifier", "former_identifier")),
            ("HOUSEHOLD", ("household_head", "household_head_former")),
        )
        for rule, number in zip(rules, (f"CCCD {PERSONAL[1:]}", FORMER.replace("0", "O", 1)), strict=True)
    },
    "household_business_tax_code": {"kind": "HOUSEHOLD_BUSINESS", "tax_code": "MST 8000000001-001"},
    "household_business_representative": {"kind": "HOUSEHOLD_BUSINESS", "tax_code": PERSONAL},
    "household_business_representative_former": {"kind": "HOUSEHOLD_BUSINESS", "identifier": FORMER},
    "business_name": {"kind": "HOUSEHOLD_BUSINESS", "name": "HỘ KINH DOANH  AN"},
    "enterprise_code": {"kind": "ENTERPRISE", "tax_code": "5700000001-002"},
    "nobody": {"kind": "PERSON", "name": "Nguyễn Văn An", "identifier": "022080000002", "tax_code": "8000000002"},
}
"""A record of each rule of parties that leads to a changed subject."""
RULES = [rule for rule in load_profile().rules if rule.family == "Party"]


@pytest.fixture
def debts(links: Links) -> Iterator[dict[int, str]]:
    """The records of DEBTORS, by id, beside a citizen, a household of hers and businesses of hers."""
    links.citizen(PERSONAL, former=FORMER)
    links.add("household", household_code="HK1", head_personal_id=PERSONAL)
    links.shop("22A1", "Hộ kinh doanh An", "8000000001")
    links.add("business", registration_number="22B1", legal_name="Công ty Bình", legal_form="JOINT_STOCK", status="ACTIVE", enterprise_code="5700000001")  # fmt: skip
    yield {links.debt(**party): name for name, party in DEBTORS.items()}
    for table in ("citizen", "household", "business", "tax_obligation"):
        links.do(f"delete from data.{table}")


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_the_values_that_a_rule_reaches_are_of_all_records_that_it_leads_to_a_changed_subject(
    links: Links, debts: dict[int, str], rule: Rule
) -> None:
    field = field_named("TaxObligation.debtor")
    with links.connection() as connection:
        for kind in ("citizen", "household", "business"):
            connection.execute(f"create temporary table version_of_{kind} as select * from data.{kind}")
        connection.execute(
            "create temporary table business_of as select c.id as person_id, b.id as found_id from data.citizen c, data.business b"
        )
        connection.execute(f"create temporary table reached_value as {sql.select_reached_values([rule])}")
        met, every = (
            {debts[record] for (record,) in connection.execute(sql.select_met_records(field, [asked])).fetchall()}
            for asked in (rule, replace(rule, reached=None))
        )
    assert rule.name in met
    assert met == every
