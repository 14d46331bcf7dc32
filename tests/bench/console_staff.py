"""Who works in the console while it is measured: so many officers, and so many reviewers."""

STAFF = 16


def name_officer(number: int) -> str:
    """The login of an officer."""
    return f"officer-{number}"


def name_reviewer(number: int) -> str:
    """The login of a reviewer."""
    return f"reviewer-{number}"
