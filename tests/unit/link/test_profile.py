"""The declarations of several sectors as one profile, and what is refused."""

from dataclasses import replace

import pytest

from hub.errors import HubMisconfigured
from hub.link.profile import combine_declarations, load_profile
from hub.model.registry import load_registry
from schema.linking import businesses, parcels, people

DECLARED = (people.LINKING, businesses.LINKING, parcels.LINKING)


def test_every_kind_and_family_of_linked_fields_is_declared() -> None:
    linked = [one for entity in load_registry() for one in entity.linked]
    assert {kind for one in linked for kind in one.kinds} <= set(load_profile().subjects)
    assert {one.family for one in linked} == set(load_profile().families)


def test_declarations_are_of_fields_and_parts_that_there_are() -> None:
    fields = {f"{entity.name}.{one.name}": one for entity in load_registry() for one in entity.linked}
    named = [standing.field for standing in load_profile().standings]
    named += [
        *load_profile().stated,
        *load_profile().companions,
        *(one.field for one in load_profile().companions.values()),
    ]
    assert [name for name in named if name not in fields] == []
    for one in fields.values():
        parts = {part.part for part in one.recorded}
        for kind in one.kinds:
            assert parts & set(load_profile().subjects[kind].shown), (one, kind)


def test_what_is_stated_is_a_value_of_the_family() -> None:
    fields = {f"{entity.name}.{one.name}": one for entity in load_registry() for one in entity.linked}
    for name, stated in load_profile().stated.items():
        assert set(stated) <= set(load_profile().families[fields[name].family].stated), name


@pytest.mark.parametrize("at", range(len(DECLARED)))
def test_nothing_is_declared_twice(at: int) -> None:
    with pytest.raises(HubMisconfigured, match="2 times"):
        combine_declarations((*DECLARED, DECLARED[at]))


def test_a_rule_to_what_is_not_declared_is_refused() -> None:
    with pytest.raises(HubMisconfigured, match="leads from Party to Business"):
        combine_declarations((people.LINKING, replace(businesses.LINKING, subjects={}), parcels.LINKING))


def test_the_model_has_one_reference() -> None:
    citizen = people.LINKING.subjects["Citizen"]
    assert citizen.party is not None
    without = replace(citizen, party=replace(citizen.party, reference=False))
    with pytest.raises(HubMisconfigured, match="0 registers are the reference"):
        combine_declarations(
            (replace(people.LINKING, subjects={**people.LINKING.subjects, "Citizen": without}), *DECLARED[1:])
        )


def test_one_standing_says_where_subjects_live() -> None:
    with pytest.raises(HubMisconfigured, match="not exactly one standing"):
        combine_declarations((replace(people.LINKING, standings=()), *DECLARED[1:]))
