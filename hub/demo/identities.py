"""The people and the app that the demonstration can be used as: tokens of a local issuer, on this machine only."""

from dataclasses import replace

from hub.access.callers.principals import ClientKind, Role
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer
from hub.demo.land.commune_pairs import PROVINCE_CODE

LAND_OFFICE = "06652"
"""Phường Hà Tu: a commune of the demonstration's province since 2025-07-01."""
BUSINESS_OFFICE = PROVINCE_CODE
"""Business registration is done by the province."""

IDENTITIES = (
    LocalIdentity(
        "land-officer",
        "Cán bộ đăng ký đất đai · Land officer",
        frozenset({Role.OFFICER}),
        frozenset({LAND_OFFICE}),
    ),
    LocalIdentity(
        "business-officer",
        "Cán bộ đăng ký kinh doanh · Business officer",
        frozenset({Role.OFFICER}),
        frozenset({BUSINESS_OFFICE}),
    ),
    LocalIdentity(
        "reviewer", "Người rà soát liên kết · Reviewer of links", frozenset({Role.REVIEWER}), frozenset({PROVINCE_CODE})
    ),
    LocalIdentity("operator", "Người vận hành · Operator", frozenset({Role.OPERATOR}), frozenset({PROVINCE_CODE})),
    LocalIdentity("auditor", "Người kiểm tra · Auditor", frozenset({Role.AUDITOR}), frozenset({PROVINCE_CODE})),
    LocalIdentity("explorer", "Người tra cứu · Explorer (masked data)", client_kind=ClientKind.EXPLORER),
)


CITIZEN = LocalIdentity("citizen", "Công dân, qua cổng dịch vụ công · Citizen", client_kind=ClientKind.APP)
"""A citizen whom a portal has signed in. Whose data it is is known when the province is made."""


def make_local_issuer(host: str, citizen: str | None = None) -> LocalIssuer:
    """Return the issuer of the demonstration's tokens; with the citizen of this personal identifier, if one is given.

    Raises HubMisconfigured unless `host` is a loopback address.
    """
    citizens = () if citizen is None else (replace(CITIZEN, personal_ids=frozenset({citizen})),)
    return LocalIssuer(host, (*IDENTITIES, *citizens))
