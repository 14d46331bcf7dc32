"""What a check of `hub doctor` found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DoctorFinding:
    """One check: its subject, whether it passed, and the next step if it failed or as advice."""

    what: str
    holds: bool
    found: str
    next_step: str | None = None
