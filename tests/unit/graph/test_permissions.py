"""What is kept of a permission: it is that of the documents as they are now, and of nobody else's variables."""

from pathlib import Path

import pytest
from graphql import parse

from hub.access.permission_trie import CompiledPurpose
from hub.access.purposes import Purpose, load_purpose
from hub.errors import OperationRefused
from hub.graph.execution.prepare import PreparedRequest, ValidatedDocument, find_operation
from hub.graph.permission.callers import LOCAL, Caller
from hub.graph.permission.permissions import Permissions
from hub.model.registry import load_registry
from hub.plan.building.node_builder import Catalog
from hub.plan.permission.compile import compile_purpose
from tests.permission.cases import BINDINGS, BUYER, SELLER, graphql_schema, known

WIDE, NARROW = (
    f"query D($seller: PersonalId!) {{ citizen(by: {{ personalId: $seller }}) {{ {fields} }} }}"
    for fields in ("fullName birthDate", "fullName")
)
ASKED = "query Q($s: PersonalId!) { citizen(by: { personalId: $s }) { birthDate } }"
DECLARATION = """
code = "trial"
dossier = true
retention_days = 0
name = { vi = "Thử", en = "Trial" }
about = { vi = "Thử.", en = "Trial." }
legal_basis = [{ title = "-", article = "-", about = { vi = "-", en = "-" } }]
users = { roles = ["officer"] }
variables = { seller = { subject = "seller" } }
limits = { rows = 100 }

[subjects.seller]
entity = "Citizen"
name = { vi = "Bên bán", en = "Seller" }
"""


def request(person: str) -> PreparedRequest:
    """The request made ready; its document is the same object each time, as from a cache."""
    return PreparedRequest(CHECKED, find_operation(CHECKED.document, None), {"s": person}, {"s": person}, None)


CHECKED = ValidatedDocument(ASKED, parse(ASKED), {}, ())


def write_purpose(folder: Path, document: str) -> Purpose:
    """The purpose as its folder has it with this document."""
    (folder / "purpose.toml").write_text(DECLARATION, encoding="utf-8")
    (folder / "document.graphql").write_text(document, encoding="utf-8")
    return load_purpose(folder)


def compile_trial(purpose: Purpose) -> CompiledPurpose:
    return compile_purpose(purpose, graphql_schema(), known()["public"].public)


def refusal(permissions: Permissions, purpose: Purpose, person: str = SELLER) -> str | None:
    caller = Caller(LOCAL.principal, purpose, None, BINDINGS)
    try:
        permissions.check(request(person), caller)
    except OperationRefused as error:
        return error.code
    return None


def test_a_permission_is_kept_no_longer_than_the_documents_it_is_of(tmp_path: Path) -> None:
    now = dict(known())
    permissions = Permissions(graphql_schema(), now, Catalog(load_registry()))
    for document, expected in ((WIDE, None), (NARROW, "FORBIDDEN_FIELD"), (WIDE, None)):
        purpose = write_purpose(tmp_path, document)
        now[purpose.code] = compile_trial(purpose)
        # The first request of a version is analysed, the second finds what is kept.
        assert [refusal(permissions, purpose), refusal(permissions, purpose)] == [expected, expected]


@pytest.mark.parametrize("order", [(SELLER, BUYER), (BUYER, SELLER)])
def test_what_is_kept_of_one_request_says_nothing_of_another_s_variables(
    order: tuple[str, str], tmp_path: Path
) -> None:
    purpose = write_purpose(tmp_path, WIDE)
    permissions = Permissions(
        graphql_schema(), {**known(), purpose.code: compile_trial(purpose)}, Catalog(load_registry())
    )
    for person in (*order, *order):
        assert (refusal(permissions, purpose, person) is None) == (person == SELLER)
