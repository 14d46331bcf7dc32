"""Building blocks of manifests: the strict base class, references to secrets, durations, labels."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

DURATION_FORM = r"^[0-9]+ (ms|s|min|h|day|days)$"
UNIT_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3_600, "day": 86_400, "days": 86_400}


class ManifestPart(BaseModel):
    """Base class of every part: unknown keys are errors, and values are immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class BilingualLabel(ManifestPart):
    """A label in the two languages of the user interface."""

    vi: str = Field(description="In Vietnamese.")
    en: str = Field(description="In English.")


def _parse_duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not re.match(DURATION_FORM, value):
        raise ValueError('write a duration as a number and ms, s, min, h or days, e.g. "15 min"')
    number, unit = value.split(" ")
    return timedelta(seconds=int(number) * UNIT_SECONDS[unit])


Duration = Annotated[
    timedelta,
    BeforeValidator(_parse_duration),
    PlainSerializer(lambda value: f"{int(value.total_seconds() * 1000)} ms"),
    WithJsonSchema({"type": "string", "pattern": DURATION_FORM, "examples": ["15 min"]}),
]
"""A duration, written like `15 min`."""
