"""Parcels through a merger of communes: all candidates of a record compete, and no evidence goes in a circle."""

from collections.abc import Iterator

import pytest

from hub.link.run.linking_run import run_linking
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


# --- Through several changes of communes ------------------------------------------------------------------------------

CHANGED_AGAIN = "2026-05-01"
AGAIN = (
    # Merged, and merged again: 06664 and 06667 went into 06652, and it and 06661 into 06999.
    ("06652", "06999", "WHOLE"),
    ("06661", "06999", "WHOLE"),
    # Split, and the part merged: a part of 06655 went into 06706, and it and 06710 into 06998.
    ("06706", "06998", "WHOLE"),
    ("06710", "06998", "WHOLE"),
    # Renamed twice: 06673 became 06709, and it 06997.
    ("06709", "06997", "WHOLE"),
)
CHAINS = {
    "merged twice": ("06664", "06652", "06999"),
    "split, then merged": ("06655", "06706", "06998"),
    "renamed twice": ("06673", "06709", "06997"),
}
DAYS = ("2019-01-01", "2026-01-01", "2026-06-01")
"""A day of the oldest, of the middle and of the newest commune."""
AT = ("oldest", "middle", "newest")


def change_again(links: Links) -> None:
    """Let the communes of 2025 change once more."""
    links.add("administrative_unit", unit_code="06710@2025-07-01", code="06710", level="COMMUNE", name="06710", valid_from="2025-07-01")  # fmt: skip
    for code in ("06652", "06661", "06706", "06709", "06710"):
        links.do(f"update data.administrative_unit set valid_to = :day where unit_code = '{code}@2025-07-01'", day=CHANGED_AGAIN)  # fmt: skip
    for code in ("06997", "06998", "06999"):
        links.add("administrative_unit", unit_code=f"{code}@{CHANGED_AGAIN}", code=code, level="COMMUNE", name=code, valid_from=CHANGED_AGAIN)  # fmt: skip
    for old, new, kind in AGAIN:
        links.add("administrative_unit_change", predecessor_unit_code=f"{old}@2025-07-01", successor_unit_code=f"{new}@{CHANGED_AGAIN}", kind=kind, effective_on=CHANGED_AGAIN)  # fmt: skip


@pytest.fixture
def twice(links: Links) -> Links:
    change_again(links)
    return links


def unit_of(chain: str, at: str) -> str:
    """The commune of a parcel."""
    code = CHAINS[chain][AT.index(at)]
    return f"{code}@{('..', '2025-07-01', CHANGED_AGAIN)[AT.index(at)]}"


def number_of(chain: str, at: str, place: str = "8:8") -> str:
    """A parcel number as a record has it, under a day of its commune."""
    return f"{CHAINS[chain][AT.index(at)]}@{DAYS[AT.index(at)]}:{place}"


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("registered", AT)
@pytest.mark.parametrize("recorded", AT)
def test_a_number_is_followed_through_several_changes(twice: Links, chain: str, recorded: str, registered: str) -> None:
    """With the area on the certificate it is joined, in either direction; without, only where each commune became one other."""
    parcel = twice.parcel(unit_of(chain, registered), "8:8", area=240.0)
    stated, bare = (twice.right(number_of(chain, recorded), area=area) for area in (240.0, None))
    twice.run("LandUseRight.parcel")
    method = (
        NUMBER if recorded == registered else SUCCESSOR if AT.index(recorded) < AT.index(registered) else PREDECESSOR
    )
    same = recorded == registered or chain == "renamed twice"
    assert twice.of(stated, PARCELS) == [(parcel, "CONFIRMED" if same else "PROBABLE", method)]
    assert twice.of(bare, PARCELS) == [(parcel, "CONFIRMED" if same else "UNCONFIRMED", method)]


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize(("recorded", "exact", "near"), [
    ("newest", "oldest", "middle"),
    ("newest", "oldest", "newest"),
    ("newest", "middle", "oldest"),
    ("middle", "oldest", "middle"),
    ("middle", "oldest", "newest"),
    ("middle", "newest", "oldest"),
    ("oldest", "newest", "middle"),
    ("oldest", "middle", "newest"),
])  # fmt: skip
def test_the_exact_area_under_any_code_beats_a_near_one_under_another(
    twice: Links, chain: str, recorded: str, exact: str, near: str
) -> None:
    """A tax of its holder goes to the same parcel."""
    meant = twice.parcel(unit_of(chain, exact), "8:8", area=150.0)
    twice.parcel(unit_of(chain, near), "8:8", area=151.0)
    right = twice.right(number_of(chain, recorded), area=150.0, holder_name="Nguyễn Văn An")
    tax = twice.land_tax(number_of(chain, recorded), "Nguyễn Văn An")
    twice.run("LandUseRight.parcel", "TaxObligation.parcel")
    assert [found for found, status, _ in twice.of(right, PARCELS) if status != "UNCONFIRMED"] == [meant]
    assert [found for found, status, _ in twice.of(tax, TAXES) if status != "UNCONFIRMED"] == [meant]


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("recorded", AT)
def test_parcels_of_one_area_under_three_codes_are_for_a_person(twice: Links, chain: str, recorded: str) -> None:
    """Unless the record is of the oldest code: nothing that is younger can have been meant."""
    parcels = {at: twice.parcel(unit_of(chain, at), "8:8", area=150.0) for at in AT}
    right = twice.right(number_of(chain, recorded), area=150.0)
    twice.run("LandUseRight.parcel")
    if recorded == "oldest":
        assert twice.of(right, PARCELS) == [(parcels["oldest"], "CONFIRMED", NUMBER)]
    else:
        assert [status for _, status, _ in twice.of(right, PARCELS)] == ["UNCONFIRMED"] * 3


def test_a_commune_that_only_shares_a_later_one_is_not_meant(twice: Links) -> None:
    """06667 went into 06652 as 06664 did, and is another commune with sheets and numbers of its own."""
    twice.parcel("06667@..", "8:8", area=240.0)
    right = twice.right(number_of("merged twice", "oldest"), area=240.0)
    twice.run("LandUseRight.parcel")
    assert twice.of(right, PARCELS) == []


@pytest.mark.parametrize("chain", CHAINS)
def test_a_run_of_changes_follows_several_changes_as_a_full_run_does(twice: Links, chain: str) -> None:
    """A parcel comes under the oldest code and goes again, for records under all three."""
    for at in range(400):
        twice.parcel("06670@..", f"1:{at + 1}", area=100.0)
    near = twice.parcel(unit_of(chain, "middle"), "8:8", area=151.0)
    rights = [twice.right(number_of(chain, at), area=150.0) for at in AT]
    for at in range(400):
        twice.right(f"06670@2019-01-01:1:{at + 1}", area=100.0)

    def states() -> list[list[tuple[int, str, str]]]:
        return [twice.of(right, PARCELS) for right in rights]

    def by_changes() -> list[list[tuple[int, str, str]]]:
        assert run_linking(twice.engine).mode == "CHANGES"
        found = states()
        assert run_linking(twice.engine, full=True).mode == "FULL"
        assert states() == found
        return found

    run_linking(twice.engine)
    before = states()
    assert {found for state in before for found, *_ in state} == {near}
    older = twice.parcel(unit_of(chain, "oldest"), "8:8", area=150.0)
    assert [[found for found, status, _ in state if status != "UNCONFIRMED"] for state in by_changes()] == [[older]] * 3
    twice.keep("parcel", older)
    twice.do("delete from data.parcel where id = :id", id=older)
    assert by_changes() == before


def test_a_further_change_of_communes_links_everything_anew(links: Links) -> None:
    parcel = links.parcel("06673@..", "8:8", area=150.0)
    right = links.right("06997@2026-06-01:8:8", area=150.0)
    run_linking(links.engine)
    assert links.of(right, PARCELS) == []
    change_again(links)
    assert run_linking(links.engine).mode == "FULL"
    assert links.of(right, PARCELS) == [(parcel, "CONFIRMED", PREDECESSOR)]
