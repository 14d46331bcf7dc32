"""The registry reads declarations, and refuses those that do not hold together."""

import pytest

from hub.errors import HubMisconfigured
from hub.model.names import camel, qualified, snake
from hub.model.registry import Registry, _check, _Reader, registry
from schema.core import Label, key, link, record
from schema.values import LocalCode


def test_names() -> None:
    assert (camel("full_name"), snake("LandUseRight")) == ("fullName", "land_use_right")
    assert (qualified("household", "household_code"), qualified("commune", "unit_code")) == (
        "household_code",
        "commune_unit_code",
    )


def test_one_declaration_becomes_columns_references_and_links() -> None:
    right = registry()["LandUseRight"]
    assert [linked.name for linked in right.linked] == ["parcel", "holder"]
    assert right.linked[1].kinds == ("Citizen", "Household")
    assert {"parcel_number", "holder_identifier", "holder_birth_date"} <= {c.name for c in right.columns}
    parcel = registry()["Parcel"]
    assert [column.name for column in parcel.keys] == ["parcel_number", "parcel_identifier"]
    assert parcel.references[0].column.name == "commune_unit_code"
    assert registry().families["Party"] == ("Citizen", "Household", "Business")


def test_graphql_names_are_unique_within_an_entity() -> None:
    for entity in registry():
        names = [c.graphql for c in (*entity.fields, *(r.column for r in entity.references))]
        names += [r.graphql for r in entity.references] + [b.graphql for b in entity.backlinks]
        names += [n for linked in entity.linked for n in (linked.graphql, linked.link_graphql)]
        assert len(names) == len(set(names)), entity.name


def test_every_field_says_what_it_is() -> None:
    for entity in registry():
        assert entity.description
        assert entity.label.vi
        assert entity.label.en
        assert all(column.description.endswith(".") for column in entity.columns), entity.name


def test_a_many_end_without_its_one_end_is_refused() -> None:
    @record(sector="land", label=Label("Sai", "Wrong"), standard="-")
    class Wrong:
        """Wrong."""

        code: LocalCode = key("Code.")
        others: list["Wrong"] = link("Wrong.missing", "Nothing mirrors it.")

    entity = _Reader(Wrong, {"Wrong": Wrong}).entity()
    with pytest.raises(HubMisconfigured, match=r"Wrong\.missing"):
        _check(Registry({"Wrong": entity}, {}))
