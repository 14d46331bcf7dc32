"""What waits of sources, in words: kinds of approvals and drift, rules of rejected rows and the form they expect. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.console.words import show_instant
from hub.model.labels import find_label
from hub.model.registry import load_registry
from schema.core import Label

KIND_WORDS: Mapping[str, Label] = {
    "DELETES": Label("Xóa bản ghi", "Delete rows"),
    "SHRUNK": Label("Danh sách ngắn đi nhiều", "Accept a shorter list"),
    "VALUES": Label("Đổi hoặc xóa nhiều giá trị", "Change or empty many values"),
    "DRIFT": Label("Đọc tiếp dù cấu trúc đã đổi", "Read on in spite of drift"),
    "ADDED": Label("Cột mới", "Added"),
    "REMOVED": Label("Mất cột", "Removed"),
    "RENAMED": Label("Đổi tên cột", "Renamed"),
    "EMPTIED": Label("Cột bị bỏ trống", "Emptied"),
    "RETYPED": Label("Đổi kiểu dữ liệu", "Retyped"),
    "CODE": Label("Mã mới", "New code"),
}
RULE_WORDS: Mapping[str, Label] = {
    "required": Label("Thiếu giá trị bắt buộc", "A required value is missing"),
    "pattern": Label("Không đúng dạng", "Not of the form"),
    "two_readings": Label("Số có thể hiểu hai cách", "A number with two readings"),
    "ambiguous": Label("Có nhiều mục cùng phù hợp", "Several items fit"),
    "unreadable": Label("Không đọc được thành bản ghi", "Not readable as a record"),
    "code": Label("Mã không có trong danh mục", "A code that no list has"),
    "date": Label("Ngày không hợp lệ", "Not a date"),
    "range": Label("Ngoài khoảng cho phép", "Out of range"),
    "unit": Label("Không có đơn vị hành chính này", "No such administrative unit"),
    "check_digit": Label("Sai số kiểm tra", "Wrong check digit"),
    "duplicate_key": Label("Trùng khóa", "Two rows of one key"),
    "duplicate_source_key": Label("Trùng khóa của nguồn", "Two rows of one source key"),
}
"""Every rule that a row can break; a test holds that none is missing."""
DRIFT_WORDS: Mapping[str, Label] = {
    "ADDED": Label(
        "Nguồn gửi một cột mà khai báo kết nối không ánh xạ và cũng không bỏ qua",
        "The source sends a column that its manifest neither maps nor ignores",
    ),
    "REMOVED": Label("Nguồn không còn gửi cột này", "The source no longer sends this column"),
    "RENAMED": Label(
        "Nguồn không còn gửi cột này; có lẽ cột đã đổi tên", "The source no longer sends it: probably it has a new name"
    ),
    "EMPTIED": Label("Cột này trước có giá trị, nay để trống", "The column had values, and is empty now"),
    "RETYPED": Label(
        "Giá trị của cột nay thuộc kiểu khác trước", "The values of the column are of another kind than before"
    ),
    "CODE": Label(
        "Cột có mã mà danh mục trong khai báo không có", "The column has codes that the list of the manifest lacks"
    ),
}
"""What each kind of drift means, in a sentence. The finding's own detail stands beside it."""
DRIFT_APPROVAL = Label(
    "Cấu trúc nguồn đã đổi so với khai báo, nên lần chạy dừng lại trước khi ghi. Cho phép thì lần sau đọc tiếp.",
    "The source differs from its manifest, so the run stopped before it wrote. If allowed, the next one reads on.",
)
GRADE_WORDS: Mapping[str, Label] = {
    "INFO": Label("để biết", "for information"),
    "WARNING": Label("cần xem", "look at it"),
    "BREAKING": Label("ảnh hưởng thủ tục", "breaking"),
}


@dataclass(frozen=True)
class RejectedGroup:
    """Rows that broke one rule in one field, `name` has the kind of record in words. `expected` is an example of the form that the field has."""

    source: str
    stream: str
    field: str
    name: Label
    rule: Label
    rows: int
    oldest: str
    expected: str


def read_rejected(nodes: Sequence[Mapping[str, Any]]) -> tuple[RejectedGroup, ...]:
    """The groups, the most rows first."""
    return tuple(
        RejectedGroup(
            source=node["source"],
            stream=node["stream"],
            field=f"{node['entity']}.{node['field']}" if node["field"] else node["entity"],
            name=find_label(load_registry(), node["entity"], node["field"]),
            rule=RULE_WORDS.get(node["rule"], Label(node["rule"], node["rule"])),
            rows=node["rows"],
            oldest=show_instant(node["oldest"]),
            expected=find_expected(node["entity"], node["field"]),
        )
        for node in nodes
    )


def find_expected(entity: str, field: str | None) -> str:
    """An example of a value of the field; empty if it has none."""
    known = {one.name: one for one in load_registry()}
    if field is None or entity not in known:
        return ""
    column = next((one for one in known[entity].columns if one.name == field), None)
    examples: Sequence[str] = getattr(column.value, "examples", ()) if column else ()
    return str(examples[0]) if examples else ""
