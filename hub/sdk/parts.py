"""Building blocks of manifests: the strict base class, references to secrets, durations, labels."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from hub.errors import HubMisconfigured

DURATION_FORM = r"^[0-9]+ (ms|s|min|h|day|days)$"
UNIT_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3_600, "day": 86_400, "days": 86_400}


class ManifestPart(BaseModel):
    """Base class of every part: unknown keys are errors, and values are immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class EnvReference(ManifestPart):
    """A value from the environment."""

    env: str = Field(description="Name of the environment variable.")

    @property
    def shown(self) -> str:
        """What messages may show of it."""
        return self.env

    def value(self, connector: str) -> str:
        """Return the value. Raises HubMisconfigured with the variable's name."""
        found = os.environ.get(self.env)
        if not found:
            raise HubMisconfigured(
                f"connector {connector}: {self.env} is not set",
                next_step=f"set {self.env} in the environment or in .hub/hub.env",
            )
        return found


class FileReference(ManifestPart):
    """A value from a file, as container platforms mount secrets; surrounding white space is removed."""

    file: str = Field(description="Path of a file that contains the value, as container platforms mount secrets.")

    @property
    def shown(self) -> str:
        """What messages may show of it."""
        return self.file

    def value(self, connector: str) -> str:
        """Return the value. Raises HubMisconfigured with the file's name."""
        try:
            found = Path(self.file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            found = ""
        if not found:
            raise HubMisconfigured(
                f"connector {connector}: {self.file} is empty or cannot be read",
                next_step="mount the secret there, readable only by the hub",
            )
        return found


Reference = EnvReference | FileReference
"""Where an address or a secret is stored: never the value itself."""


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
