"""Lint of procedures: what is fetched is used, what is used is fetched, and every error has its file and line."""

import re
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from hub.access.purposes import find_purpose, read_purposes
from hub.cli.procedures.procedures import find_procedure_faults
from hub.errors import HubMisconfigured, OperationRefused
from hub.graph.schema import get_core_schema, load_schema
from hub.procedures.catalogue import ProcedureCatalogue
from hub.procedures.declaration.compiled_procedures import compile_procedure
from hub.procedures.declaration.lint import lint_procedure
from tests.unit.procedures import building as b

DECLARED = [code for code, purpose in read_purposes().items() if purpose.is_procedure]


def faults(folder: Path) -> list[str]:
    """The findings, with paths from the folder on."""
    home = f"{folder}/"
    return [
        f"{one.where}: {one.words}".replace(home, "")
        for one in find_procedure_faults(folder, get_core_schema(load_schema()))
        if one.is_error
    ]


def test_a_document_that_does_not_compile_is_named_once(tmp_path: Path) -> None:
    document = b.SELLER.replace("$seller", "$buyer")
    home = b.write_procedure(tmp_path, b.HEAD + b.REQUIREMENTS, seller=document)
    (one,) = find_procedure_faults(home, get_core_schema(load_schema()))
    assert (one.where, one.is_error) == (f"{home}/seller.graphql:2", True)
    assert str(home) not in one.words


@pytest.mark.parametrize("code", DECLARED)
def test_declared_procedures_fetch_what_they_use(code: str) -> None:
    assert lint_procedure(compile_procedure(find_purpose(code), get_core_schema(load_schema()))) == ()


def test_the_trial_has_no_faults(tmp_path: Path) -> None:
    assert faults(b.write_procedure(tmp_path, b.HEAD + b.REQUIREMENTS, seller=b.SELLER)) == []


@pytest.mark.parametrize(
    ("was", "becomes", "expected"),
    [
        ("id fullName birthDate", "id fullName sex birthDate", "seller.graphql:4: citizen.sex is selected, and no requirement uses it"),
        ("id fullName birthDate", "id fullName", "procedure.toml:31: citizen.birthDate is not selected in seller.graphql"),
        ("id fullName birthDate", "id name: fullName birthDate", "procedure.toml:25: citizen.fullName is not selected in seller.graphql"),
        ("id fullName birthDate", "fullName birthDate", "seller.graphql:3: citizen.id is not selected: it says where a value is from"),
        ("unitCode } provenance { source asOf }", "unitCode } provenance { source }", "seller.graphql:4: citizen.provenance.asOf is not selected: it says where a value is from"),
        ("      pageInfo { hasNextPage }\n      nodes { id amount", "      nodes { id amount", "seller.graphql:20: citizen.taxObligations.pageInfo.hasNextPage is not selected: it says whether a page cut the list"),
        ("debtorLink { status }", "", "seller.graphql:22: citizen.taxObligations.nodes.debtorLink.status is not selected: it says how sure it is that the row belongs here"),
        ("parcelLink { status }\n        parcel {", "parcel {", "seller.graphql:7: citizen.landUseRights.nodes.parcelLink.status is not selected: it says how sure the link is"),
        ("$seller: PersonalId!", "$buyer: PersonalId!", "the variable $buyer is not bound to anything"),
        ("$seller: PersonalId!", "$buyer: PersonalId!", "seller.graphql:2: the variable $buyer"),
        ("$seller: PersonalId!", "$buyer: PersonalId!", "call $buyer like its role ($seller)"),
        ("    id fullName", "    id fullname", "Cannot query field 'fullname'"),
    ],
)  # fmt: skip
def test_faults_of_documents(tmp_path: Path, was: str, becomes: str, expected: str) -> None:
    assert was in b.SELLER
    document = b.SELLER.replace(was, becomes, 1).replace(
        "$seller }", "$buyer }" if "$buyer" in becomes else "$seller }"
    )
    found = faults(b.write_procedure(tmp_path, b.HEAD + b.REQUIREMENTS, seller=document))
    assert any(expected in one for one in found), found


@pytest.mark.parametrize(
    ("was", "becomes", "expected"),
    [
        ('value = ["citizen.birthDate"]', 'value = ["citizen.residence"]', "citizen.residence is no value: it has fields of its own"),
        ('rows = "citizen.taxObligations.nodes"', 'rows = "citizen.residence"', "citizen.residence is not a list in seller.graphql"),
        ('holder = "finance"', 'holder = "land"', 'TaxObligation is of the sector finance, not land: write holder = "finance"'),
        ('in = ["SEIZURE"]', 'in = ["SEIZED"]', "encumbrance_kind has no code SEIZED: use MORTGAGE, SEIZURE"),
        ('within = "debts"', 'within = "debtors"', "there is no requirement debtors: did you mean debts?"),
        ('within = "debts"', 'within = "zzz"', "there is no requirement zzz"),
        ('within = "debts"', 'within = "born"', "born is no list of rows, or has a value of its own"),
        ('from = "born"', 'from = "age"', "age depends on age in turn"),
        ('code = "born"', 'code = "seller_name"', "two requirements have the code seller_name"),
        ('asked_of = "citizen"\n\n[[blocks]]', 'asked_of = "buyer"\n\n[[blocks]]', 'there is no role buyer: write "citizen", or one of seller'),
        ('key = "obligationNumber"', "", "requirements.debts: a list that others are within needs a key"),
        ('holder = "insurance"', "", "give holder"),
        ('value = ["citizen.birthDate"]', 'values = ["citizen.birthDate"]', "values: there is no such key here"),
        ('version = "1"', "", "version: is missing"),
        ('version = "1"', "version = 1", 'version: must be text in quotes, e.g. "2026-1"'),
        ('code = "born"\nlabel', 'code = "born"\nlabel = "Sinh"\nlabels', 'must be a table, e.g. { vi = "…", en = "…" }'),
        ('derived = { rule = "count", from = "debts" }', 'derived = { rule = "count", from = "born" }', "count: born has no rows"),
        (', in = ["MORTGAGE"] }]', "}]", "give a test"),
        ('code = "trial"', "code = trial", "procedure.toml:2: Invalid value"),
        ("in_force_from = 2025-07-01", "in_force_from = 2025-07-01\nin_force_to = 2025-06-30", ":5: in_force_to: is before in_force_from, 2025-07-01"),
        ("in_force_from = 2025-07-01", 'in_force_from = "01/07/2025"', "in_force_from: must be a day without quotes, e.g. 2025-07-01"),
        ('en = "Born"', 'en = " "', "label.en: is empty: write the text"),
        ('value = ["citizen.birthDate"]', "value = []", 'value: is empty: give a path, e.g. ["citizen.fullName"]'),
        ('from = "born"', 'from = "seller_name"', "age is of a date, and seller_name has none"),
        ('derived = { rule = "age", from = "born" }', 'derived = { rule = "sum", from = "born" }', "sum is of amounts of money and numbers, and born has none"),
        ('in = ["SEIZURE"]', "at_least = 2", "at_least and at_most test numbers and amounts, and encumbrance_kind has none"),
        ('in = ["SEIZURE"]', "at_least = 2, at_most = 1", "at_least is more than at_most"),
        ('agrees_with = ["area"]', 'agrees_with = ["citizen.fullName"]', "citizen.fullName is not beneath an item of the list: paths of a list"),
        ('agrees_with = ["area"]', 'agrees_with = ["size"]', "size is not selected in seller.graphql"),
        ('rule = "count", from = "debts"', 'rule = "includes", from = "seller_name", other = "born"', "includes compares values of one kind, and seller_name is a text, born a date"),
        ('rule = "count", from = "debts"', 'rule = "none_other_than", from = "residence", other = "born"', "none_other_than compares values of one kind, and residence is an address, born a date"),
        ('"encumbrance_kind", in = ["SEIZURE"]', '"debt_paid", present = true', 'an empty debt_paid has the value NOTHING, so it is always present: write in = ["NOTHING"]'),
        ('[[legal_basis]]\ntitle = "Luật"', '[[legal_basis]]\ntitles = "Luật"', "legal_basis.0.title: is missing"),
        ('entity = "Citizen"', 'entity = "Person"', "procedure.toml:18: subjects.seller: there is no type Person"),
    ],
)  # fmt: skip
def test_faults_of_declarations_have_their_line(tmp_path: Path, was: str, becomes: str, expected: str) -> None:
    text = b.HEAD + b.REQUIREMENTS
    assert was in text
    found = faults(b.write_procedure(tmp_path, text.replace(was, becomes, 1), seller=b.SELLER))
    (one,) = [each for each in found if expected in each][:1] or [found]
    assert expected in one, found
    assert re.match(r"procedure\.toml:\d+: ", str(one))


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Keys that every purpose has, those of a procedure, and blank labels; and nothing that only follows from them."""
    text = (b.HEAD + b.REQUIREMENTS).replace("retention_days = 0\n", "").replace('en = "Trial" }', 'en = "" }', 1)
    text = text.replace('code = "age"', 'code = "Age"').replace('title = "Luật"', "")
    found = faults(b.write_procedure(tmp_path, "\ufeff" + text.replace("\n", "\r\n"), seller=b.SELLER))
    assert [one.split(": ", 1)[1] for one in found] == [
        "name.en: is empty: write the text",
        "legal_basis.0.title: is missing",
        "retention_days: is missing",
        "requirements.Age.code: must be lower-case letters, digits and underscores, e.g. transferor_name",
    ]


def test_one_wrong_path_of_a_requirement_does_not_make_its_other_paths_unused(tmp_path: Path) -> None:
    text = (b.HEAD + b.REQUIREMENTS).replace("null = {", 'agrees_with = ["citizen.fullName"]\nnull = {', 1)
    (one,) = faults(b.write_procedure(tmp_path, text, seller=b.SELLER))
    assert "citizen.fullName is not beneath an item of the list" in one


def test_a_requirement_says_which_of_several_documents_reads_it(tmp_path: Path) -> None:
    other = b.SELLER.replace("query Seller", "query Other")
    found = faults(b.write_procedure(tmp_path, b.HEAD + b.REQUIREMENTS, seller=b.SELLER, other=other))
    assert any("requirement seller_name: which document reads it? Use one of: other, seller" in one for one in found)
    assert not any("no requirement uses it" in one for one in found), "that only follows from it"


def test_a_procedure_that_does_not_fit_its_documents_answers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that leads nowhere would look like a value that its sector does not hold, and the citizen would be asked."""
    text = (b.HEAD + b.REQUIREMENTS).replace("in_force_from", "in_force_to = 2026-06-30\nin_force_from")
    found = {}
    for name, document in (("right", b.SELLER), ("wrong", b.SELLER.replace(" birthDate", ""))):
        (tmp_path / name).mkdir()
        b.write_procedure(tmp_path / name, text, seller=document)
        monkeypatch.setenv("HUB_PROCEDURES", str(tmp_path / name))
        found[name] = partial(ProcedureCatalogue(get_core_schema(load_schema())).find, "trial")
        if name == "right":
            for day in (date(2025, 7, 1), date(2026, 6, 30)):
                assert found[name](day).procedure.code == "trial"
            for day in (date(2025, 6, 30), date(2026, 7, 1)):
                with pytest.raises(OperationRefused, match="in force from 2025-07-01 to 2026-06-30"):
                    found[name](day)
    with pytest.raises(HubMisconfigured, match=r"procedure.toml:32: citizen.birthDate is not selected in seller"):
        found["wrong"](date(2026, 1, 1))


def test_a_document_reads_one_subject(tmp_path: Path) -> None:
    both = b.SELLER.replace(
        "query Seller($seller: PersonalId!)", "query Seller($seller: PersonalId!, $buyer: PersonalId!)"
    )
    head = b.HEAD + '\n[subjects.buyer]\nentity = "Citizen"\nname = { vi = "Mua", en = "Buyer" }\n'
    both = both.replace("\n}\n", "\n  other: citizen(by: { personalId: $buyer }) { id }\n}\n")
    found = faults(b.write_procedure(tmp_path, head + b.REQUIREMENTS, seller=both))
    assert any("must have exactly one variable, named like a role" in one for one in found), found


def test_fragments_are_followed(tmp_path: Path) -> None:
    document = (
        b.SELLER.replace("id fullName", "...More id fullName") + "\nfragment More on Citizen { ... on Citizen { sex } }"
    )
    found = faults(b.write_procedure(tmp_path, b.HEAD + b.REQUIREMENTS, seller=document))
    assert [one.split(": ", 1)[1] for one in found] == ["citizen.sex is selected, and no requirement uses it"]
