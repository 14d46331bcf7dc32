"""The starters of a demonstration with access on: each does what its title says, for whom it is meant."""

from collections.abc import Iterator

import httpx2
import psycopg
import pytest

from hub.demo.access_case import open_case
from hub.demo.identities import make_local_issuer
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app
from hub.web.pages.access_starters import AccessExamples, access_starters
from hub.web.pages.graphiql_page import StarterQuery
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.access.test_access import UNLIMITED

ISSUER = make_local_issuer("127.0.0.1")
EXPECTED = {
    "Land transfer, on its dossier": ("land-officer", None),
    "Prefill the dossier": ("land-officer", None),
    "Keep the prefill, print the receipt": ("land-officer", None),
    "Ask for a paper that is held: refused": ("land-officer", "VALUE_HELD"),
    "The same without a dossier: refused": ("land-officer", "FORBIDDEN_FIELD"),
    "A person outside the dossier: refused": ("land-officer", "NOT_A_SUBJECT"),
    "Identify a person": ("land-officer", None),
    "Review links": ("reviewer", None),
    "Explore masked data": ("explorer", None),
    "Old and new commune codes: public": ("auditor", None),
}
"""Starter → whom it is meant for, and the code of the refusal that it shows."""


@pytest.fixture(scope="module")
def case(served_hub: ServedHub) -> AccessExamples:
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        return open_case(connection, served_hub.personal_id)


@pytest.fixture(scope="module")
def url(served_hub: ServedHub, case: AccessExamples) -> Iterator[str]:
    settings = load_settings(access="on", explorers="masked", **UNLIMITED)
    app = create_app(settings, Logins.one(served_hub.database), local_issuer=ISSUER, access_examples=case)
    with served(app) as address:
        yield address


def ask(url: str, who: str, starter: StarterQuery) -> httpx2.Response:
    identity = ISSUER.find_identity(who)
    assert identity is not None
    headers = {**starter.headers, "authorization": f"Bearer {ISSUER.sign_token(identity)}"}
    body = {"query": starter.query, "variables": dict(starter.variables)}
    return httpx2.post(f"{url}/graphql", json=body, headers=headers, timeout=30)


def test_each_starter_does_what_its_title_says(url: str, case: AccessExamples) -> None:
    starters = access_starters(case)
    assert [starter.title_en for starter in starters] == list(EXPECTED)
    for starter in starters:
        who, code = EXPECTED[starter.title_en]
        answer = ask(url, who, starter).json()
        if code is None:
            assert "errors" not in answer, (starter.title_en, answer["errors"])
            assert all(value is not None for value in answer["data"].values())
        else:
            assert answer["errors"][0]["extensions"]["code"] == code, starter.title_en


def test_the_receipt_is_where_the_starter_says(url: str, case: AccessExamples) -> None:
    (keep,) = [one for one in access_starters(case) if one.title_en == "Keep the prefill, print the receipt"]
    assert "errors" not in ask(url, "land-officer", keep).json()
    (path,) = {word for word in keep.query.split() if word.endswith("/receipt")}
    identity = ISSUER.find_identity("land-officer")
    assert identity is not None
    headers = {"authorization": f"Bearer {ISSUER.sign_token(identity)}"}
    assert "Phiếu xác nhận" in httpx2.get(url + path, headers=headers, timeout=30).text


def test_the_dossier_is_nothing_to_the_others(url: str, case: AccessExamples) -> None:
    transfer = access_starters(case)[0]
    for identity in ISSUER.identities:
        if identity.id != "land-officer":
            answer = ask(url, identity.id, transfer)
            assert answer.status_code == 403
            assert answer.json()["errors"][0]["extensions"]["code"] == "DOSSIER_UNKNOWN"


def test_the_page_offers_to_sign_in_only_while_access_is_on(url: str, served_hub: ServedHub) -> None:
    pages = [httpx2.get(f"{at}/graphql", headers={"accept": "text/html"}).text for at in (url, served_hub.url)]
    assert ["/sign-in?next=/graphql" in page for page in pages] == [True, False]
