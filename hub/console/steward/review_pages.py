"""Review of links and merges, one question a screen: /console/review, and second opinions: /console/review/checks."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hub.access.callers.principals import Role
from hub.console.layout.page_base import LONGEST_REASON, PageGroup, PagePerson, answer_signed_in
from hub.console.layout.page_cookies import forget_values, keep_values, read_values
from hub.console.layout.page_graph import GraphRefused
from hub.console.steward.question import ReviewQuestion, read_question
from hub.console.steward.question_labels import VERDICT_WORDS, WHY_WORDS, list_field_labels
from hub.errors import OperationRefused
from schema.core import Label

REVIEW_PATH = "/console/review"
CHECKS_PATH = f"{REVIEW_PATH}/checks"
PURPOSE = "review"
DECIDED_COOKIE = "hub_decided"
UNDO_REASON = "Rà soát lại: quyết định vừa rồi chưa đúng"
REASON_TOO_LONG = Label("Lý do tối đa 500 ký tự.", "A reason has at most 500 characters.")
OVERTAKEN: Mapping[str, Label] = {
    "ALREADY_DECIDED": Label("Người khác vừa quyết định câu này.", "Somebody else has just decided this one."),
    "RECORD_NOT_FOUND": Label("Bản ghi không còn nữa.", "The record is gone."),
    "NO_OPEN_QUESTION": Label(
        "Câu này không còn chờ quyết định: bản ghi đã được liên kết hoặc không còn là ứng viên.",
        "This is not an open question any more: the record has been linked, or the two are no longer proposed.",
    ),
    "DECISION_CONFLICT": Label(
        "Trái với một quyết định khác đang có hiệu lực.", "It contradicts another decision that binds."
    ),
    "DECISION_NOT_FOUND": Label("Quyết định không còn nữa.", "The decision is gone."),
    "ALREADY_UNDONE": Label("Quyết định này đã được hoàn tác.", "This decision has been undone already."),
    "SECOND_OPINION_REFUSED": Label(
        "Bạn đã có ý kiến về câu này, hoặc chính bạn đã quyết định.", "You have given your opinion on this one already."
    ),
}
"""Refusals of a decision that the next question answers."""


class ReviewPages(PageGroup):
    """Questions of linking, for reviewers."""

    roles: ClassVar[frozenset[Role]] = frozenset({Role.REVIEWER})
    home: ClassVar[str] = REVIEW_PATH

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(REVIEW_PATH, self.question_page, methods=["GET"]),
            Route(REVIEW_PATH, self.decide, methods=["POST"]),
            Route(CHECKS_PATH, self.check_page, methods=["GET"]),
            Route(CHECKS_PATH, self.decide_second, methods=["POST"]),
        ]

    @answer_signed_in
    async def question_page(self, request: Request, person: PagePerson) -> Response:
        """The next question."""
        return await self._show_question(request, person, None)

    @answer_signed_in
    async def decide(self, request: Request, person: PagePerson) -> Response:
        """Keep a verdict and go to the next question, or take the last verdict back."""
        given = request.state.form
        address = _place_of(request, REVIEW_PATH)
        response = RedirectResponse(address, 303)
        try:
            if "undo" in given:
                values = {"decisionId": given["undo"], "reason": UNDO_REASON}
                await self.graph.run_purpose(person.headers, PURPOSE, "UndoDecision", values)
                kept = {"verdict": "UNDONE"}
            else:
                if len(given.get("reason", "").strip()) > LONGEST_REASON:
                    return await self._show_question(request, person, REASON_TOO_LONG)
                data = await self.graph.run_purpose(person.headers, PURPOSE, "DecideLink", _read_verdict(given))
                made = data["decideLink"]["decision"]
                weight = "" if made["weight"] is None else f"{made['weight']:+.1f}"
                kept = {"id": made["id"], "verdict": made["verdict"], "weight": weight}
        except GraphRefused as refused:
            if refused.code not in OVERTAKEN:
                raise
            return await self._show_question(request, person, OVERTAKEN[refused.code])
        keep_values(response, DECIDED_COOKIE, kept, REVIEW_PATH, is_secure=self.is_secure)
        self.forget_draft(request, response)
        return response

    async def _show_question(self, request: Request, person: PagePerson, error: Label | None) -> Response:
        field, after = request.query_params.get("field") or None, request.query_params.get("after") or None
        operation = "ReviewQuestionOfField" if field else "ReviewQuestion"
        variables: dict[str, Any] = {"one": 1, "after": after} | ({"field": field} if field else {})
        page = (await self.graph.run_purpose(person.headers, PURPOSE, operation, variables))["reviewQueue"]
        question = read_question(page["nodes"][0], self.parts.name_source) if page["nodes"] else None
        decided = read_values(request, DECIDED_COOKIE) if error is None else {}
        place = {"field": field or "", "after": page["pageInfo"]["endCursor"] or ""}
        values = {
            "here": REVIEW_PATH,
            "question": question,
            "total": page["totalCount"],
            "was_passed": after is not None,
            "field": field or "",
            "fields": list_field_labels(),
            "action": _place_of(request, REVIEW_PATH),
            "next_address": f"{REVIEW_PATH}?{urlencode({name: text for name, text in place.items() if text})}",
            "first_address": f"{REVIEW_PATH}?{urlencode({'field': field})}" if field else REVIEW_PATH,
            "decided": decided,
            "verdicts": VERDICT_WORDS,
            "typed": read_typed(self.read_draft(request), question),
            "error": error,
        }
        response = self.render("steward/question.html", person, values, 409 if error else 200)
        if decided:
            forget_values(response, DECIDED_COOKIE, REVIEW_PATH, is_secure=self.is_secure)
        return response

    @answer_signed_in
    async def check_page(self, request: Request, person: PagePerson) -> Response:
        """The next decision that waits for a second opinion, and how far reviewers agree."""
        return await self._show_check(request, person, None)

    @answer_signed_in
    async def decide_second(self, request: Request, person: PagePerson) -> Response:
        """Keep a second opinion. It is counted, and changes no link."""
        given = request.state.form
        try:
            variables = {**_read_verdict(given), "secondOf": given.get("second_of", "")}
            await self.graph.run_purpose(person.headers, PURPOSE, "DecideLink", variables)
        except GraphRefused as refused:
            if refused.code not in OVERTAKEN:
                raise
            return await self._show_check(request, person, OVERTAKEN[refused.code])
        response = RedirectResponse(f"{CHECKS_PATH}?notice=kept", 303)
        self.forget_draft(request, response)
        return response

    async def _show_check(self, request: Request, person: PagePerson, error: Label | None) -> Response:
        waiting = (await self.graph.run_purpose(person.headers, PURPOSE, "ReviewChecks", {"checks": 20}))[
            "reviewChecks"
        ]
        agreed = await self.graph.run_purpose(person.headers, PURPOSE, "ReviewAgreement", {})
        skipped = request.query_params.get("skip", "0")
        place = int(skipped) if skipped.isdecimal() and len(skipped) < 4 else 0
        node = waiting[place] if place < len(waiting) else None
        question = read_question(node, self.parts.name_source) if node else None
        values = {
            "here": CHECKS_PATH,
            "question": question,
            "decision_id": node["decisionId"] if node else "",
            "why": WHY_WORDS[node["why"]] if node else None,
            "total": len(waiting),
            "was_passed": place > 0,
            "next_address": f"{CHECKS_PATH}?skip={place + 1}",
            "first_address": CHECKS_PATH,
            "action": CHECKS_PATH,
            "agreement": agreed["reviewAgreement"],
            "fields": list_field_labels(),
            "was_kept": request.query_params.get("notice") == "kept" and error is None,
            "typed": read_typed(self.read_draft(request), question),
            "error": error,
        }
        return self.render("steward/check.html", person, values, 409 if error else 200)


def read_typed(draft: Mapping[str, str], question: ReviewQuestion | None) -> dict[str, str]:
    """The reason that was typed and not taken, by the candidate that it is about. A reason typed for another question is none of this one."""
    asked = question and (question.field, question.record_id)
    return (
        {draft["subject"]: draft.get("reason", "")}
        if asked == (draft.get("field"), draft.get("record")) and "subject" in draft
        else {}
    )


def _place_of(request: Request, path: str) -> str:
    """The address of this place in the queue: a decided question has left it, so the next one stands here."""
    kept = {name: request.query_params[name] for name in ("field", "after") if request.query_params.get(name)}
    return f"{path}?{urlencode(kept)}" if kept else path


def _read_verdict(given: Mapping[str, str]) -> dict[str, Any]:
    """The variables of DecideLink. Raises OperationRefused if the form has no verdict."""
    verdict = given.get("verdict", "")
    if verdict not in VERDICT_WORDS:
        raise OperationRefused("the form has no verdict", next_step="use the buttons of the page")
    reason = given.get("reason", "").strip() or given.get(f"{verdict.lower()}_reason", "")
    names = {"field": "field", "recordId": "record", "subjectId": "subject"}
    return {name: given.get(field, "") for name, field in names.items()} | {"verdict": verdict, "reason": reason}
