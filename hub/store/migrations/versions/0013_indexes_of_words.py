"""Nothing of the hub's own: the vocabulary's part of this step is v0013. The number stays, since stores are at it."""

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change nothing."""
