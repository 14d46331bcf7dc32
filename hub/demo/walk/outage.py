"""A source that stops: what the dossiers are answered when it has not been read for weeks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from hub.demo.walk.dossiers import WalkDossier, prefill_again
from hub.demo.walk.office import DemoOffices
from hub.errors import OperationRefused

SYSTEM = "land"
DAYS = 40
"""The land procedures take a value of the last 30 days."""
DATE_BACK = "update hub.stream set as_of = as_of - make_interval(days => %s) where connector = %s"


@dataclass(frozen=True)
class OutageAnswers:
    """What each dossier is answered in the outage, in the order of the dossiers."""

    prefills: tuple[Mapping[str, Any], ...]

    def list_of_system(self) -> list[Mapping[str, Any]]:
        """The answers whose holder is the system that stopped, except those that the case does not ask."""
        return [
            answer
            for prefill in self.prefills
            for answer in prefill["answers"]
            if answer["requirement"]["holder"] == SYSTEM and answer["status"] != "NOT_APPLICABLE"
        ]


def let_time_pass(connection: Connection[Any]) -> None:
    """Date the last complete reads of the system back, as if so many days had gone by: nobody waits for weeks to see it."""
    connection.execute(DATE_BACK, (DAYS, SYSTEM))


async def read_in_outage(offices: DemoOffices, dossiers: Sequence[WalkDossier]) -> OutageAnswers:
    """Prefill the dossiers again. Raises OperationRefused."""
    offices.services.executor.prefills.sources.forget()
    return OutageAnswers(tuple([await prefill_again(offices, dossier) for dossier in dossiers]))


def check_outage(found: OutageAnswers) -> None:
    """Raises OperationRefused unless every answer of the system says that it is old or cannot be given, and none says that there is nothing."""
    answers = found.list_of_system()
    statuses = {answer["status"] for answer in answers}
    if not {"STALE", "UNAVAILABLE"} <= statuses:
        raise OperationRefused(f"the outage shows {', '.join(sorted(statuses))}", next_step="run `hub doctor`")
    hidden = [one for one in answers if one["none"] is not None or one["status"] in ("HELD", "MISSING")]
    if hidden:
        codes = ", ".join(sorted({one["requirement"]["code"] for one in hidden}))
        raise OperationRefused(f"a source that is down looks empty or fresh: {codes}", next_step="report this as a bug")
