"""Access is on everywhere but on loopback, and settings that would open it by mistake are refused at the start."""

import asyncio
import logging
from typing import Any

import pytest

from hub.access.callers.authenticator import OpenAuthenticator, RequestAuthenticator
from hub.access.callers.loopback import is_loopback
from hub.access.callers.principals import Role
from hub.access.service import make_access
from hub.errors import HubMisconfigured
from hub.settings import Settings, load_settings

URL = "postgresql://127.0.0.1:1/none"
ISSUER = {"oidc_issuer": "https://id.example", "oidc_audience": "hub"}


def test_access_is_on_unless_the_operator_turns_it_off() -> None:
    assert Settings.model_fields["access"].default == "on"
    assert isinstance(make_access(load_settings(access="on"), URL).authenticator, RequestAuthenticator)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_off_is_possible_on_loopback_and_warns_at_each_start(host: str, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "hub.access"):
            access = make_access(load_settings(access="off", host=host), URL)
        assert "HUB_ACCESS=off" in caplog.text
        assert isinstance(access.authenticator, OpenAuthenticator)
        everyone = asyncio.run(access.authenticator.authenticate({}, b""))
        assert everyone.roles == frozenset(Role)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "hub.example.gov.vn", "localhost.example", ""])
def test_off_is_refused_on_an_address_that_others_reach(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(HubMisconfigured, match="HUB_ACCESS=off"):
        make_access(load_settings(access="off", host=host), URL)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"oidc_issuer": "https://id.example"}, "HUB_OIDC_AUDIENCE"),
        ({**ISSUER, "oidc_client_id": "hub"}, "are the same"),
        ({**ISSUER, "oidc_algorithms": "none"}, "HUB_OIDC_ALGORITHMS"),
        ({**ISSUER, "oidc_issuer": "http://id.example"}, "HUB_OIDC_ISSUER"),
        ({"oidc_client_id": "pages"}, "HUB_OIDC_ISSUER"),
        ({**ISSUER, "oidc_client_id": "pages", "host": "0.0.0.0"}, "HUB_PUBLIC_URL"),
        ({"public_url": "http://hub.example.gov.vn"}, "HUB_PUBLIC_URL"),
        ({"public_url": "hub.example.gov.vn"}, "HUB_PUBLIC_URL"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(HubMisconfigured, match=says) as refused:
        make_access(load_settings(access="on", **settings), URL)
    assert refused.value.next_step
