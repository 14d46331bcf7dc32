"""The dossiers of a caller's offices, newest first, as JSON of one statement. They have no value of any subject."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.access.callers.principals import Principal
from hub.access.dossiers.offices import find_unit
from hub.errors import OperationRefused
from schema import units

MAX_PAGE = 100
STATES: Mapping[str, str] = {
    "OPEN": "Data may be read under it.",
    "EXPIRED": "Its time is over, and nobody has closed it.",
    "CLOSED": "The procedure was completed or refused.",
    "WITHDRAWN": "The applicant took it back.",
}
CONDITIONS = """d.office = any($1::text[])
    and ($2::text is null or $2 = coalesce(d.outcome, case when d.expires_at > now() then 'OPEN' else 'EXPIRED' end))
    and ($3::text is null or d.purpose = $3)
    and ($4::text is null or starts_with(d.code, $4))
    and ($5::text is null or d.opened_by = $5)
    and ($11::timestamptz is null or d.outcome is null and d.expires_at > now() and d.expires_at < $11)
    and d.purpose = any($12::text[])
    and (d.opened_via <> 'EMERGENCY' or d.opened_by = $10::text or d.confirmed_at is null)"""
"""Emergency access is its requester's; a colleague sees it while it waits for a second officer."""
SELECT_DOSSIERS = f"""
select json_build_object(
    'total', case when $6::boolean then (select count(*) from hub.dossier d where {CONDITIONS}) end,
    'dossiers', coalesce((
        select json_agg(json_build_object(
            'id', p.id, 'code', p.code, 'purpose', p.purpose, 'purpose_version', p.purpose_version, 'office', p.office,
            'opened_at', p.opened_at, 'expires_at', p.expires_at, 'ended_at', p.ended_at, 'outcome', p.outcome,
            'subjects', (
                select coalesce(json_agg(json_build_object(
                    'role', s.role, 'kind', s.entity, 'found', s.subject_id is not null) order by s.id), '[]'::json)
                from hub.dossier_subject s
                where s.dossier_id = p.id
            )
        ) order by p.opened_at desc, p.id desc)
        from (
            select d.*
            from hub.dossier d
            where {CONDITIONS} and ($7::timestamptz is null or (d.opened_at, d.id) < ($7, $8::bigint))
            order by d.opened_at desc, d.id desc
            limit $9::bigint
        ) p
    ), '[]'::json)
)::text"""  # noqa: S608 constants


@dataclass(frozen=True)
class WantedDossiers:
    """Which dossiers to list; None does not restrict. `state` is one of STATES, `is_own`: opened by the caller.

    `expires_before` keeps those that are open now and will not be at this instant.
    """

    state: str | None = None
    purpose: str | None = None
    code_prefix: str | None = None
    is_own: bool = False
    expires_before: datetime | None = None
    size: int = 20
    after: str | None = None
    is_counted: bool = False

    def list_parameters(self, principal: Principal, usable: Sequence[str]) -> tuple[Any, ...]:
        """The parameters of SELECT_DOSSIERS, which gives one row more than the page has. `usable` are the purposes that the
        principal may use: dossiers of others are not listed. Raises OperationRefused.
        """
        if not 1 <= self.size <= MAX_PAGE:
            raise OperationRefused(
                f"first must be 1 to {MAX_PAGE}",
                code="BAD_PAGE_SIZE",
                next_step=f"ask for {MAX_PAGE} and follow `endCursor`",
            )
        opened_at, number = read_cursor(self.after) if self.after is not None else (None, None)
        prefix = self.code_prefix.strip().upper() if self.code_prefix is not None else None
        own = principal.id if self.is_own else None
        conditions = (list_offices(principal), self.state, self.purpose, prefix, own)
        page = (self.is_counted, opened_at, number, self.size + 1)
        return (*conditions, *page, principal.id, self.expires_before, list(usable))


def list_offices(principal: Principal) -> list[str]:
    """The units whose dossiers a principal may see: those of its offices, those they continue, and those that continue them."""
    own = {unit for unit in map(find_unit, principal.offices) if unit is not None}
    return sorted(
        {other for unit in own for other in (unit, *units.find_successors(unit), *units.find_predecessors(unit))}
    )


def make_cursor(opened_at: str, number: int) -> str:
    """The cursor of a dossier, by when it was opened and its number."""
    return base64.urlsafe_b64encode(f"{opened_at} {number}".encode()).decode()


def read_cursor(text: str) -> tuple[datetime, int]:
    """The instant and the number within a cursor. Raises OperationRefused with BAD_CURSOR."""
    try:
        opened_at, _, number = base64.b64decode(text.encode(), altchars=b"-_", validate=True).decode().partition(" ")
        instant = datetime.fromisoformat(opened_at)
        if instant.tzinfo is None or not 0 <= int(number) < 2**63:
            raise ValueError
        return instant, int(number)
    except (ValueError, binascii.Error):
        raise OperationRefused(
            "after is no cursor of dossiers",
            code="BAD_CURSOR",
            next_step="take `endCursor` of the page before, as it is",
        ) from None
