"""Quality of data: /console/quality, and of one source, commune and procedure. For operators, stewards and auditors."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.access.callers.principals import Role
from hub.console.layout.page_base import PageGroup, PagePerson, answer_signed_in
from hub.console.quality.quality_rows import (
    QUALITY_PATH,
    SHOWN_OF_UNIT,
    TREND_HEIGHT,
    TREND_WIDTH,
    Node,
    is_stale,
    make_row,
    procedure_path,
    read_sources,
    read_units,
    source_path,
    unit_path,
)
from hub.console.words import show_instant
from hub.errors import OperationRefused
from hub.model.registry import load_registry
from hub.procedures.declaration.definition import find_procedure
from hub.quality.metrics import DIMENSION_WORDS
from schema.core import Label

PURPOSE, OF_EVERYBODY = "quality", "public"
MAX_MEASUREMENTS = 500
"""Measurements of one page at most. What a page leaves out is told."""
MAX_ROWS = 200
"""Communes of one page: a province has 54, and had 171."""
STEWARDS = frozenset({Role.OPERATOR, Role.REVIEWER})
UNIT_NAMES = """query ($codes: [AdministrativeUnitCode!]) {
  administrativeUnits(first: 500, filter: { unitCode: { in: $codes } }) { nodes { unitCode name } }
}"""


class QualityPages(PageGroup):
    """Measurements, and the way to the rows behind them."""

    roles: ClassVar[frozenset[Role]] = frozenset({Role.OPERATOR, Role.REVIEWER, Role.AUDITOR})
    home: ClassVar[str] = QUALITY_PATH

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(QUALITY_PATH, self.overview_page, methods=["GET"]),
            Route(f"{QUALITY_PATH}/sources/{{source}}", self.source_page, methods=["GET"]),
            Route(f"{QUALITY_PATH}/units", self.units_page, methods=["GET"]),
            Route(f"{QUALITY_PATH}/procedures/{{procedure}}", self.procedure_page, methods=["GET"]),
        ]

    @answer_signed_in
    async def overview_page(self, request: Request, person: PagePerson) -> Response:
        """Every source by its four figures, and procedures."""
        nodes, _ = await self._measure(person, byEntity=False, byField=False, byUnit=False)
        grades = await self.graph.run_purpose(person.headers, OF_EVERYBODY, "SourceGrades", {})
        late = frozenset(one["source"] for one in grades["sourceGrades"] if one["isLate"])
        procedures = [
            (_name_procedure(code), make_row(node, may_see_rows=False, more=procedure_path(code)))
            for node in nodes
            if (code := node["computedOn"]["procedure"]) and not node["computedOn"]["requirement"]
        ]
        values = {
            "here": QUALITY_PATH,
            "sources": read_sources(nodes, self.parts.sources, late),
            "procedures": procedures,
            "units_path": f"{QUALITY_PATH}/units",
            "dimensions": DIMENSION_WORDS,
        }
        return self._show("quality/overview.html", person, nodes, values)

    @answer_signed_in
    async def source_page(self, request: Request, person: PagePerson) -> Response:
        """One source: itself and its kinds of records, or one kind with each of its fields."""
        source, entity = request.path_params["source"], request.query_params.get("entity") or None
        asked = {"entity": entity} if entity else {"byField": False}
        nodes, total = await self._measure(person, source=source, byUnit=False, **asked)
        whole = [node for node in nodes if not node["computedOn"]["entity"]]
        parts = _group_by_entity(node for node in nodes if node["computedOn"]["entity"])
        tables = [(self.parts.name_source(source), "", self._rows(person, whole))] if whole else []
        tables += [
            (_name_entity(name), "" if entity else source_path(source, name), self._rows(person, own))
            for name, own in parts.items()
        ]
        title = self.parts.name_source(source)
        return self._show_tables(
            person, nodes, total, title, tables, back=source_path(source) if entity else QUALITY_PATH
        )

    @answer_signed_in
    async def units_page(self, request: Request, person: PagePerson) -> Response:
        """Communes by their four figures; or one commune, with its kinds of records, or with each field of one."""
        unit = request.query_params.get("unit") or None
        if unit is not None:
            return await self._show_unit(person, unit, request.query_params.get("entity") or None)
        nodes: list[Node] = []
        for metric in SHOWN_OF_UNIT.values():
            found, _ = await self._measure(person, metric=[metric.value], byUnit=True, byEntity=False)
            nodes += found
        units = read_units(nodes, await self._name_units(person, nodes))
        values = {
            "here": "",
            "units": units[:MAX_ROWS],
            "left_out": len(units) - MAX_ROWS,
            "back": QUALITY_PATH,
            "dimensions": DIMENSION_WORDS,
        }
        return self._show("quality/units.html", person, nodes, values)

    @answer_signed_in
    async def procedure_page(self, request: Request, person: PagePerson) -> Response:
        """One procedure, with each requirement."""
        code = request.path_params["procedure"]
        nodes, total = await self._measure(person, procedure=code)
        rows = [
            make_row(node, may_see_rows=False, of=_name_requirement(code, node["computedOn"]["requirement"]))
            for node in nodes
        ]
        title = _name_procedure(code)
        tables = [(Label("Yêu cầu", "Requirements"), "", rows)] if rows else []
        return self._show_tables(person, nodes, total, title, tables)

    async def _show_unit(self, person: PagePerson, unit: str, entity: str | None) -> Response:
        asked = {"entity": entity} if entity else {"byField": False}
        nodes, total = await self._measure(person, unit=unit, **asked)
        names = await self._name_units(person, nodes[:1])
        whole = [node for node in nodes if not node["computedOn"]["entity"]]
        parts = _group_by_entity(node for node in nodes if node["computedOn"]["entity"])
        everything = Label("Mọi loại bản ghi", "All kinds of records")
        tables = [(everything, "", self._rows(person, whole))] if whole else []
        tables += [
            (_name_entity(name), "" if entity else unit_path(unit, name), self._rows(person, own))
            for name, own in parts.items()
        ]
        back = unit_path(unit) if entity else f"{QUALITY_PATH}/units"
        return self._show_tables(person, nodes, total, Label(names.get(unit, unit), unit), tables, back=back)

    async def _measure(self, person: PagePerson, **asked: Any) -> tuple[list[Node], int]:
        """Measurements as the purpose gives them, and how many there are."""
        found = await self.graph.run_purpose(person.headers, PURPOSE, "Quality", {**asked, "first": MAX_MEASUREMENTS})
        return found["quality"]["nodes"], found["quality"]["totalCount"]

    async def _name_units(self, person: PagePerson, nodes: list[Node]) -> Mapping[str, str]:
        codes = sorted({node["computedOn"]["unit"] for node in nodes})
        if not codes:
            return {}
        caller = await self.graph.admit(person.headers, purpose=OF_EVERYBODY)
        found = await self.graph.run(caller, UNIT_NAMES, {"codes": codes})
        return {one["unitCode"]: one["name"] for one in found["administrativeUnits"]["nodes"]}

    def _rows(self, person: PagePerson, nodes: list[Node]) -> list[Any]:
        may_see = bool(STEWARDS & person.principal.roles)
        return [make_row(node, may_see_rows=may_see) for node in nodes]

    def _show_tables(
        self,
        person: PagePerson,
        nodes: list[Node],
        total: int,
        title: Label,
        tables: list[tuple[Label, str, list[Any]]],
        *,
        back: str = QUALITY_PATH,
    ) -> Response:
        left_out = total - len(nodes)
        values = {"here": "", "title": title, "tables": tables, "back": back, "left_out": left_out}
        return self._show("quality/measures.html", person, nodes, values)

    def _show(self, template: str, person: PagePerson, nodes: list[Node], values: Mapping[str, Any]) -> Response:
        measured_at = nodes[0]["measuredAt"] if nodes else None
        shared = {
            "measured_at": show_instant(measured_at),
            "is_stale": is_stale(measured_at, datetime.now(UTC)),
            "trend_box": f"0 0 {TREND_WIDTH} {TREND_HEIGHT}",
            "trend_width": TREND_WIDTH,
            "trend_height": TREND_HEIGHT,
        }
        return self.render(template, person, {**shared, **values})


def _group_by_entity(nodes: Iterable[Node]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in nodes:
        found.setdefault(node["computedOn"]["entity"], []).append(node)
    return found


def _name_entity(name: str) -> Label:
    entity = load_registry().entities.get(name)
    return Label(name, name) if entity is None else entity.label


def _name_procedure(code: str) -> Label:
    try:
        name = find_procedure(code).name
    except OperationRefused:
        return Label(code, code)
    return Label(name.vi, name.en)


def _name_requirement(code: str, requirement: str | None) -> str:
    if requirement is None:
        return "Cả thủ tục"
    try:
        declared = find_procedure(code).by_code.get(requirement)
    except OperationRefused:
        declared = None
    return requirement if declared is None else declared.label.vi
