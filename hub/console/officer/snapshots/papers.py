"""Papers that may be asked for: what the sheet does not hold, each with the hub's own statement. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.console.officer.sheet import TO_ASK, TO_CONFIRM, Sheet, SheetAnswer
from schema.core import Label

FIELD = "ask."
"""What the names of the form's fields begin with: `ask.contract.` or `ask.marital_status.transferor`."""
MAX_AT_ONCE = 40
NONE_CHOSEN = Label("Đánh dấu ít nhất một mục.", "Tick at least one.")
REFUSALS: Mapping[str, Label] = {
    "VALUE_HELD": Label(
        "Nhà nước đã có thông tin này: không được yêu cầu công dân nộp. Lượt yêu cầu này đã được ghi lại.",
        "The state holds this: the citizen must not be asked for it. The attempt is recorded.",
    ),
    "NOT_ASKED": Label("Trường hợp này không hỏi mục đó.", "It is not asked in this case."),
    "CHOICE_NEEDED": Label(
        "Nhà nước đã có nhiều mục: hãy chọn mục của hồ sơ trước.",
        "The state holds several: choose the one that is meant first.",
    ),
    "PROCEDURE_BLOCKED": Label(
        "Hồ sơ đang bị chặn: giải quyết lý do chặn trước, chưa yêu cầu giấy tờ.",
        "The procedure is blocked: settle that first, before any paper is asked for.",
    ),
    "REQUIREMENT_UNKNOWN": Label("Thủ tục không có mục này.", "The procedure has no such requirement."),
    "TOO_MANY_PAPER_REQUESTS": Label("Hồ sơ đã có quá nhiều yêu cầu.", "Too many papers were asked for already."),
}
"""Refusals of one paper, which the page says beside it."""


@dataclass(frozen=True)
class PaperKey:
    """A requirement, of a role if it is asked of a subject."""

    requirement: str
    role: str | None

    @property
    def field_name(self) -> str:
        """Name of its field in the form."""
        return f"{FIELD}{self.requirement}.{self.role or ''}"


@dataclass(frozen=True)
class PaperLine:
    """A paper as the form lists it. `answers` are those of the sheet that it would settle: several if it is asked of items."""

    key: PaperKey
    label: Label
    answers: tuple[SheetAnswer, ...]
    is_chosen: bool

    @property
    def first(self) -> SheetAnswer:
        """The answer that has the statement."""
        return self.answers[0]

    @property
    def groups(self) -> tuple[Label, ...]:
        """The parties or items that it is about."""
        return tuple(dict.fromkeys(answer.group for answer in self.answers))


@dataclass(frozen=True)
class RefusedPaper:
    """A paper that may not be asked for, and why."""

    label: Label
    why: Label


def list_papers(sheet: Sheet, chosen: Iterable[PaperKey]) -> tuple[PaperLine, ...]:
    """Papers that may be asked for, in the order of the form: first those that nobody holds, then those to confirm."""
    wanted = frozenset(chosen)
    found: dict[PaperKey, list[SheetAnswer]] = {}
    for part in (TO_ASK, TO_CONFIRM):
        for answer in (one for group in sheet.parts[part] for one in group.answers):
            found.setdefault(PaperKey(answer.code, answer.role), []).append(answer)
    return tuple(PaperLine(key, some[0].label, tuple(some), key in wanted) for key, some in found.items())


def read_chosen(given: Mapping[str, str]) -> tuple[PaperKey, ...]:
    """The papers that are ticked in a form, or named by the address of the page."""
    names = [name.removeprefix(FIELD) for name in given if name.startswith(FIELD)]
    parts = [name.partition(".") for name in names[:MAX_AT_ONCE]]
    return tuple(PaperKey(requirement, role or None) for requirement, _, role in parts)


def find_label(sheet: Sheet, key: PaperKey) -> Label:
    """What the sheet calls a requirement, wherever it stands; its code if the sheet does not have it."""
    every = (one for groups in sheet.parts.values() for group in groups for one in group.answers)
    return next((one.label for one in every if one.code == key.requirement), Label(key.requirement, key.requirement))
