"""Refusals in words, claims of corrections, and what a page keeps in the browser."""

import re
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from hub.access.limits.rates import RateKind
from hub.access.limits.refusals import refuse_reading
from hub.console.layout.page_cookies import MOST_BYTES, keep_values, read_values
from hub.console.layout.page_response import TEMPLATES
from hub.console.layout.refusals import FIELD_ERRORS, OTHER, REFUSALS, describe_refusal, read_label
from hub.console.officer.corrections import list_code_options, read_claim, show_claim
from hub.model.registry import load_registry
from hub.plan.binds import global_id
from schema.codes import MaritalState

ERRORS = Path(__file__).parents[3] / "docs" / "reference" / "errors.md"


def test_every_code_that_has_words_is_a_code_of_the_hub() -> None:
    documented = set(re.findall(r"`([A-Z][A-Z_]+)`", ERRORS.read_text(encoding="utf-8")))
    assert (REFUSALS.keys() | FIELD_ERRORS.keys()) <= documented


@pytest.mark.parametrize(
    ("code", "status"),
    [("LEDGER_UNAVAILABLE", 503), ("UNAUTHENTICATED", 401), ("DOSSIER_UNKNOWN", 404), ("INTERNAL", 500), ("NEW", 400)],
)
def test_a_refusal_is_a_page_with_its_status(code: str, status: int) -> None:
    page = describe_refusal(code)
    assert (page.code, page.status) == (code, status)
    assert page.title.vi
    assert page.next_step.vi


def test_a_limit_says_how_long_to_wait() -> None:
    refused = refuse_reading(RateKind.SUBJECTS, 300, 120)
    page = describe_refusal(refused.code, read_label(refused.extensions))
    assert (page.status, "sau 2 phút" in page.next_step.vi) == (429, True)
    assert read_label({"label": {"vi": "x"}}) is None
    assert describe_refusal("NEW").title == OTHER[1]


def test_a_sealed_person_is_refused_in_words_that_say_nothing() -> None:
    page = describe_refusal("SUBJECT_SEALED")
    said = f"{page.title.vi} {page.next_step.vi} {page.title.en} {page.next_step.en}".lower()
    assert not re.search(r"niêm phong|bảo vệ|seal|protect", said)


@pytest.mark.parametrize(
    ("kind", "text", "claimed"),
    [
        ("TextAnswer", "  Nguyễn Văn Hòa ", "Nguyễn Văn Hòa"),
        ("TextAnswer", " ", ""),
        ("DateAnswer", "14/5/1980", "1980-05-14"),
        ("DateAnswer", "1980", "1980"),
        ("DateAnswer", "31/02/1980", None),
        ("DateAnswer", "14/05/1980 15/05/1980", None),
        ("DateAnswer", "khoảng 1980", None),
        ("DateAnswer", "", ""),
        ("NumberAnswer", "120.5", "120.5"),
    ],
)
def test_claims(kind: str, text: str, claimed: str | None) -> None:
    assert read_claim(kind, text) == claimed


@pytest.mark.parametrize(
    ("kind", "exact", "shown"),
    [("DateAnswer", "1980-05-14", "14/05/1980"), ("NumberAnswer", "120.5", "120.5"), ("PartyAnswer", None, "")],
)
def test_the_form_of_a_correction_begins_with_the_value_as_it_is(kind: str, exact: str | None, shown: str) -> None:
    assert show_claim(kind, exact) == shown
    assert read_claim(kind, shown) == (exact or "")


def test_codes_are_chosen_by_their_words() -> None:
    assert list_code_options(load_registry(), global_id("MaritalStatus", 1), "state") == MaritalState.codes
    for record, field in ((global_id("Citizen", 1), "fullName"), ("x", "state"), (global_id("Nothing", 1), "state")):
        assert list_code_options(load_registry(), record, field) == {}


def returned(response: Response) -> Request:
    """The request that brings back the cookies of a response."""
    cookie = response.headers.get("set-cookie", "").partition(";")[0]
    return Request({"type": "http", "headers": [(b"cookie", cookie.encode())]})


def test_what_a_page_keeps_comes_back_to_it_alone() -> None:
    response = Response()
    assert keep_values(
        response, "hub_search", {"text": "Nguyễn Văn Hoà; 14/05/1980"}, "/console/found/x", is_secure=True
    )
    assert read_values(returned(response), "hub_search") == {"text": "Nguyễn Văn Hoà; 14/05/1980"}
    attributes = response.headers["set-cookie"].lower()
    assert all(
        part in attributes for part in ("httponly", "secure", "samesite=lax", "path=/console/found/x", "max-age=1800")
    )


def test_an_address_cannot_add_to_a_cookie() -> None:
    response = Response()
    keep_values(response, "a", {}, "/console/dossiers/x; domain=example.org", is_secure=False)
    assert "path=/console/dossiers/x%3b%20domain%3dexample.org" in response.headers["set-cookie"].lower()
    assert "domain=" not in response.headers["set-cookie"].lower()


def test_what_is_too_long_or_malformed_is_not_kept() -> None:
    response = Response()
    assert not keep_values(response, "a", {"text": "x" * MOST_BYTES}, "/", is_secure=False)
    assert "set-cookie" not in response.headers
    for text in ("", "%", "WzFd", "eyJhIjoxfQ", "é"):
        assert read_values(Request({"type": "http", "headers": [(b"cookie", f"a={text}".encode())]}), "a") == {}


@pytest.mark.parametrize(
    "path", sorted(path for path in TEMPLATES.rglob("*") if path.is_file()), ids=lambda path: path.name
)
def test_templates_load_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace('<script src="{{ script_url }}" defer></script>', "")
    assert not re.search(r"https?:|<script|\son\w+=|\sstyle=|\|safe|url\(", text)
