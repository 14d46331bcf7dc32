"""What a search of the log is written down as: no text that could be a person's."""

from datetime import UTC, datetime

import pytest

from hub.ledger.log.looked_for import FORMS, describe_search, name_principal
from hub.ledger.log.query import LogFilter

NAME, IDENTIFIER = "Nguyễn Văn Hoà 022080683727", "022080683727"


@pytest.mark.parametrize("condition", FORMS)
@pytest.mark.parametrize(
    "typed",
    [NAME, IDENTIFIER, "Nguyen Van Hoa", f"H49.12-251118-{IDENTIFIER}", f"urn:x|{IDENTIFIER}", f"key:{IDENTIFIER}"],
)
def test_a_text_without_a_known_form_is_named_by_its_kind(condition: str, typed: str) -> None:
    assert describe_search(LogFilter(**{condition: typed})) == [f"{condition}=another text"]


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("principal", "urn:hub:demo|an"),
        ("principal", "https://id.example.gov.vn/realms/x|7c9e6679-7425-40de"),
        ("principal", "key:abcdefgh"),
        ("principal", "local:operator"),
        ("app", "one-stop-shop"),
        ("purpose", "identify"),
        ("dossier", "H49.12-251118-0007"),
        ("outcome", "REFUSED"),
        ("kind", "READ"),
        ("code", "NOT_A_SUBJECT"),
        ("office", "06820@2025-07-01"),
    ],
)
def test_what_has_a_known_form_is_written_down(condition: str, value: str) -> None:
    assert describe_search(LogFilter(**{condition: value})) == [f"{condition}={value}"]


def test_a_search_about_a_person_names_nobody() -> None:
    since = datetime(2026, 7, 1, tzinfo=UTC)
    assert describe_search(LogFilter(since=since), of_person=True) == ["since=2026-07-01T00:00:00+00:00", "one person"]


def test_a_leaked_credential_is_named_if_it_is_one() -> None:
    assert (name_principal("key:abcdefgh"), name_principal(NAME)) == ("key:abcdefgh", "another text")
