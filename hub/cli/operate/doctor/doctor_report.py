"""What a check of `hub doctor` found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DoctorFinding:
    """What was looked at, whether it holds, and what to do next: where it does not hold, or as advice."""

    what: str
    holds: bool
    found: str
    next_step: str | None = None
