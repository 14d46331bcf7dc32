"""Withdrawal of a dossier, passed on to what rests on it elsewhere: a transfer's tax obligation has no ground any more.

Each dependent that the procedure names is an event for the systems that asked for it. If none did, an alarm waits for a person.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from psycopg import Connection

from hub.access.alarms import raise_alarm
from hub.access.purpose_declaration import Bilingual, PurposeDeclaration, PurposeOfProcedure
from hub.store.event_outbox import list_dependent_withdrawals, record_dependent_withdrawal

UNTOLD_DEPENDENT = "DEPENDENT_WITHDRAWN"


class PassedOnWay(StrEnum):
    """How a dependent is told."""

    WEBHOOK = "WEBHOOK"
    ALARM = "ALARM"


@dataclass(frozen=True)
class PassedOnWithdrawal:
    """A dependent that is told: by so many receivers of webhooks, or by an alarm if there is none."""

    dependent: str
    name: Bilingual
    receivers: int

    @property
    def way(self) -> PassedOnWay:
        """How it is told."""
        return PassedOnWay.WEBHOOK if self.receivers else PassedOnWay.ALARM


def pass_on_withdrawal(
    connection: Connection[Any], dossier: int, declaration: PurposeDeclaration, principal: str
) -> None:
    """Tell what the procedure names as resting on a dossier. Call it in the transaction that withdraws it."""
    if not isinstance(declaration, PurposeOfProcedure):
        return
    for one in declaration.dependents:
        if not record_dependent_withdrawal(connection, dossier, one.code):
            told = {"dependent": one.code, "procedure": declaration.code}
            raise_alarm(connection, UNTOLD_DEPENDENT, principal=principal, dossier_id=dossier, details=told)


def list_passed_on(
    connection: Connection[Any], dossier_code: str, declaration: PurposeDeclaration
) -> tuple[PassedOnWithdrawal, ...]:
    """Who was told that a dossier was withdrawn; for as long as events are kept."""
    if not isinstance(declaration, PurposeOfProcedure):
        return ()
    names = {one.code: one.name for one in declaration.dependents}
    told = list_dependent_withdrawals(connection, dossier_code)
    return tuple(PassedOnWithdrawal(code, names[code], count) for code, count in told if code in names)
