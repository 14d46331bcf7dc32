"""The evidence of a link in words: by what the record was matched, and what agreed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.console import words
from hub.console.steward.question_labels import name_linked_field
from hub.model.labels import find_path_label
from hub.model.registry import load_registry
from hub.plan.binds import read_global_id
from schema.core import Label
from schema.linking.vetoes import VETOES

VETO, CONFIRMED = "veto", "CONFIRMED"
METHOD_WORDS: Mapping[str, Label] = {
    "personal_identifier": Label("Khớp số định danh", "by personal identifier"),
    "former_identifier": Label("Khớp số CMND cũ", "by former identifier"),
    "household_head": Label("Khớp số định danh của chủ hộ", "by the identifier of the head of the household"),
    "household_head_former": Label("Khớp số CMND cũ của chủ hộ", "by the former identifier of the head of the household"),
    "personal_identifier_repaired": Label(
        "Khớp số định danh sau khi sửa chữ gõ nhầm hoặc thêm số 0", "by a personal identifier with a letter or a lost zero put right"
    ),
    "former_identifier_repaired": Label(
        "Khớp số CMND cũ sau khi sửa chữ gõ nhầm hoặc thêm số 0", "by a former identifier with a letter or a lost zero put right"
    ),
    "household_head_repaired": Label(
        "Khớp số định danh của chủ hộ sau khi sửa chữ gõ nhầm hoặc thêm số 0",
        "by the identifier of the head of the household with a letter or a lost zero put right",
    ),
    "household_head_former_repaired": Label(
        "Khớp số CMND cũ của chủ hộ sau khi sửa chữ gõ nhầm hoặc thêm số 0",
        "by the former identifier of the head of the household with a letter or a lost zero put right",
    ),
    "household_business_tax_code": Label("Khớp mã số thuế của hộ kinh doanh", "by the tax code of the household business"),
    "household_business_representative": Label("Khớp số định danh của chủ hộ kinh doanh", "by the identifier of the owner"),
    "household_business_representative_former": Label("Khớp số CMND cũ của chủ hộ kinh doanh", "by the former identifier of the owner"),
    "business_name": Label("Trùng tên, mà tên không phải là duy nhất", "by name alone, which is not unique"),
    "enterprise_code": Label("Khớp mã số doanh nghiệp", "by enterprise code"),
    "parcel_identifier": Label("Khớp mã định danh thửa đất", "by parcel identifier"),
    "parcel_number": Label("Khớp số tờ, số thửa tại xã", "by map sheet and number within the commune"),
    "parcel_number_in_predecessor": Label("Khớp số tờ, số thửa tại xã cũ", "by map sheet and number within the former commune"),
    "parcel_number_in_successor": Label("Khớp số tờ, số thửa tại xã mới", "by map sheet and number within the new commune"),
}  # fmt: skip
BY_LIKENESS = Label("Nhiều dấu hiệu trùng nhau", "by much that agrees")
BY_PERSON = Label("Cán bộ rà soát đã xác nhận", "Confirmed by a reviewer")
SURENESS_WORDS: Mapping[str, Label] = {
    CONFIRMED: Label("Đã xác định", "confirmed"),
    "PROBABLE": Label("Rất có thể đúng, chưa ai xác nhận", "probable, confirmed by nobody"),
    "UNCONFIRMED": Label("Chưa xác định: còn chờ rà soát", "not confirmed: it waits for review"),
}
COMPARISON_WORDS: Mapping[str, Label] = {
    "name": Label("Họ tên", "Name"),
    "surname": Label("Họ", "Family name"),
    "middle_names": Label("Tên đệm", "Middle names"),
    "given_name": Label("Tên", "Given name"),
    "birth": Label("Ngày sinh", "Birth date"),
    "birthYear": Label("Năm sinh", "Birth year"),
    "identifier": Label("Số định danh", "Identifier"),
    "former_identifier": Label("Số CMND cũ", "Former identifier"),
    "address": Label("Địa chỉ", "Address"),
    "companions": Label("Người cùng hộ", "People of the household"),
    "taxCode": Label("Mã số thuế", "Tax code"),
    "legalForm": Label("Loại hình", "Legal form"),
    "representative": Label("Người đại diện", "Representative"),
    "area": Label("Diện tích", "Area"),
    "holder": Label("Người sử dụng đất", "Holder"),
}
AGREES, DIFFERS, MISSING = Label("trùng", "agrees"), Label("khác", "differs"), Label("bản ghi không có", "not recorded")
OUTCOME_WORDS: Mapping[str, Label] = {
    **dict.fromkeys(("agrees", "exact", "equal", "same"), AGREES),
    **dict.fromkeys(("differs", "other"), DIFFERS),
    "missing": MISSING,
    "near": Label("gần trùng", "nearly agrees"),
    "similar": Label("gần giống", "similar"),
    "one digit off": Label("sai một chữ số", "one digit off"),
    "same commune": Label("cùng xã", "same commune"),
    "neighbouring commune": Label("xã liền kề", "neighbouring commune"),
    "same former district": Label("cùng huyện cũ", "same former district"),
    "another commune": Label("xã khác", "another commune"),
    "same hamlet": Label("cùng thôn, khu", "same hamlet"),
    "same group of the hamlet": Label("cùng tổ của thôn, khu", "same group of the hamlet"),
    "another hamlet of the commune": Label("thôn, khu khác trong xã", "another hamlet of the commune"),
    "same hamlet, commune not stated": Label("cùng thôn, khu; không ghi xã", "same hamlet, commune not stated"),
    "same group, commune not stated": Label("cùng tổ; không ghi xã", "same group, commune not stated"),
    "another hamlet, commune not stated": Label("thôn, khu khác; không ghi xã", "another hamlet, commune not stated"),
    "equal but for marks": Label("chỉ khác dấu", "equal but for marks"),
    "without marks": Label("viết không dấu", "written without marks"),
    "other marks": Label("dấu khác", "other marks"),
    "exact, protected": Label("trùng", "agrees"),
    "without marks, protected": Label("viết không dấu", "written without marks"),
    "one letter off": Label("khác một chữ cái", "one letter off"),
    "one typing error": Label("gõ sai một ký tự", "one typing error"),
    "abbreviated, initials equal": Label("viết tắt, chữ đầu trùng", "abbreviated, initials agree"),
    "abbreviated, initials differ": Label("viết tắt, chữ đầu khác", "abbreviated, initials differ"),
    "written the other way round": Label("viết đảo thứ tự", "written the other way round"),
    "same day": Label("trùng ngày", "same day"),
    "day and month swapped": Label("đảo ngày và tháng", "day and month swapped"),
    "same year, another day": Label("cùng năm, khác ngày", "same year, another day"),
    "same year, day not stated": Label("cùng năm, không ghi ngày", "same year, day not stated"),
    "a year apart, same day and month": Label("lệch một năm, trùng ngày và tháng", "a year apart, same day and month"),
    "a year apart, day not stated": Label("lệch một năm, không ghi ngày", "a year apart, day not stated"),
    "equal, but of another name": Label("trùng số nhưng khác tên", "agrees, with another name"),
    "former one equal": Label("trùng số cũ", "former one agrees"),
    "former one equal, but of another name": Label(
        "trùng số cũ nhưng khác tên", "former one agrees, with another name"
    ),
    "former one with one typing error": Label("số cũ gõ sai một chữ số", "former one with one typing error"),
    "another, of the same year and sex": Label(
        "số khác, cùng năm sinh và giới tính", "another, of the same year and sex"
    ),
    "another": DIFFERS,
    "possible": Label("có thể trùng", "possible"),
    "recorded with one of the household": Label("ghi cùng người trong hộ", "recorded with one of the household"),
    "neither has one": Label("cả hai không có", "neither has one"),
    "one has none": Label("một bên không có", "one has none"),
}
"""What comparisons of rules, of the model and of businesses come to. A test holds that none is missing."""
VETO_WORDS: Mapping[str, Label] = {veto.code: veto.reason for veto in VETOES}


@dataclass(frozen=True)
class EvidenceLine:
    """One comparison. `is_against`: it speaks against the link."""

    name: Label
    outcome: Label
    is_against: bool


@dataclass(frozen=True)
class LinkReason:
    """Why a record is joined: which of its links, how sure, by what, and each comparison. `is_sure` if the link is confirmed.

    `record` is the kind of record that has the link. `step` is its place on the way to a row several links away, None of a link of
    the row itself.
    """

    field: Label
    record: Label
    step: int | None
    status: Label
    is_sure: bool
    method: Label
    is_by_person: bool
    lines: tuple[EvidenceLine, ...]


def read_reason(node: Mapping[str, Any]) -> LinkReason:
    """A node of `linkEvidence`."""
    is_by_person = node["decidedBy"] == "PERSON"
    return LinkReason(
        field=name_linked_field(node["field"]),
        record=name_record(node["recordId"]),
        step=node["step"],
        status=SURENESS_WORDS.get(node["status"], words.UNKNOWN),
        is_sure=node["status"] == CONFIRMED,
        method=BY_PERSON if is_by_person else METHOD_WORDS.get(node["method"] or "", BY_LIKENESS),
        is_by_person=is_by_person,
        lines=tuple(_read_line(one) for one in node["evidence"] or () if _is_told(one)),
    )


def name_record(record_id: str) -> Label:
    """The kind of record that a global id is of, in words."""
    kind, _ = read_global_id(record_id)
    return find_path_label(load_registry(), kind) if kind else words.UNKNOWN


def _is_told(step: Mapping[str, Any]) -> bool:
    """Whether there are words for it: where a model begins (its prior) says nothing of this record."""
    return step["comparison"] in COMPARISON_WORDS or step["comparison"] == VETO


def _read_line(step: Mapping[str, Any]) -> EvidenceLine:
    outcome = step["outcome"]
    if step["comparison"] == VETO:
        return EvidenceLine(Label("Điều cản trở", "Against it"), VETO_WORDS.get(outcome, Label(outcome, outcome)), True)
    shown = OUTCOME_WORDS.get(outcome, Label(outcome, outcome))
    return EvidenceLine(COMPARISON_WORDS[step["comparison"]], shown, shown is DIFFERS)
