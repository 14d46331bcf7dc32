"""The way from a person to a row several links away, on the demonstration's store: only by links that may be told, only where read."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from hub.link.review.record_chain import ReadableFields, find_chain
from hub.model.registry import load_registry

TABLES = frozenset({"land_use_right_holder", "land_use_right_parcel", "encumbrance_parcel"})
PARCEL = ReadableFields({"Parcel": {"encumbrances": ReadableFields({})}})
READ = ReadableFields({"Citizen": {"landUseRights": ReadableFields({"LandUseRight": {"parcel": PARCEL}})}})
MORTGAGED = """
select h.subject_id, e.record_id from link.encumbrance_parcel e
join link.land_use_right_parcel p on p.subject_id = e.subject_id
join link.land_use_right_holder h on h.record_id = p.record_id and h.subject_kind = 'Citizen'
where 'UNCONFIRMED' not in (e.status, p.status, h.status) order by 2, 1 limit 1"""


@pytest.fixture
def connection(province_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(province_url) as opened:
        yield opened


def follow(connection: psycopg.Connection[Any], fields: ReadableFields, tables: frozenset[str]) -> list[str]:
    """Tables of the links on the way from the holder of a mortgaged parcel to the mortgage."""
    holder, mortgage = connection.execute(MORTGAGED).fetchone() or (None, None)
    assert holder is not None
    steps = find_chain(connection, load_registry(), ("Encumbrance", mortgage), [(("Citizen", holder), fields)], tables)
    return [step.link.field for step in steps if step.link is not None]


def test_the_links_are_told_in_the_order_of_the_way(connection: psycopg.Connection[Any]) -> None:
    assert follow(connection, READ, TABLES) == ["land_use_right_holder", "land_use_right_parcel", "encumbrance_parcel"]


@pytest.mark.parametrize("hidden", sorted(TABLES))
def test_no_way_leads_over_a_link_that_may_not_be_told(connection: psycopg.Connection[Any], hidden: str) -> None:
    assert follow(connection, READ, TABLES - {hidden}) == []


@pytest.mark.parametrize(
    "fields",
    [
        ReadableFields({}),
        ReadableFields({"Citizen": {"landUseRights": ReadableFields({})}}),
        ReadableFields({"Citizen": {"landUseRights": ReadableFields({"LandUseRight": {"holder": PARCEL}})}}),
    ],
    ids=["nothing", "rights", "holders"],
)
def test_no_way_leads_over_a_field_that_is_not_read(
    connection: psycopg.Connection[Any], fields: ReadableFields
) -> None:
    assert follow(connection, fields, TABLES) == []
