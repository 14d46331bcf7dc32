"""How the hub itself does, for operators: queue and workers, store, requests, linking, keys and sign-ins, at /console/state."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hub.access.callers.principals import Role
from hub.console.layout.page_base import PageGroup, PagePerson, answer_signed_in
from hub.console.words import show_instant
from schema.core import Label

STATE_PATH = "/console/state"
PURPOSE = "operations"
NOTICES: Mapping[str, Label] = {
    "queued": Label("Đã xếp hàng để liên kết lại.", "Linking is queued."),
    "waits": Label("Một lần liên kết đang chờ sẵn.", "Linking waits already."),
}
TASK_WORDS: Mapping[str, Label] = {
    "sync": Label("Đọc nguồn", "Read a source"),
    "replay": Label("Đọc lại bản ghi bị loại", "Replay rejected rows"),
    "link": Label("Liên kết", "Link"),
    "prune": Label("Dọn dữ liệu cũ", "Clean up"),
    "corrections": Label("Gửi yêu cầu chỉnh sửa", "Send corrections"),
    "quality": Label("Đo chất lượng dữ liệu", "Measure quality"),
}
STATUS_WORDS: Mapping[str, Label] = {
    "doing": Label("Đang chạy", "Running"),
    "todo": Label("Đang chờ", "Waiting"),
    "failed": Label("Thất bại", "Failed"),
}
PART_WORDS: Mapping[str, Label] = {
    "data": Label("Dữ liệu hiện nay", "Current data"),
    "history": Label("Lịch sử dữ liệu", "History"),
    "link": Label("Liên kết", "Links"),
    "link_history": Label("Lịch sử liên kết", "History of links"),
    "hub": Label("Vận hành trục", "The hub's own tables"),
    "ledger": Label("Nhật ký khai thác", "Ledger"),
    "staging": Label("Vùng nạp", "Staging"),
    "jobs": Label("Hàng đợi", "Queue"),
}
MODEL_WORDS: Mapping[str, Label] = {"party": Label("Liên kết người và tổ chức", "Linking of people and organisations")}
CHECK_WORDS: Mapping[str, Label] = {
    "enough matches": Label("đủ cặp để học", "enough matches"),
    "bounds": Label("tỷ lệ trong giới hạn", "rates within bounds"),
    "order": Label("mức giống hơn thì nặng hơn", "closer likeness weighs more"),
    "direction": Label("giống thì ủng hộ, khác thì phản đối", "likeness speaks for a match, difference against it"),
    "blocks": Label("học từ nhiều nhóm so sánh", "learned from several blocks"),
    "held-out links": Label("tìm lại được các liên kết đã biết", "known links found again"),
    "precision without identifiers": Label("chính xác khi không có số định danh", "precise without identifiers"),
}
"""The checks of a model before it is used, by their names."""


def list_checks(names: Sequence[str]) -> Label:
    """The names of checks in words, in both languages."""
    labels = [CHECK_WORDS.get(name, Label(name, name)) for name in names]
    return Label("; ".join(label.vi for label in labels), "; ".join(label.en for label in labels))


class StatePages(PageGroup):
    """The state of the hub, for operators."""

    roles: ClassVar[frozenset[Role]] = frozenset({Role.OPERATOR})
    home: ClassVar[str] = STATE_PATH

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(STATE_PATH, self.state_page, methods=["GET"]),
            Route(STATE_PATH, self.run_linking, methods=["POST"]),
        ]

    @answer_signed_in
    async def state_page(self, request: Request, person: PagePerson) -> Response:
        """Everything on one page."""
        found = await self.graph.run_purpose(person.headers, PURPOSE, "HubState", {})
        values = {
            "here": STATE_PATH,
            "state": found["hubState"],
            "total_mb": sum(part["megabytes"] for part in found["hubState"]["storeParts"]),
            "tasks": TASK_WORDS,
            "statuses": STATUS_WORDS,
            "parts": PART_WORDS,
            "models": MODEL_WORDS,
            "list_checks": list_checks,
            "show_instant": show_instant,
            "notice": NOTICES.get(request.query_params.get("notice", "")),
        }
        return self.render("operator/state.html", person, values)

    @answer_signed_in
    async def run_linking(self, request: Request, person: PagePerson) -> Response:
        """Queue linking."""
        made = await self.graph.run_purpose(person.headers, PURPOSE, "RunLinking", {})
        notice = "queued" if made["runLinking"]["isQueued"] else "waits"
        return RedirectResponse(f"{STATE_PATH}?notice={notice}", 303)
