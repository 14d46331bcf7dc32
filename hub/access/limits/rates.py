"""Rates: how much each kind of caller may read, from the settings."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hub.access.callers.principals import ClientKind, Principal, Role
from hub.errors import HubMisconfigured
from hub.settings import Settings

UNLIMITED = sys.maxsize
MOST_SUBJECTS = 100_000
"""Distinct people are counted one by one, in memory and in the store, so a limit cannot be higher."""
CALLER_KINDS = ("officer", "reviewer", "operator", "app", "explorer")
KIND_OF_ROLE: Mapping[Role, str] = {
    Role.OFFICER: "officer",
    Role.REVIEWER: "reviewer",
    Role.OPERATOR: "operator",
    Role.AUDITOR: "operator",
}
KIND_OF_CLIENT: Mapping[ClientKind, str] = {ClientKind.APP: "app", ClientKind.EXPLORER: "explorer"}
RATE = re.compile(r"([a-z]+)=([1-9][0-9]{0,8}|off)")


class RateKind(StrEnum):
    """The limits. The value is the kind of the alarm."""

    READS = "READS_PER_MINUTE"
    SUBJECTS = "SUBJECTS_PER_HOUR"
    REFUSALS = "REFUSALS_PER_HOUR"
    MISSES = "MISSES_PER_HOUR"


@dataclass(frozen=True, slots=True)
class Rates:
    """The most of each that a caller may have: reads in a minute; people, refused reads and failed look-ups in an hour."""

    reads: int
    subjects: int
    refusals: int
    misses: int

    def most(self, kind: RateKind) -> int:
        """The limit of one kind."""
        return {
            RateKind.READS: self.reads,
            RateKind.SUBJECTS: self.subjects,
            RateKind.REFUSALS: self.refusals,
            RateKind.MISSES: self.misses,
        }[kind]


class RateTable:
    """The rates of every kind of caller. Raises HubMisconfigured if a setting is malformed."""

    def __init__(self, settings: Settings) -> None:
        reads = parse_rates("HUB_READS_PER_MINUTE", settings.reads_per_minute)
        subjects = parse_rates("HUB_SUBJECTS_PER_HOUR", settings.subjects_per_hour, most=MOST_SUBJECTS)
        refusals = parse_rates("HUB_REFUSALS_PER_HOUR", settings.refusals_per_hour)
        misses = parse_rates("HUB_MISSES_PER_HOUR", settings.misses_per_hour)
        self._rates = {kind: Rates(reads[kind], subjects[kind], refusals[kind], misses[kind]) for kind in CALLER_KINDS}

    def find(self, principal: Principal) -> Rates:
        """The rates of a principal: of several roles, the highest of each. A person without a role has an officer's."""
        if principal.client_kind is not None:
            return self._rates[KIND_OF_CLIENT[principal.client_kind]]
        found = [self._rates[KIND_OF_ROLE[role]] for role in principal.roles] or [self._rates["officer"]]
        return Rates(
            max(rates.reads for rates in found),
            max(rates.subjects for rates in found),
            max(rates.refusals for rates in found),
            max(rates.misses for rates in found),
        )


def parse_rates(setting: str, text: str, *, most: int = UNLIMITED) -> Mapping[str, int]:
    """`officer=300,…,explorer=off` by kind of caller; each kind must be there. Raises HubMisconfigured."""
    found: dict[str, int] = {}
    for part in text.split(","):
        matched = RATE.fullmatch(part.strip())
        if matched is None or matched[1] not in CALLER_KINDS or matched[1] in found:
            raise _refuse_setting(setting, f"{part.strip()[:40]!r} is not a kind of caller and its limit")
        found[matched[1]] = UNLIMITED if matched[2] == "off" else int(matched[2])
        if matched[2] != "off" and found[matched[1]] > most:
            raise _refuse_setting(setting, f"{matched[1]} may have at most {most:,}")
    missing = [kind for kind in CALLER_KINDS if kind not in found]
    if missing:
        raise _refuse_setting(setting, f"{missing[0]} is missing")
    return found


def _refuse_setting(setting: str, what: str) -> HubMisconfigured:
    return HubMisconfigured(
        f"{setting}: {what}",
        next_step="give each kind a whole number or off, e.g. officer=300,reviewer=2000,operator=2000,app=20000,explorer=off",
    )
