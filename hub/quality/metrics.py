"""The four dimensions of quality and the metrics of each, in the terms of the W3C Data Quality Vocabulary (DQV)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from schema.core import Label


class QualityDimension(StrEnum):
    """`dqv:Dimension`: the four words of the Vietnamese state for good data."""

    CORRECT = "CORRECT"
    SUFFICIENT = "SUFFICIENT"
    CLEAN = "CLEAN"
    LIVE = "LIVE"


DIMENSION_WORDS: Mapping[QualityDimension, Label] = {
    QualityDimension.CORRECT: Label("Đúng", "Correct"),
    QualityDimension.SUFFICIENT: Label("Đủ", "Sufficient"),
    QualityDimension.CLEAN: Label("Sạch", "Clean"),
    QualityDimension.LIVE: Label("Sống", "Live"),
}


class QualityMetric(StrEnum):
    """`dqv:Metric`: a count. Each value is a numerator over a denominator."""

    AGREEMENT = "AGREEMENT"
    LINK_PRECISION = "LINK_PRECISION"
    FILLED = "FILLED"
    REQUIREMENTS_HELD = "REQUIREMENTS_HELD"
    ROWS_VALID = "ROWS_VALID"
    RULE_KEPT = "RULE_KEPT"
    READS_ACCEPTED = "READS_ACCEPTED"
    COLUMNS_AS_DECLARED = "COLUMNS_AS_DECLARED"
    SWEEP_AGE = "SWEEP_AGE"
    CHANGED_IN_TIME = "CHANGED_IN_TIME"


@dataclass(frozen=True)
class MetricFacts:
    """One metric. `of` says what the numerator and the denominator are. Seconds are counted if `is_age`: then less is better."""

    dimension: QualityDimension
    name: Label
    of: Label
    is_age: bool = False


METRICS: Mapping[QualityMetric, MetricFacts] = {
    QualityMetric.AGREEMENT: MetricFacts(
        QualityDimension.CORRECT,
        Label("Khớp với cơ quan quản lý dữ liệu gốc", "Agrees with the authoritative source"),
        Label("bản sao trùng với nguồn gốc / bản sao đã đối chiếu", "copies that agree / copies compared"),
    ),
    QualityMetric.LINK_PRECISION: MetricFacts(
        QualityDimension.CORRECT,
        Label("Liên kết đúng người, đúng thửa", "Links judged right by reviewers"),
        Label("mẫu được rà soát là đúng / mẫu có kết luận", "samples judged right / samples judged"),
    ),
    QualityMetric.FILLED: MetricFacts(
        QualityDimension.SUFFICIENT,
        Label("Có giá trị", "Filled"),
        Label("bản ghi có giá trị / bản ghi", "records with a value / records"),
    ),
    QualityMetric.REQUIREMENTS_HELD: MetricFacts(
        QualityDimension.SUFFICIENT,
        Label("Thủ tục không phải hỏi lại", "Requirements held"),
        Label("câu trả lời đã có sẵn / câu trả lời thủ tục cần", "answers held / answers that applied"),
    ),
    QualityMetric.ROWS_VALID: MetricFacts(
        QualityDimension.CLEAN,
        Label("Bản ghi đúng quy tắc", "Rows that break no rule"),
        Label("bản ghi không bị loại / bản ghi nguồn có", "rows not rejected / rows of the source"),
    ),
    QualityMetric.RULE_KEPT: MetricFacts(
        QualityDimension.CLEAN,
        Label("Theo từng quy tắc bị vi phạm", "By broken rule"),
        Label("bản ghi không vi phạm / bản ghi nguồn có", "rows that keep the rule / rows of the source"),
    ),
    QualityMetric.READS_ACCEPTED: MetricFacts(
        QualityDimension.CLEAN,
        Label("Dòng đọc được trong 30 ngày", "Rows accepted in 30 days of runs"),
        Label("dòng được nhận / dòng đã đọc", "rows accepted / rows read"),
    ),
    QualityMetric.COLUMNS_AS_DECLARED: MetricFacts(
        QualityDimension.CLEAN,
        Label("Cột đúng như khai báo", "Columns as declared"),
        Label("cột không thay đổi / cột của nguồn", "columns without open drift / columns of the source"),
    ),
    QualityMetric.SWEEP_AGE: MetricFacts(
        QualityDimension.LIVE,
        Label("Tuổi của lần đọc trọn vẹn", "Age of the last complete read"),
        Label("giây từ lần đọc trọn vẹn / giây nguồn cam kết", "seconds since it began / seconds promised"),
        is_age=True,
    ),
    QualityMetric.CHANGED_IN_TIME: MetricFacts(
        QualityDimension.LIVE,
        Label("Thay đổi về kịp hạn", "Changes that arrived in time"),
        Label("bản ghi về trong hạn / bản ghi nguồn đổi trong 30 ngày", "records in time / records changed in 30 days"),
    ),
}
