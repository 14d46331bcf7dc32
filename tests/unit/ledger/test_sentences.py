"""What citizens are told, word for word: in officials' Vietnamese and in English, and never of anybody else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.ledger.log.concerns import find_categories
from hub.ledger.log.exports import to_find_usage
from hub.ledger.log.sentences import AUTHORITY, LOOKED, CitizenEntry, name_office, name_receiver, write_sentence
from hub.ledger.writing.records import RecordKind
from schema.core import Label
from schema.data_categories import DATA_CATEGORIES

TRANSFER = Label("Chuyển nhượng quyền sử dụng đất", "Transfer of a land-use right")
PATHS = (
    "citizen.fullName",
    "citizen.birthDate",
    "citizen.residence.name",
    "citizen.landUseRights.nodes.certificateSerial",
    "citizen.landUseRights.nodes.parcel.area",
    "citizen.maritalStatuses.nodes.spouse.fullName",
)
READ = CitizenEntry(
    kind="READ",
    outcome="ANSWERED",
    roles=frozenset({"transferor"}),
    what=find_categories(PATHS, own=True),
    office="06820@2025-07-01",
    purpose=TRANSFER,
    is_procedure=True,
    dossier="H49.12-251118-0007",
)
COUNTER = replace(
    READ,
    roles=frozenset({"requested"}),
    what=find_categories(["citizen.fullName"], own=True),
    purpose=Label("Xác định người đến làm thủ tục", "Identify a person at the counter"),
    is_procedure=False,
    dossier=None,
)
GOLDEN: dict[str, tuple[CitizenEntry, str, str]] = {
    "a procedure": (
        READ,
        "Ủy ban nhân dân phường Vàng Danh đã xem thông tin nhân thân, nơi cư trú và quyền sử dụng đất của ông/bà"
        " để giải quyết thủ tục chuyển nhượng quyền sử dụng đất, hồ sơ H49.12-251118-0007.",
        "The People's Committee of Vàng Danh ward viewed your personal particulars, registered residence and land-use rights"
        " for the procedure “Transfer of a land-use right”, dossier H49.12-251118-0007.",
    ),
    "at the counter": (
        COUNTER,
        "Ủy ban nhân dân phường Vàng Danh đã xem họ tên của ông/bà với mục đích xác định người đến làm thủ tục.",
        "The People's Committee of Vàng Danh ward viewed your name for the purpose “Identify a person at the counter”.",
    ),
    "a spouse": (
        replace(READ, roles=frozenset({"incidental"}), what=find_categories(PATHS, own=False)),
        "Họ tên của ông/bà đã được xem cùng với dữ liệu của người khác.",
        "Your name was seen together with the data of another person.",
    ),
    "refused": (
        replace(READ, outcome="REFUSED", what=()),
        "Ủy ban nhân dân phường Vàng Danh đã đề nghị xem dữ liệu của ông/bà để giải quyết thủ tục chuyển nhượng quyền sử dụng đất,"
        " hồ sơ H49.12-251118-0007 nhưng bị từ chối.",
        "The People's Committee of Vàng Danh ward asked for your data for the procedure “Transfer of a land-use right”,"
        " dossier H49.12-251118-0007 and was refused.",
    ),
    "failed": (
        replace(COUNTER, outcome="FAILED"),
        "Ủy ban nhân dân phường Vàng Danh đã đề nghị xem họ tên của ông/bà với mục đích xác định người đến làm thủ tục"
        " nhưng không nhận được.",
        "The People's Committee of Vàng Danh ward asked for your name for the purpose “Identify a person at the counter”"
        " and did not receive it.",
    ),
    "no office": (
        replace(COUNTER, office=None),
        "Một cơ quan nhà nước đã xem họ tên của ông/bà với mục đích xác định người đến làm thủ tục.",
        "A public authority viewed your name for the purpose “Identify a person at the counter”.",
    ),
    "an event": (
        replace(COUNTER, kind="EVENT"),
        "Ủy ban nhân dân phường Vàng Danh đã nhận thông báo thay đổi về họ tên của ông/bà với mục đích xác định người đến làm thủ tục.",
        "The People's Committee of Vàng Danh ward was notified of changes to your name for the purpose"
        " “Identify a person at the counter”.",
    ),
    "a command": (
        replace(COUNTER, kind="COMMAND", office=None, purpose=None, what=()),
        "Người vận hành hệ thống đã xem dữ liệu của ông/bà khi xử lý dữ liệu.",
        "An operator of the hub viewed your data while processing data.",
    ),
    "an export": (
        replace(COUNTER, kind="EXPORT", office=None, purpose=None, what=(), is_local=True),
        "Người vận hành hệ thống đã trích xuất dữ liệu của ông/bà.",
        "An operator of the hub exported your data.",
    ),
    "an audit": (
        replace(COUNTER, kind="AUDIT"),
        "Người có thẩm quyền kiểm tra đã xem nhật ký truy cập dữ liệu của ông/bà.",
        "An auditor viewed the log of access to your data.",
    ),
    "the log, by an operator": (
        replace(COUNTER, kind="AUDIT", office=None, purpose=None, is_local=True),
        "Người vận hành hệ thống đã xem nhật ký truy cập dữ liệu của ông/bà.",
        "An operator of the hub viewed the log of access to your data.",
    ),
    "an export of an office": (
        replace(COUNTER, kind="EXPORT", purpose=None),
        "Ủy ban nhân dân phường Vàng Danh đã trích xuất họ tên của ông/bà.",
        "The People's Committee of Vàng Danh ward exported your name.",
    ),
    "a refused event": (
        replace(COUNTER, kind="EVENT", outcome="REFUSED"),
        "Ủy ban nhân dân phường Vàng Danh đã đề nghị nhận thông báo thay đổi về họ tên của ông/bà"
        " với mục đích xác định người đến làm thủ tục nhưng bị từ chối.",
        "The People's Committee of Vàng Danh ward asked to be notified of changes to your name for the purpose"
        " “Identify a person at the counter” and was refused.",
    ),
    "a refused command": (
        replace(COUNTER, kind="COMMAND", outcome="REFUSED", office=None, purpose=None),
        "Người vận hành hệ thống đã đề nghị xem họ tên của ông/bà khi xử lý dữ liệu nhưng bị từ chối.",
        "An operator of the hub asked for your name while processing data and was refused.",
    ),
    "a refused export": (
        replace(COUNTER, kind="EXPORT", outcome="REFUSED", office=None, purpose=None, what=(), is_local=True),
        "Người vận hành hệ thống đã đề nghị trích xuất dữ liệu của ông/bà nhưng bị từ chối.",
        "An operator of the hub asked to export your data and was refused.",
    ),
    "a refused audit": (
        replace(COUNTER, kind="AUDIT", outcome="REFUSED"),
        "Người có thẩm quyền kiểm tra đã đề nghị xem nhật ký truy cập dữ liệu của ông/bà nhưng bị từ chối.",
        "An auditor asked for the log of access to your data and was refused.",
    ),
    "a failed audit": (
        replace(COUNTER, kind="AUDIT", outcome="FAILED"),
        "Người có thẩm quyền kiểm tra đã đề nghị xem nhật ký truy cập dữ liệu của ông/bà nhưng không nhận được.",
        "An auditor asked for the log of access to your data and did not receive it.",
    ),
    "a refused spouse": (
        replace(READ, roles=frozenset({"incidental"}), outcome="REFUSED", what=find_categories(PATHS, own=False)),
        "Một đề nghị xem dữ liệu của người khác, trong đó có họ tên của ông/bà, đã bị từ chối.",
        "A request for the data of another person, with your name among it, was refused.",
    ),
    "a failed spouse": (
        replace(READ, roles=frozenset({"incidental"}), outcome="FAILED", what=()),
        "Một đề nghị xem dữ liệu của người khác, trong đó có dữ liệu của ông/bà, đã không nhận được kết quả.",
        "A request for the data of another person, with your data among it, was not answered.",
    ),
    "their own data, refused": (
        replace(COUNTER, roles=frozenset({"self"}), outcome="REFUSED"),
        "Ông/bà đã đề nghị xem họ tên của mình qua cổng dịch vụ công nhưng bị từ chối.",
        "You asked for your name on the public-service portal and were refused.",
    ),
    "their own log, refused": (
        replace(COUNTER, roles=frozenset({"self"}), kind="AUDIT", outcome="REFUSED"),
        "Ông/bà đã đề nghị xem nhật ký truy cập dữ liệu của mình nhưng bị từ chối.",
        "You asked for the log of access to your data and were refused.",
    ),
    "their own data": (
        replace(READ, roles=frozenset({"self"})),
        "Ông/bà đã xem thông tin nhân thân, nơi cư trú và quyền sử dụng đất của mình qua cổng dịch vụ công.",
        "You viewed your personal particulars, registered residence and land-use rights on the public-service portal.",
    ),
    "their own log": (
        replace(READ, roles=frozenset({"self"}), kind="AUDIT"),
        "Ông/bà đã xem nhật ký truy cập dữ liệu của mình.",
        "You viewed the log of access to your data.",
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_the_sentence_is_word_for_word(case: str) -> None:
    entry, vietnamese, english = GOLDEN[case]
    assert write_sentence(entry) == Label(vietnamese, english)


@pytest.mark.parametrize("kind", [kind for kind in RecordKind if kind in LOOKED])
@pytest.mark.parametrize("role", ["requested", "transferor", "incidental", "self"])
@pytest.mark.parametrize("outcome", ["REFUSED", "FAILED"])
def test_nobody_is_told_that_something_was_seen_if_it_was_not(kind: str, role: str, outcome: str) -> None:
    told = write_sentence(replace(READ, kind=kind, roles=frozenset({role}), outcome=outcome))
    for words in ("đã xem", "đã được xem", "đã trích xuất", "đã nhận"):
        assert words not in told.vi
    for words in ("viewed", "seen", "exported"):
        assert words not in told.en
    assert ("từ chối" in told.vi) is (outcome == "REFUSED")


@pytest.mark.parametrize("case", [name for name, (entry, *_) in GOLDEN.items() if entry.is_incidental])
def test_the_receiver_tells_whoever_is_incidental_nothing(case: str) -> None:
    entry, *_ = GOLDEN[case]
    assert name_receiver(entry) == AUTHORITY
    usage = to_find_usage([(datetime(2026, 7, 1, tzinfo=UTC), entry)])
    assert "vàng danh" not in str(usage).lower()


@pytest.mark.parametrize("case", [name for name, (entry, *_) in GOLDEN.items() if entry.is_incidental])
def test_whoever_is_incidental_learns_nothing_of_the_other(case: str) -> None:
    entry, *_ = GOLDEN[case]
    told = str(write_sentence(entry)).lower()
    for secret in (TRANSFER.vi, TRANSFER.en, "vàng danh", "h49", "transferor", "quyền sử dụng", "land"):
        assert secret.lower() not in told


@pytest.mark.parametrize(
    ("code", "vi", "en"),
    [
        ("22@2025-07-01", "Ủy ban nhân dân tỉnh Quảng Ninh", "The People's Committee of Quảng Ninh province"),
        ("01@2025-07-01", "Ủy ban nhân dân thành phố Hà Nội", "The People's Committee of Hà Nội city"),
        ("06820@..", "Ủy ban nhân dân phường Trưng Vương", "The People's Committee of Trưng Vương ward"),
    ],
)
def test_offices_have_the_names_of_their_units(code: str, vi: str, en: str) -> None:
    assert name_office(code) == Label(vi, en)


def test_an_office_that_is_no_unit_has_no_name() -> None:
    assert name_office("99999@2025-07-01") is None
    assert name_office(None) is None


@pytest.mark.parametrize(
    ("path", "own", "other"),
    [
        ("citizen.fullName", "họ tên", None),
        ("citizens.nodes.fullName", "họ tên", None),
        ("node[Citizen].birthDate", "thông tin nhân thân", None),
        ("citizen.landUseRights.nodes.certificateSerial", "quyền sử dụng đất", None),
        ("citizen.landUseRights.nodes.parcel.encumbrances.nodes.kind", "quyền sử dụng đất", None),
        ("citizen.taxObligations.nodes.payments.nodes.amount", "nghĩa vụ thuế", None),
        ("citizen.maritalStatuses.nodes.state", "tình trạng hôn nhân", None),
        ("citizen.maritalStatuses.nodes.spouse.fullName", None, "họ tên"),
        ("citizen.maritalStatuses.nodes.spouse.landUseRights.nodes.area", None, "quyền sử dụng đất"),
        ("citizen.memberships.nodes.household.members.nodes.relationship", None, "nơi cư trú"),
        ("citizen.discrepancies.nodes.held", "sai khác giữa các nguồn dữ liệu", None),
        ("landUseRights.nodes.certificateSerial", "quyền sử dụng đất", None),
        ("landUseRights.nodes.holder[Citizen].fullName", "họ tên", "họ tên"),
        ("landUseRights.nodes.holder[Business].legalName", None, None),
        ("landUseRights.nodes.holder[Citizen].maritalStatuses.nodes.spouse.fullName", None, "họ tên"),
        ("business.legalName", "thông tin đăng ký kinh doanh", None),
        ("business.roles.nodes.person.fullName", "họ tên", "họ tên"),
        ("administrativeUnit.name", None, None),
        ("prefill.answers.status", None, None),
    ],
)
def test_a_path_is_ones_own_or_somebody_elses(path: str, own: str | None, other: str | None) -> None:
    for whose, expected in ((True, own), (False, other)):
        assert [label.vi for label in find_categories([path], own=whose)] == ([expected] if expected else [])


def test_a_name_goes_without_saying_beside_the_particulars() -> None:
    both = find_categories(["citizen.fullName", "citizen.sex"], own=True)
    assert [label.vi for label in both] == ["thông tin nhân thân"]


def test_every_category_covers_what_the_vocabulary_has() -> None:
    from hub.model.registry import load_registry

    for category in DATA_CATEGORIES:
        for name in category.covers:
            entity, _, field = name.partition(".")
            if entity == "Discrepancy":
                continue
            known = load_registry()[entity]
            names = {one.name for one in (*known.fields, *known.references, *known.linked)}  # type: ignore[attr-defined]  # it has it
            assert not field or field in names, name
