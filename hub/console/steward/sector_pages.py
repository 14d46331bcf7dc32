"""What sectors have to mend: discrepancies and corrections by sector at /console/discrepancies, and the file for each sector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.access.callers.principals import Role
from hub.console.layout.page_base import PageGroup, PagePerson, answer_signed_in
from hub.console.layout.page_response import HEADERS
from hub.console.words import VIETNAM, show_instant
from hub.errors import OperationRefused
from hub.model.labels import find_label, find_path_label
from hub.model.registry import load_registry
from schema.core import Label

DISCREPANCIES_PATH = "/console/discrepancies"
COUNTS, PURPOSE = "operations", "handover"
SECTOR_WORDS: Mapping[str, Label] = {
    "citizen": Label("Dân cư, hộ tịch", "Population and civil status"),
    "land": Label("Đất đai", "Land"),
    "finance": Label("Thuế, tài chính", "Tax and finance"),
    "business": Label("Đăng ký kinh doanh", "Business registration"),
    "insurance": Label("Bảo hiểm xã hội", "Social insurance"),
}
KIND_WORDS: Mapping[str, Label] = {
    "DIFFERS": Label("Khác giá trị", "Differs"),
    "SPELLING": Label("Chỉ khác dấu", "Spelling"),
}
STATE_WORDS: Mapping[str, Label] = {
    "OPEN": Label("Chờ trả lời", "Open"),
    "SENT": Label("Đã gửi", "Sent"),
    "ACKNOWLEDGED": Label("Nguồn đã nhận", "Acknowledged"),
    "REOPENED": Label("Mở lại", "Reopened"),
    "REFUSED": Label("Từ chối", "Refused"),
    "WITHDRAWN": Label("Đã rút", "Withdrawn"),
    "RESOLVED": Label("Đã sửa", "Resolved"),
}


@dataclass(frozen=True)
class SectorWork:
    """What one sector has to mend, its largest groups first."""

    code: str
    name: Label
    rows: int
    groups: Sequence[Mapping[str, Any]]


class SectorPages(PageGroup):
    """Discrepancies and corrections, for stewards and operators."""

    roles: ClassVar[frozenset[Role]] = frozenset({Role.OPERATOR, Role.REVIEWER})
    home: ClassVar[str] = DISCREPANCIES_PATH

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(DISCREPANCIES_PATH, self.discrepancies_page, methods=["GET"]),
            Route(DISCREPANCIES_PATH, self.export, methods=["POST"]),
        ]

    @answer_signed_in
    async def discrepancies_page(self, request: Request, person: PagePerson) -> Response:
        """Counts by sector, and corrections that wait for their source."""
        overdue = request.query_params.get("overdue") == "1"
        chosen = read_choice(request.query_params)
        asked = {**chosen, "sector": chosen["sector"].upper() if "sector" in chosen else None}
        is_closed = request.query_params.get("closed") == "1"
        counts = await self.graph.run_purpose(person.headers, COUNTS, "DiscrepancyCounts", {**asked, "closed": is_closed})  # fmt: skip
        waiting = await self.graph.run_purpose(person.headers, COUNTS, "SourceCorrections", {"source": None, "overdue": overdue})  # fmt: skip
        corrections = waiting["sourceCorrections"]
        values = {
            "here": DISCREPANCIES_PATH,
            "chosen": chosen,
            "chosen_label": name_choice(chosen),
            "is_closed": is_closed,
            "other_state": f"{DISCREPANCIES_PATH}?{urlencode({**chosen, 'closed': 0 if is_closed else 1})}",
            "sectors": group_by_sector(counts["discrepancyCounts"]),
            "kinds": KIND_WORDS,
            "label_of": partial(find_path_label, load_registry()),
            "corrections": corrections,
            "late": sum(one["isOverdue"] for one in corrections),
            "is_overdue": overdue,
            "states": STATE_WORDS,
            "show_instant": show_instant,
        }
        return self.render("steward/discrepancies.html", person, values)

    @answer_signed_in
    async def export(self, request: Request, person: PagePerson) -> Response:
        """The file of one sector."""
        given = request.state.form
        sector, kind = given.get("sector", ""), given.get("kind") or None
        if sector not in {entity.sector for entity in load_registry()} or kind not in (None, *KIND_WORDS):
            raise OperationRefused("the form has no such button", next_step="use the buttons of the page")
        chosen = {name: given[name] for name in ("entity", "field") if given.get(name)}
        variables = {"sector": sector.upper(), "kind": kind, **chosen}
        found = await self.graph.run_purpose(person.headers, PURPOSE, "DiscrepancyHandover", variables)
        name = f"sai-lech-{sector}-{datetime.now(UTC).astimezone(VIETNAM):%Y%m%d-%H%M}.csv"
        headers = {**HEADERS, "content-disposition": f'attachment; filename="{name}"'}
        # Excel reads a file as UTF-8 if it begins with the mark.
        return Response("\ufeff" + found["discrepancyHandover"]["csv"], 200, headers, media_type="text/csv")


def read_choice(given: Mapping[str, str]) -> dict[str, str]:
    """The sector, kind of record and column that an address names, as far as the vocabulary has them."""
    known = load_registry()
    found = {name: given[name] for name in ("sector", "entity", "field") if given.get(name)}
    if found.get("sector") not in {entity.sector for entity in known}:
        found.pop("sector", None)
    if found.get("entity") not in known.entities:
        found.pop("entity", None)
        found.pop("field", None)
    return found


def name_choice(chosen: Mapping[str, str]) -> Label | None:
    """The choice in words; None if everything is shown."""
    if "entity" in chosen:
        return find_label(load_registry(), chosen["entity"], chosen.get("field"))
    return SECTOR_WORDS.get(chosen["sector"], Label(*[chosen["sector"]] * 2)) if "sector" in chosen else None


def group_by_sector(nodes: Sequence[Mapping[str, Any]]) -> tuple[SectorWork, ...]:
    """The counts by sector, the most first."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for node in nodes:
        found.setdefault(node["sector"], []).append(node)
    made = (
        SectorWork(code, SECTOR_WORDS.get(code, Label(code, code)), sum(one["rows"] for one in groups), groups)
        for code, groups in found.items()
    )
    return tuple(sorted(made, key=lambda work: (-work.rows, work.code)))
