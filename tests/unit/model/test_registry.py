"""The registry reads declarations, and refuses those that do not hold together."""

from typing import Any

import pytest

from hub.errors import HubMisconfigured
from hub.ingest.transform.map import ROW_NUMBER
from hub.model.name_checks import HUB_COLUMNS, MAX_IDENTIFIER_BYTES, derived_identifiers
from hub.model.names import qualify_column, to_camel_case, to_snake_case
from hub.model.registry import Registry, _check_links, _Reader, load_registry
from hub.model.tables import build_metadata
from schema.core import Label, key, link, record
from schema.values import LocalCode, PersonName


def test_names() -> None:
    assert (to_camel_case("full_name"), to_snake_case("LandUseRight")) == ("fullName", "land_use_right")
    assert (qualify_column("household", "household_code"), qualify_column("commune", "unit_code")) == (
        "household_code",
        "commune_unit_code",
    )


def test_one_declaration_becomes_columns_references_and_links() -> None:
    right = load_registry()["LandUseRight"]
    assert [linked.name for linked in right.linked] == ["parcel", "holder"]
    assert right.linked[1].kinds == ("Citizen", "Household")
    assert {"parcel_number", "holder_identifier", "holder_birth_date"} <= {c.name for c in right.columns}
    parcel = load_registry()["Parcel"]
    assert [column.name for column in parcel.keys] == ["parcel_number", "parcel_identifier"]
    assert parcel.references[0].column.name == "commune_unit_code"
    assert load_registry().families["Party"] == ("Citizen", "Household", "Business")


def test_every_date_and_amount_can_be_filtered() -> None:
    columns = [(entity.name, column) for entity in load_registry() for column in entity.columns]
    ordered = [(name, one) for name, one in columns if one.value.ordered and not one.value.name_search]
    assert len(ordered) > 40
    assert [(name, one.name) for name, one in ordered if not one.filter] == []


def test_graphql_names_are_unique_within_an_entity() -> None:
    for entity in load_registry():
        names = [c.graphql for c in (*entity.fields, *(r.column for r in entity.references))]
        names += [r.graphql for r in entity.references] + [b.graphql for b in entity.backlinks]
        names += [n for linked in entity.linked for n in (linked.graphql, linked.link_graphql)]
        assert len(names) == len(set(names)), entity.name


class TestNames:
    """Names that quoting does not save are refused when the schema loads, and the error says which and why."""

    @staticmethod
    def refusal(field: str, *, entity: str = "Wrong", **more: Any) -> str:
        members = {"__doc__": "Wrong.", "__annotations__": {field: LocalCode}, field: key("Code.")}
        cls = record(sector="land", label=Label("Sai", "Wrong"), standard="-")(
            type(entity, (), {**members, "__module__": __name__, **more})
        )
        built = Registry({entity: _Reader(cls, {entity: cls}).entity()}, {})
        with pytest.raises(HubMisconfigured) as raised:
            _check_links(built)
        assert raised.value.next_step
        return str(raised.value)

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("stream_id", "schema: Wrong.stream_id is a column that the hub adds to every row"),
            ("ctid", "schema: Wrong.ctid is a system column of PostgreSQL"),
            ("provenance", "schema: Wrong.provenance is a field that the graph adds"),
            ("birthDate", "schema: Wrong.birthDate is not in snake_case"),
            ("_hidden", "schema: Wrong._hidden is not in snake_case"),
            ("a" * 53, f"schema: Wrong gives the SQL identifier wrong_past_{'a' * 53}, which has 64 bytes"),
        ],
    )
    def test_a_field(self, name: str, words: str) -> None:
        assert words in self.refusal(name)

    def test_an_entity(self) -> None:
        assert "schema: wrong is not a class name in PascalCase" in self.refusal("code", entity="wrong")
        assert "PostgreSQL keeps 63 bytes" in self.refusal("code", entity="Wrong" * 12)

    def test_two_fields_of_one_name(self) -> None:
        annotations = {"code": LocalCode, "name": PersonName, "name_key": LocalCode}
        more = {"name": key("Name."), "name_key": key("Code."), "__annotations__": annotations}
        assert "Wrong.name_key would be two columns" in self.refusal("code", **more)

    def test_reserved_words_of_sql_are_good_names(self) -> None:
        with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
            self.refusal("end")

    def test_every_identifier_of_the_store_was_measured(self) -> None:
        measured = {name for entity in load_registry() for name in derived_identifiers(entity)}
        longest = max(len(name.encode()) for name in measured)
        tables = build_metadata().tables.values()
        named = [item for table in tables for item in (table, *table.columns, *table.indexes, *table.constraints)]
        assert max(len(str(item.name).encode()) for item in named) <= longest <= MAX_IDENTIFIER_BYTES

    def test_the_columns_of_the_hub_are_those_of_the_tables(self) -> None:
        citizen, past = (build_metadata().tables[f"{place}.citizen"] for place in ("data", "history"))
        entity = load_registry()["Citizen"]
        declared = {c.name for c in entity.columns} | {c.search_key for c in entity.columns}
        added = {column.name for table in (citizen, past) for column in table.columns} - declared
        assert added | {ROW_NUMBER} == HUB_COLUMNS


def test_every_field_says_what_it_is() -> None:
    for entity in load_registry():
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
        _check_links(Registry({"Wrong": entity}, {}))
