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
STAFF = frozenset({RecordKind.COMMAND, RecordKind.EXPORT})
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
TRIED: dict[str, Label] = {
    "REFUSED": Label(
        "đã đề nghị xem {what} của ông/bà{reason} nhưng bị từ chối", "asked for your {what}{reason} and was refused"
    ),
    "FAILED": Label(
        "đã đề nghị xem {what} của ông/bà{reason} nhưng không nhận được",
        "asked for your {what}{reason} and did not receive it",
    ),
}
OWN: dict[str, Label] = {
    "READ": Label("Ông/bà đã xem {what} của mình qua cổng dịch vụ công", "You viewed your {what} on the public-service portal"),
    "AUDIT": Label("Ông/bà đã xem nhật ký truy cập dữ liệu của mình", "You viewed the log of access to your data"),
}  # fmt: skip
ALONG = Label(
    "{what} của ông/bà đã được xem cùng với dữ liệu của người khác",
    "Your {what} was seen together with the data of another person",
)
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
    if entry.is_own:
        text = _fill(OWN.get(entry.kind, OWN["READ"]), what=what)
    elif entry.is_incidental:
        text = _fill(ALONG, what=what)
        text = Label(text.vi[:1].upper() + text.vi[1:], text.en)
    else:
        tried = TRIED.get(entry.outcome) if entry.kind == RecordKind.READ else None
        done = tried or LOOKED.get(entry.kind, LOOKED["READ"])
        reader = _name_reader(entry)
        text = _fill(done, what=what, reason=_give_reason(entry))
        text = Label(f"{reader.vi} {text.vi}", f"{reader.en} {text.en}")
    return _add(text, Label(".", "."))


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
    if entry.kind == RecordKind.AUDIT:
        return AUDITOR
    if entry.kind in STAFF:
        return OPERATOR
    return name_office(entry.office) or AUTHORITY


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
