"""The console of one application: every group of its pages."""

from collections.abc import Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.routing import Route

from hub.access.service import Access
from hub.console.auditor.breach_pages import BreachPages
from hub.console.auditor.log_pages import LogPages
from hub.console.citizen.own_pages import OwnPages
from hub.console.developer.start_pages import DeveloperPages
from hub.console.layout.navigation import find_home
from hub.console.layout.page_base import PageParts
from hub.console.layout.page_graph import ConsoleGraph
from hub.console.layout.page_response import SCRIPT_PATH, STYLE_PATH, serve_script, serve_style
from hub.console.officer.correction_pages import CorrectionPages
from hub.console.officer.dossiers.list_pages import DossierListPages
from hub.console.officer.evidence.evidence_pages import EvidencePages
from hub.console.officer.search_pages import SearchPages
from hub.console.officer.sheet_pages import SheetPages
from hub.console.officer.snapshots.paper_pages import PaperPages
from hub.console.officer.snapshots.rerun_pages import SnapshotPages
from hub.console.operator.source_pages import SourcePages
from hub.console.operator.source_tiles import SourcePromise
from hub.console.operator.state_pages import StatePages
from hub.console.quality.quality_pages import QualityPages
from hub.console.steward.rejected_pages import RejectedPages
from hub.console.steward.review_pages import ReviewPages
from hub.console.steward.sector_pages import SectorPages
from hub.errors import HubError
from hub.graph.execution.execute import Executor
from hub.graph.permission.callers import Gate


class RoutedPages(Protocol):
    """A group of pages."""

    def routes(self) -> list[Route]:
        """Return the routes."""
        ...


class Console:
    """The pages of one application. `promises` and `grades` are what the manifests say of their sources, by name."""

    def __init__(
        self,
        executor: Executor,
        gate: Gate,
        access: Access,
        promises: Mapping[str, SourcePromise],
        *,
        receipt_path: str,
        graphql_path: str,
        grades: Mapping[str, str],
    ) -> None:
        titles = {name: promise.title for name, promise in promises.items()}
        self.parts = PageParts(ConsoleGraph(executor, gate), access, titles, grades)
        self.developer = DeveloperPages(self.parts, graphql_path)
        self.groups: tuple[RoutedPages, ...] = (
            SearchPages(self.parts),
            DossierListPages(self.parts, receipt_path),
            SheetPages(self.parts, receipt_path),
            CorrectionPages(self.parts),
            EvidencePages(self.parts),
            PaperPages(self.parts),
            SnapshotPages(self.parts, receipt_path),
            ReviewPages(self.parts),
            RejectedPages(self.parts),
            SectorPages(self.parts),
            StatePages(self.parts),
            SourcePages(self.parts, promises),
            QualityPages(self.parts),
            LogPages(self.parts),
            BreachPages(self.parts),
            OwnPages(self.parts),
            self.developer,
        )

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(STYLE_PATH, serve_style, methods=["GET"]),
            Route(SCRIPT_PATH, serve_script, methods=["GET"]),
            *(route for group in self.groups for route in group.routes()),
        ]

    async def find_home(self, request: Request) -> str | None:
        """Where whoever is signed in begins; None if nobody is, or there is no page for them."""
        try:
            return find_home((await self.parts.find_signed_in(request)).principal)
        except HubError:
            return None
