"""Specifications are values: they refuse what does not hold together, and their digest tells what a model was trained for."""

from dataclasses import replace

import pytest

from hub.errors import HubMisconfigured
from hub.link.model.party import PARTY
from hub.link.model.render import DIALECTS, render_splink_settings
from hub.link.model.roles import ColumnRole, map_roles
from hub.link.model.spec import Bands, Block, Bound, By, Comparison, Is, Level, Restated, Spec

PEOPLE = map_roles(
    "people",
    "id",
    {
        "first": ColumnRole.GIVEN_NAME,
        "last": ColumnRole.SURNAME,
        "born": ColumnRole.BIRTH_DATE,
        "number": ColumnRole.IDENTIFIER,
    },
)
HOUSEHOLD = {
    "first": ColumnRole.GIVEN_NAME,
    "middle": ColumnRole.INITIAL,
    "last": ColumnRole.SURNAME,
    "street": ColumnRole.STREET,
    "house": ColumnRole.STREET_NUMBER,
}
HOUSEHOLDS = map_roles("households", "id", HOUSEHOLD)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"blocks": (Block(("nowhere",)),)}, "no field gives the columns nowhere"),
        ({"comparisons": (*PEOPLE.comparisons, PEOPLE.comparisons[0])}, "two comparisons have one name"),
        ({"bands": Bands(accept=0.4, review=0.5)}, "bands are not probabilities in order"),
        ({"training": replace(PEOPLE.training, recall=0.0)}, "recall is no part of a whole"),
        ({"training": replace(PEOPLE.training, withheld=("nowhere",))}, "no field is the column nowhere"),
        (
            {"comparisons": (replace(PEOPLE.comparisons[0], never_for=("far",)),)},
            "has no outcome far",
        ),
        (
            {"comparisons": (replace(PEOPLE.comparisons[0], agreements=("far",)),)},
            "has no outcome far",
        ),
        (
            {"comparisons": (replace(PEOPLE.comparisons[0], agreements=("other",)),)},
            "has an agreement that must not speak for a match, or is none",
        ),
        (
            {
                "comparisons": (
                    replace(
                        PEOPLE.comparisons[0],
                        levels=(replace(PEOPLE.comparisons[0].levels[0], restates=Restated("born", ("far",))),),
                    ),
                )
            },
            "restates outcomes that born does not have",
        ),
        (
            {"comparisons": (replace(PEOPLE.comparisons[0], bounds=(Bound("far", most=0.1),)),)},
            "has no outcome far",
        ),
        (
            {"comparisons": (replace(PEOPLE.comparisons[0], chains=(("equal", "far"),)),)},
            "has no outcome far",
        ),
        (
            {"comparisons": (replace(PEOPLE.comparisons[0], bounds=(Bound("equal", most=0.1, least=0.2),)),)},
            "a bound that is no range",
        ),
        ({"comparisons": (replace(PEOPLE.comparisons[0], name="first name"),)}, "is named otherwise than columns are"),
        (
            {"comparisons": (Comparison("x", (("first",),), (Level("other", (Is(By.EQUAL, ("first",)),)),)),)},
            "outcome twice",
        ),
    ],
)
def test_what_does_not_hold_together_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(HubMisconfigured, match=said):
        replace(PEOPLE, **change)  # type: ignore[arg-type]


def test_a_digest_tells_what_is_compared_and_not_the_bands() -> None:
    assert replace(PEOPLE, bands=Bands(accept=0.9)).digest == PEOPLE.digest
    assert replace(PEOPLE, blocks=PEOPLE.blocks[1:]).digest != PEOPLE.digest


def test_the_margin_is_the_log_odds_of_the_accepted_probability() -> None:
    assert Bands(accept=0.99).margin == pytest.approx(6.629, abs=1e-3)


def test_a_mapping_alone_gives_comparisons_blocks_and_training() -> None:
    assert [one.name for one in PEOPLE.comparisons] == ["first", "last", "born", "number"]
    assert "in the place of the other name" in PEOPLE.comparisons[0].outcomes
    assert Block(("number",)) in PEOPLE.blocks
    assert Block(("last", "born_sorted")) in PEOPLE.blocks


def test_without_the_other_name_nothing_can_stand_in_its_place() -> None:
    lone = map_roles(
        "lone",
        "id",
        {"last": ColumnRole.SURNAME, "born": ColumnRole.BIRTH_DATE, "town": ColumnRole.WORDS, "post": ColumnRole.CODE},
    )
    assert "in the place of the other name" not in lone.comparisons[0].outcomes


def test_a_street_and_its_number_are_one_comparison() -> None:
    (address,) = (one for one in HOUSEHOLDS.comparisons if one.name == "street")
    assert address.stated == (("street",), ("house",))
    assert address.levels[0].conditions == (Is(By.EQUAL, ("street", "house")),)
    assert "house" not in [one.name for one in HOUSEHOLDS.comparisons]
    alone = map_roles(
        "alone", "id", {"last": ColumnRole.SURNAME, "born": ColumnRole.BIRTH_DATE, "street": ColumnRole.STREET}
    )
    assert alone.comparisons[-1].outcomes == ("street equal", "street similar", "other")


def test_a_street_number_without_a_street_is_refused() -> None:
    with pytest.raises(HubMisconfigured, match="no column is one"):
        map_roles(
            "people",
            "id",
            {"last": ColumnRole.SURNAME, "born": ColumnRole.BIRTH_DATE, "house": ColumnRole.STREET_NUMBER},
        )


def test_without_an_identifier_what_a_household_shares_is_not_taken_for_a_person() -> None:
    training = HOUSEHOLDS.training
    assert Block(("first", "street", "house")) in training.certain
    assert Block(("last", "street", "house")) not in training.certain
    assert training.over == (Block(("first", "last")), Block(("street", "house", "middle")))
    dated = map_roles("dated", "id", {**HOUSEHOLD, "born": ColumnRole.BIRTH_DATE})
    assert dated.training.over == (Block(("born_sorted", "middle")), Block(("first", "last")))


@pytest.mark.parametrize("spec", [PEOPLE, HOUSEHOLDS, PARTY], ids=lambda spec: spec.name)
def test_both_dialects_say_the_same_but_for_function_names(spec: Spec) -> None:
    duckdb, spark = (str(render_splink_settings(spec, DIALECTS[name], linking=True)) for name in ("duckdb", "spark"))
    for one, other in (
        ("jaro_winkler_similarity", "jaro_winkler"),
        ("list_has_any", "arrays_overlap"),
        ("'duckdb'", "'spark'"),
    ):
        duckdb = duckdb.replace(one, other)
    assert duckdb == spark


def test_a_block_of_a_list_is_exploded_and_comes_last_and_no_rate_is_learned_over_it() -> None:
    rules = render_splink_settings(replace(PARTY, blocks=PARTY.blocks[::-1]), DIALECTS["duckdb"], linking=True)[
        "blocking_rules_to_generate_predictions"
    ]
    assert [rule.get("arrays_to_explode") for rule in rules] == [None] * (len(rules) - 1) + [["companions"]]
    beside = Block(("companions", "given_ascii"))
    with pytest.raises(HubMisconfigured, match="found twice"):
        replace(PARTY, blocks=(*PARTY.blocks, beside))
    with pytest.raises(HubMisconfigured, match="block of the list companions"):
        replace(PARTY, training=replace(PARTY.training, over=(beside,)))


def test_no_block_of_parties_is_a_name_alone() -> None:
    names = {"name_ascii", "surname_ascii", "given_ascii", "initials"}
    assert all(set(block.columns) - names for block in PARTY.blocks)
