"""Parcels through a merger of communes: all candidates of a record compete, and no evidence goes in a circle."""

from collections.abc import Iterator

import pytest

from hub.store.engine import make_engine
from schema.linking.parcels import HOLDERS
from tests.system.linking.links import Links

NUMBER, SUCCESSOR, PREDECESSOR = "parcel_number", "parcel_number_in_successor", "parcel_number_in_predecessor"
OLD, NEW, WRITTEN = "06664@..", "06652@2025-07-01", "06652@2026-01-01"
PARCELS, TAXES = "land_use_right_parcel", "tax_obligation_parcel"


@pytest.fixture
def links(database_url: str) -> Iterator[Links]:
    made = make_engine(database_url)
    built = Links(made)
    built.communes()
    yield built
    made.dispose()


@pytest.mark.parametrize(
    ("older", "newer", "stated", "meant"),
    [
        (240.0, 241.3, 240.0, "older"),  # exact beats near, under whichever code
        (241.3, 240.0, 240.0, "newer"),
        (240.0, 500.0, 241.0, "older"),  # near beats one that is excluded
        (240.0, 240.0, 240.0, None),  # a tie
        (240.0, 241.3, 240.7, None),  # both near
        (240.0, 260.0, 241.0, None),  # near does not beat similar: a new survey moves areas by a few percent
        (240.0, None, 241.0, None),  # nor one whose area nobody knows
        (240.0, None, 240.0, "older"),
        (240.0, 250.0, None, None),
    ],
)
def test_the_number_of_two_communes_is_decided_by_area_or_goes_to_review(
    links: Links, older: float | None, newer: float | None, stated: float | None, meant: str | None
) -> None:
    place = {"older": links.parcel(OLD, "8:8", area=older), "newer": links.parcel(NEW, "8:8", area=newer)}
    method = {"older": PREDECESSOR, "newer": NUMBER}
    right = links.right(f"{WRITTEN}:8:8", area=stated)
    links.run("LandUseRight.parcel")
    if meant:
        assert links.of(right, PARCELS) == [(place[meant], "PROBABLE", method[meant])]
    else:
        assert [status for _, status, _ in links.of(right, PARCELS)] == ["UNCONFIRMED"] * 2


def test_an_exact_area_under_the_former_commune_takes_the_tax_along(links: Links) -> None:
    older, newer = links.parcel(OLD, "8:8", area=240.0), links.parcel(NEW, "8:8", area=241.3)
    right = links.right(f"{WRITTEN}:8:8", area=240.0, holder_name="Nguyễn Văn An")
    tax = links.land_tax(f"{WRITTEN}:8:8", "Nguyễn Văn An")
    links.run("LandUseRight.parcel", "TaxObligation.parcel")
    assert newer not in [found for found, *_ in links.of(right, PARCELS)]
    assert links.of(tax, TAXES) == [(older, "PROBABLE", PREDECESSOR)]


def test_a_holder_of_both_parcels_decides_for_neither(links: Links) -> None:
    for unit, marked in ((OLD, "w7er4n8p2q1a"), (NEW, "w7er4n8p2q1b")):
        links.parcel(unit, "8:8", marked)
        links.right(None, marked, holder_name="Nguyễn Văn An")
    tax = links.land_tax(f"{WRITTEN}:8:8", "Nguyễn Văn An")
    links.run("LandUseRight.parcel", "TaxObligation.parcel")
    assert [status for _, status, _ in links.of(tax, TAXES)] == ["UNCONFIRMED"] * 2


def test_a_right_that_rests_on_a_holder_is_no_evidence_for_a_holder(links: Links) -> None:
    """Rights state no holder of a parcel today; a link that once rested on one must not speak for the next."""
    links.parcel(NEW, "2:2", "w7er4n8p2q1z")
    right = links.right(None, "w7er4n8p2q1z", holder_name="Nguyễn Văn An")
    links.run("LandUseRight.parcel")
    links.do(
        f"update link.{PARCELS} set evidence = jsonb_build_array(jsonb_build_object('comparison', 'holder', 'outcome', 'agrees'))"
        " where record_id = :right",
        right=right,
    )
    assert links.rows(HOLDERS.select) == []


def test_the_very_number_with_another_area_goes_to_review(links: Links) -> None:
    """Parcels were renumbered: one with the former number of another has neither its area nor its holder."""
    other = links.parcel(OLD, "1:1", area=900.0)
    right = links.right("06664@2019-01-01:1:1", area=110.0)
    links.run("LandUseRight.parcel")
    assert links.of(right, PARCELS) == [(other, "UNCONFIRMED", NUMBER)]


def test_the_very_number_leads_a_successor_with_the_same_sheet(links: Links) -> None:
    own = links.parcel(OLD, "1:1", area=110.0)
    links.parcel(NEW, "1:1", area=111.0)
    right, bare = links.right("06664@2019-01-01:1:1", area=111.0), links.right("06664@2019-01-01:1:1")
    links.run("LandUseRight.parcel")
    assert [links.of(each, PARCELS) for each in (right, bare)] == [
        [(own, status, NUMBER)] for status in ("CONFIRMED", "CONFIRMED")
    ]


def test_the_evidence_of_a_candidate_has_its_weights(links: Links) -> None:
    links.parcel(OLD, "8:8", area=240.0)
    right = links.right(f"{WRITTEN}:8:8", area=240.0)
    links.run("LandUseRight.parcel")
    ((evidence,),) = links.rows(f"select evidence from link.{PARCELS} where record_id = :r", r=right)
    assert evidence == [
        {"comparison": "area", "outcome": "exact", "bits": 8.0},
        {"comparison": "holder", "outcome": "missing", "bits": None},
    ]
