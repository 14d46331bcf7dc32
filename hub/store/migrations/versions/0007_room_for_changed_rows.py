"""Nothing of the hub's own: the vocabulary's part of this step is v0007. The number stays, since stores are at it."""

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change nothing."""
