"""Sources for operators and stewards: /console/sources, and what waits for a person: /console/sources/waiting."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from hub.access.callers.principals import Role
from hub.console.layout.page_base import PageGroup, PageParts, PagePerson, answer_signed_in
from hub.console.layout.page_graph import GraphRefused
from hub.console.layout.page_response import HEADERS
from hub.console.operator.live_feed import LiveFeed
from hub.console.operator.rejected_groups import DRIFT_APPROVAL, DRIFT_WORDS, GRADE_WORDS, KIND_WORDS, read_rejected
from hub.console.operator.source_tiles import SourcePromise, read_run, read_tiles
from hub.console.words import show_instant
from hub.errors import OperationRefused
from hub.model.labels import find_path_label
from hub.model.registry import load_registry
from schema.core import Label

SOURCES_PATH = "/console/sources"
WAITING_PATH = f"{SOURCES_PATH}/waiting"
LIVE_PATH = "/console/live"
PURPOSE = "operations"
PAUSE_HOURS: Mapping[str, Label] = {
    "1": Label("1 giờ", "1 hour"),
    "8": Label("8 giờ", "8 hours"),
    "24": Label("1 ngày", "1 day"),
    "168": Label("7 ngày", "7 days"),
}
LONGEST_NUMBER = 18
NOTICES: Mapping[str, Label] = {
    "accepted": Label("Đã chấp nhận thay đổi cấu trúc.", "The drift is accepted."),
    "approved": Label("Đã cho phép: lần chạy sau sẽ thực hiện.", "Allowed: the next run does it."),
    "refused": Label("Đã từ chối.", "Refused."),
    "queued": Label("Đã xếp hàng: tiến trình nền sẽ đọc nguồn.", "Queued: a worker reads the source."),
    "waits": Label("Một lần đọc của nguồn này đang chờ sẵn.", "A read of this source waits already."),
    "pause": Label("Đã tạm dừng nguồn.", "The source is paused."),
    "resume": Label("Nguồn được đọc trở lại.", "The source is read again."),
}
GONE = Label(
    "Việc này vừa được người khác quyết định, hoặc không còn.", "Somebody else has just decided it, or it is gone."
)


class SourcePages(PageGroup):
    """Sources. `promises` are what the manifests say, by name."""

    roles: ClassVar[frozenset[Role]] = frozenset({Role.OPERATOR, Role.REVIEWER})
    home: ClassVar[str] = SOURCES_PATH

    def __init__(self, parts: PageParts, promises: Mapping[str, SourcePromise]) -> None:
        super().__init__(parts)
        self.promises = promises
        executor = parts.graph.executor
        self.feed = LiveFeed(executor.reviews.read, lambda: executor.changes.is_ending)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(SOURCES_PATH, self.sources_page, methods=["GET"]),
            Route(SOURCES_PATH, self.act, methods=["POST"]),
            Route(LIVE_PATH, self.listen, methods=["GET"]),
            Route(WAITING_PATH, self.waiting_page, methods=["GET"]),
            Route(WAITING_PATH, self.answer, methods=["POST"]),
        ]

    @answer_signed_in
    async def sources_page(self, request: Request, person: PagePerson) -> Response:
        """A tile for each source, and the newest runs."""
        source = request.query_params.get("source") or None
        found = await self.graph.run_purpose(person.headers, PURPOSE, "Sources", {})
        runs = await self.graph.run_purpose(person.headers, PURPOSE, "SourceRuns", {"source": source, "runs": 20})
        values = {
            "here": SOURCES_PATH,
            "live": LIVE_PATH,
            "can_run": Role.OPERATOR in person.principal.roles,
            "hours": PAUSE_HOURS,
            "notice": NOTICES.get(request.query_params.get("notice", "")),
            "tiles": read_tiles(found["sources"], self.promises, datetime.now(UTC)),
            "runs": [read_run(run) for run in runs["sourceRuns"]],
            "source": source,
        }
        return self.render("operator/sources.html", person, values)

    @answer_signed_in
    async def act(self, request: Request, person: PagePerson) -> Response:
        """Queue a read of a source, pause it, or end its pause."""
        given = request.state.form
        action = next((name for name in ("run", "full", "anyway", "pause", "resume") if name in given), None)
        hours = given.get("hours", "")
        if action is None or (action == "pause" and hours not in PAUSE_HOURS):
            raise OperationRefused("the form has no such button", next_step="use the buttons of the page")
        source = {"source": given[action]}
        if action == "pause":
            await self.graph.run_purpose(person.headers, PURPOSE, "PauseSource", {**source, "hours": int(hours)})
        elif action == "resume":
            await self.graph.run_purpose(person.headers, PURPOSE, "ResumeSource", source)
        else:
            chosen = {"full": action == "full", "anyway": action == "anyway"}
            made = await self.graph.run_purpose(person.headers, PURPOSE, "RunSource", {**source, **chosen})
            action = "queued" if made["runSource"]["isQueued"] else "waits"
        return RedirectResponse(f"{SOURCES_PATH}?notice={action}", 303)

    @answer_signed_in
    async def listen(self, request: Request, person: PagePerson) -> Response:
        """Server-Sent Events for live pages: that something has changed, and not what."""
        if self.feed.is_full:
            raise OperationRefused(code="RATE_LIMITED")
        headers = {**HEADERS, "x-accel-buffering": "no"}
        return StreamingResponse(self.feed.listen(), headers=headers, media_type="text/event-stream")

    @answer_signed_in
    async def waiting_page(self, request: Request, person: PagePerson) -> Response:
        """Approvals, drift, and rejected rows by rule."""
        return await self._show_waiting(request, person, None)

    @answer_signed_in
    async def answer(self, request: Request, person: PagePerson) -> Response:
        """Accept drift, or decide what a run may do."""
        given = request.state.form
        action = next((name for name in ("accept", "approve", "refuse") if name in given), None)
        number = given.get(action or "", "")
        if action is None or not number.isdecimal() or len(number) > LONGEST_NUMBER:
            raise OperationRefused("the form has no such button", next_step="use the buttons of the page")
        operation, more, notice = {
            "accept": ("AcceptDrift", {}, "accepted"),
            "approve": ("DecideRunApproval", {"approve": True}, "approved"),
            "refuse": ("DecideRunApproval", {"approve": False}, "refused"),
        }[action]
        try:
            await self.graph.run_purpose(person.headers, PURPOSE, operation, {"number": int(number), **more})
        except GraphRefused as refused:
            if refused.code != "BAD_USER_INPUT":
                raise
            return await self._show_waiting(request, person, GONE)
        return RedirectResponse(f"{WAITING_PATH}?notice={notice}", 303)

    async def _show_waiting(self, request: Request, person: PagePerson, error: Label | None) -> Response:
        found: dict[str, list[dict[str, Any]]] = {}
        for operation in ("RunApprovals", "SchemaDrift", "RejectedRows"):
            found |= await self.graph.run_purpose(person.headers, PURPOSE, operation, {})
        values = {
            "here": WAITING_PATH,
            "approvals": found["runApprovals"],
            "drift": found["schemaDrift"],
            "rejected": read_rejected(found["rejectedRows"]),
            "kinds": KIND_WORDS,
            "drift_words": DRIFT_WORDS,
            "drift_approval": DRIFT_APPROVAL,
            "grades": GRADE_WORDS,
            "label_of": partial(find_path_label, load_registry()),
            "can_approve": Role.OPERATOR in person.principal.roles,
            "show_instant": show_instant,
            "notice": NOTICES.get(request.query_params.get("notice", "")) if error is None else None,
            "error": error,
        }
        return self.render("operator/waiting.html", person, values, 409 if error else 200)
