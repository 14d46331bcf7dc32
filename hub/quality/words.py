"""Figures as people read them: a share is never told without its numbers. Pure."""

from datetime import datetime, timedelta
from math import ceil, floor

from hub.quality.measures import QualityMeasure
from hub.quality.metrics import METRICS
from schema.core import Label

EMPTY = Label("chưa có", "none yet")


def show_number(number: int) -> str:
    """`1.205`, as Vietnamese write it."""
    return f"{number:,}".replace(",", ".")


def show_share(numerator: int, denominator: int) -> str:
    """`99,8 %`. Rounded down, so that 100 % is said of nothing that has one exception."""
    tenths = numerator * 1000 // denominator
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths // 10},{tenths % 10} %"


def show_counts(numerator: int | None, denominator: int | None) -> str:
    """`99,8 % (1.203/1.205)`; empty if there is nothing of which there could be a share."""
    if numerator is None or not denominator:
        return ""
    return f"{show_share(numerator, denominator)} ({show_number(numerator)}/{show_number(denominator)})"


def show_duration(seconds: int) -> Label:
    """`5 phút`, `3 giờ`, `2 ngày`."""
    minutes = max(0, seconds) // 60
    if minutes < 60:
        return Label(f"{minutes} phút", f"{minutes} min")
    if minutes < 48 * 60:
        return Label(f"{minutes // 60} giờ", f"{minutes // 60} h")
    return Label(f"{minutes // (24 * 60)} ngày", f"{minutes // (24 * 60)} days")


def show_interval(measure: QualityMeasure) -> str:
    """`95,1–99,9 %`: where the share lies with 95 % confidence, if it is estimated. Rounded outwards."""
    if measure.low is None or measure.high is None:
        return ""
    bounds = (floor(measure.low * 1000), ceil(measure.high * 1000))
    low, high = (f"{tenths / 10:g}".replace(".", ",") for tenths in bounds)
    return f"{low}–{high} %"


def show_value(measure: QualityMeasure) -> Label:
    """The figure of a measure: counts, or an age against its promise."""
    if not METRICS[measure.metric].is_age:
        counts = show_counts(measure.numerator, measure.denominator)
        return Label(counts, counts) if counts else EMPTY
    if measure.numerator is None:
        return Label("chưa đọc trọn vẹn", "never read completely")
    age = show_duration(measure.numerator)
    if measure.denominator is None:
        return Label(f"{age.vi}, nguồn không cam kết", f"{age.en}, nothing promised")
    promised = show_duration(measure.denominator)
    return Label(f"{age.vi} / {promised.vi}", f"{age.en} / {promised.en}")


def show_day(at: datetime | None, now: datetime, zone: timedelta) -> Label:
    """`hôm nay`, `hôm qua`, `12 ngày trước`: calendar days at offset `zone` from UTC. None gives the words for "never read"."""
    if at is None:
        return Label("chưa đọc trọn vẹn", "never read completely")
    days = ((now + zone).date() - (at + zone).date()).days
    if days <= 0:
        return Label("hôm nay", "today")
    return Label("hôm qua", "yesterday") if days == 1 else Label(f"{days} ngày trước", f"{days} days ago")
