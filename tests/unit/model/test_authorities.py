"""Authorities are bound to the columns they name, and a declaration that cannot hold is refused."""

from dataclasses import replace

import pytest

from hub.errors import HubMisconfigured
from hub.model.authorities import check_authorities, find_copies, list_authorities
from hub.model.registry import AsRecorded, Entity, Registry, load_registry
from schema.authority import AuthorityFacts, Comparison, agrees, ended
from schema.authority import copies as copy_of

STATUS = {"ACTIVE": ("ACTIVE",), "SUSPENDED": ("SUSPENDED",), "DISSOLVED": ("CLOSED",)}


def own(entity: str, field: str, facts: AuthorityFacts) -> Registry:
    """The registry with one authority on an entity's own field."""
    built = load_registry()
    changed = tuple(replace(c, authority=(facts,)) if c.name == field else c for c in built[entity].fields)
    entities: dict[str, Entity] = {**built.entities, entity: replace(built[entity], fields=changed)}
    return Registry(entities, built.recorded)


def recorded(field: str, facts: AuthorityFacts) -> Registry:
    """The registry with one authority on a field of PartyAsRecorded, as declared and in every linked field."""
    built = load_registry()
    party = built.recorded["PartyAsRecorded"]
    fields = tuple(replace(c, authority=(facts,)) if c.name == field else c for c in party.fields)
    entities = {
        e.name: replace(
            e,
            linked=tuple(
                replace(
                    link,
                    recorded=tuple(
                        replace(p, column=replace(p.column, authority=(facts,))) if p.part == field else p
                        for p in link.recorded
                    ),
                )
                for link in e.linked
            ),
        )
        for e in built
    }
    kinds: dict[str, AsRecorded] = {**built.recorded, "PartyAsRecorded": replace(party, fields=fields)}
    return Registry(entities, kinds)


def test_a_copy_knows_its_authority_for_each_kind_of_subject() -> None:
    names = {
        c.kind: (c.holder, c.held.name, c.hop and (c.hop.column.name, c.hop.key.name))
        for c in find_copies(load_registry(), load_registry()["Taxpayer"])
        if c.column.name == "party_name"
    }
    assert names == {
        "Citizen": ("Citizen", "full_name", None),
        "Household": ("Citizen", "full_name", ("head_personal_id", "personal_id")),
        "Business": ("Business", "legal_name", None),
    }


def test_a_field_that_leads_to_citizens_only_has_no_copies_of_businesses() -> None:
    assert {c.kind for c in find_copies(load_registry(), load_registry()["Benefit"])} == {"Citizen"}


def test_every_declaration_is_of_use() -> None:
    used = {(c.held.name, c.compared) for entity in load_registry() for c in find_copies(load_registry(), entity)}
    assert used == {(facts.field.split(".")[1], facts.compared) for _, facts in list_authorities(load_registry())}


@pytest.mark.parametrize(
    ("built", "message"),
    [
        (recorded("name", copy_of("Citizen.nickname", Comparison.NAME)), r"Citizen\.nickname, which is not a field"),
        (recorded("name", copy_of("Person.full_name", Comparison.NAME)), "Person is not a subject"),
        (recorded("name", copy_of("Taxpayer.tax_code", Comparison.NAME)), "Taxpayer is not a subject"),
        (recorded("name", copy_of("Parcel.address", Comparison.NAME)), "no linked field leads there"),
        (recorded("name", copy_of("Citizen.birth_date", Comparison.NAME)), "cannot be compared"),
        (recorded("birth_date", copy_of("Citizen.death_date", Comparison.PARTIAL_DATE)), "cannot be compared"),
        (recorded("kind", copy_of("Citizen.full_name", Comparison.NAME)), "cannot be compared"),
        (recorded("address", copy_of("Citizen.residence_address", Comparison.ADDRESS)), "without the unit"),
        (recorded("identifier", copy_of("Citizen.personal_id", Comparison.IDENTIFIER, beside="old")), "not a field"),
        (recorded("name", copy_of("Citizen.full_name", Comparison.NAME, through="Household.household_code")), "not a key of Citizen"),
        (recorded("name", ended("Citizen.death_date", linked="party", contrary=())), "(cannot be compared|names a linked field)"),
        (own("Taxpayer", "status", agrees("Business.status", linked="payer", codes=STATUS)), "payer, which is not a linked field"),
        (own("Benefit", "status", agrees("Business.status", linked="beneficiary", codes=STATUS)), "leads to Citizen"),
        (own("Taxpayer", "status", agrees("Business.status", linked="party", codes={"ACTIVE": ("ACTIVE",)})), "other codes"),
        (own("Taxpayer", "status", agrees("Business.status", linked="party", codes={**STATUS, "ACTIVE": ("OPEN",)})), "other codes"),
        (own("Taxpayer", "status", agrees("Business.legal_name", linked="party", codes=STATUS)), "cannot be compared"),
        (own("Taxpayer", "status", ended("Citizen.full_name", linked="party", contrary=("ACTIVE",))), "cannot be compared"),
        (own("Taxpayer", "status", ended("Citizen.death_date", linked="party", contrary=("OPEN",))), "codes that TaxpayerStatus"),
        (own("Taxpayer", "status", ended("Citizen.death_date", linked="party", contrary=("ACTIVE",), while_empty="left")), "not a field"),
    ],
)  # fmt: skip
def test_what_cannot_hold_is_refused(built: Registry, message: str) -> None:
    with pytest.raises(HubMisconfigured, match=message) as refused:
        check_authorities(built)
    assert refused.value.next_step
