"""What a citizen is told of one entry: a sentence in Vietnamese and in English. It names nobody else.

Of someone whose data came along with another person's (a spouse, a co-holder) it says which of their data were read, and nothing of why: the
procedure, the office and the dossier would tell of the other person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.ledger.writing.records import INCIDENTAL_ROLE, SELF_ROLE, RecordKind
from schema import units
from schema.core import Label

DATA = Label("dữ liệu", "data")
OPERATOR = Label("Người vận hành hệ thống", "An operator of the hub")
AUDITOR = Label("Người có thẩm quyền kiểm tra", "An auditor")
AUTHORITY = Label("Một cơ quan nhà nước", "A public authority")
COMMITTEE = Label("Ủy ban nhân dân {}", "The People's Committee of {}")
KINDS_OF_UNIT = {
    "Phường": "{} ward", "Xã": "{} commune", "Thị trấn": "{} township", "Đặc khu": "{} special zone", "Quận": "{} district",
    "Huyện": "{} district", "Thị xã": "{} town", "Thành phố": "{} city", "Tỉnh": "{} province",
}  # fmt: skip
LOOKED: dict[str, Label] = {
    "READ": Label("đã xem {what} của ông/bà{reason}", "viewed your {what}{reason}"),
    "EVENT": Label(
        "đã nhận thông báo thay đổi về {what} của ông/bà{reason}", "was notified of changes to your {what}{reason}"
    ),
    "COMMAND": Label("đã xem {what} của ông/bà khi xử lý dữ liệu", "viewed your {what} while processing data"),
    "EXPORT": Label("đã trích xuất {what} của ông/bà", "exported your {what}"),
    "AUDIT": Label("đã xem nhật ký truy cập dữ liệu của ông/bà", "viewed the log of access to your data"),
}
ASKED: dict[str, Label] = {
    "READ": Label("đã đề nghị xem {what} của ông/bà{reason}", "asked for your {what}{reason}"),
    "EVENT": Label(
        "đã đề nghị nhận thông báo thay đổi về {what} của ông/bà{reason}",
        "asked to be notified of changes to your {what}{reason}",
    ),
    "COMMAND": Label(
        "đã đề nghị xem {what} của ông/bà khi xử lý dữ liệu", "asked for your {what} while processing data"
    ),
    "EXPORT": Label("đã đề nghị trích xuất {what} của ông/bà", "asked to export your {what}"),
    "AUDIT": Label("đã đề nghị xem nhật ký truy cập dữ liệu của ông/bà", "asked for the log of access to your data"),
}
"""Requests that were not answered. An ending of UNANSWERED follows."""
OWN: dict[str, Label] = {
    "READ": Label("Ông/bà đã xem {what} của mình qua cổng dịch vụ công", "You viewed your {what} on the public-service portal"),
    "AUDIT": Label("Ông/bà đã xem nhật ký truy cập dữ liệu của mình", "You viewed the log of access to your data"),
}  # fmt: skip
OWN_ASKED: dict[str, Label] = {
    "READ": Label(
        "Ông/bà đã đề nghị xem {what} của mình qua cổng dịch vụ công",
        "You asked for your {what} on the public-service portal",
    ),
    "AUDIT": Label(
        "Ông/bà đã đề nghị xem nhật ký truy cập dữ liệu của mình", "You asked for the log of access to your data"
    ),
}
UNANSWERED: dict[str, Label] = {
    "REFUSED": Label(" nhưng bị từ chối", " and {were} refused"),
    "FAILED": Label(" nhưng không nhận được", " and did not receive it"),
}
"""How it ended, by outcome, if nobody saw anything."""
ALONG = Label(
    "{what} của ông/bà đã được xem cùng với dữ liệu của người khác",
    "Your {what} was seen together with the data of another person",
)
ALONG_ASKED: dict[str, Label] = {
    "REFUSED": Label(
        "một đề nghị xem dữ liệu của người khác, trong đó có {what} của ông/bà, đã bị từ chối",
        "A request for the data of another person, with your {what} among it, was refused",
    ),
    "FAILED": Label(
        "một đề nghị xem dữ liệu của người khác, trong đó có {what} của ông/bà, đã không nhận được kết quả",
        "A request for the data of another person, with your {what} among it, was not answered",
    ),
}
FOR_PROCEDURE = Label(" để giải quyết thủ tục {purpose}", " for the procedure “{purpose}”")
FOR_PURPOSE = Label(" với mục đích {purpose}", " for the purpose “{purpose}”")
ON_DOSSIER = Label(", hồ sơ {dossier}", ", dossier {dossier}")


@dataclass(frozen=True)
class CitizenEntry:
    """An entry as it is put into words for one person. `roles` are that person's; `what` is theirs too."""

    kind: str
    outcome: str
    roles: frozenset[str]
    what: tuple[Label, ...]
    office: str | None
    purpose: Label | None
    is_procedure: bool
    dossier: str | None
    is_local: bool = False
    """Whether it was asked for on the hub's own machine: by an operator, whatever it is."""

    @property
    def is_incidental(self) -> bool:
        """Whether the person's data only came along with another person's."""
        return self.roles == {INCIDENTAL_ROLE}

    @property
    def is_own(self) -> bool:
        """Whether the person asked for it."""
        return SELF_ROLE in self.roles


def write_sentence(entry: CitizenEntry) -> Label:
    """The sentence for one entry, with a full stop."""
    what = Label(_join([label.vi for label in entry.what], "và"), _join([label.en for label in entry.what], "and"))
    what = what if entry.what else DATA
    ending = UNANSWERED.get(entry.outcome)
    if entry.is_incidental:
        text = _fill(ALONG_ASKED.get(entry.outcome, ALONG), what=what)
        text = Label(text.vi[:1].upper() + text.vi[1:], text.en)
    elif entry.is_own:
        done = OWN if ending is None else OWN_ASKED
        text = _fill(done.get(entry.kind, done["READ"]), what=what)
    else:
        done, reader = LOOKED if ending is None else ASKED, _name_reader(entry)
        text = _fill(done.get(entry.kind, done["READ"]), what=what, reason=_give_reason(entry))
        text = Label(f"{reader.vi} {text.vi}", f"{reader.en} {text.en}")
    if ending is not None and not entry.is_incidental:
        text = _add(text, _fill(ending, were=Label("", "were" if entry.is_own else "was")))
    return _add(text, Label(".", "."))


def name_receiver(entry: CitizenEntry) -> Label:
    """The authority that got the data, as far as the person may learn of it: never of somebody else's business, and never an officer."""
    known = None if entry.is_incidental else name_office(entry.office)
    return known or AUTHORITY


def name_office(code: str | None) -> Label | None:
    """The authority of an administrative unit, e.g. Ủy ban nhân dân Phường Vàng Danh; None if the code names no unit."""
    name = None if code is None else units.find_name(code)
    if name is None:
        return None
    kind = next((kind for kind in sorted(KINDS_OF_UNIT, key=len, reverse=True) if name.startswith(f"{kind} ")), None)
    if kind is None:
        return Label(COMMITTEE.vi.format(name), COMMITTEE.en.format(name))
    bare = name.removeprefix(f"{kind} ")
    return Label(COMMITTEE.vi.format(f"{kind.lower()} {bare}"), COMMITTEE.en.format(KINDS_OF_UNIT[kind].format(bare)))


def _name_reader(entry: CitizenEntry) -> Label:
    if entry.is_local or entry.kind == RecordKind.COMMAND:
        return OPERATOR
    return AUDITOR if entry.kind == RecordKind.AUDIT else name_office(entry.office) or AUTHORITY


def _give_reason(entry: CitizenEntry) -> Label:
    if entry.purpose is None or entry.kind == RecordKind.AUDIT:
        return Label("", "")
    text = _fill(
        FOR_PROCEDURE if entry.is_procedure else FOR_PURPOSE,
        purpose=Label(_uncapitalise(entry.purpose.vi), entry.purpose.en),
    )
    if entry.is_procedure and entry.dossier is not None:
        text = _add(text, _fill(ON_DOSSIER, dossier=Label(entry.dossier, entry.dossier)))
    return text


def _uncapitalise(text: str) -> str:
    return text[:1].lower() + text[1:]


def _fill(template: Label, **values: Label) -> Label:
    return Label(
        template.vi.format(**{name: value.vi for name, value in values.items()}),
        template.en.format(**{name: value.en for name, value in values.items()}),
    )


def _add(first: Label, second: Label) -> Label:
    return Label(first.vi + second.vi, first.en + second.en)


def _join(words: Sequence[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""
