"""Use of reading: what each principal has read in the present minute and hour."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reading_use",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column(
            "period",
            sa.BigInteger(),
            nullable=False,
            comment="Another number in each hour, and after a limit was lifted.",
        ),
        sa.Column("minute_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hour_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reads", sa.BigInteger(), nullable=False, comment="Requests in the minute."),
        sa.Column(
            "subjects", sa.BigInteger(), nullable=False, comment="Distinct people whose data were read in the hour."
        ),
        sa.Column("refusals", sa.BigInteger(), nullable=False, comment="Refused reads in the hour."),
        sa.Column("misses", sa.BigInteger(), nullable=False, comment="Look-ups in the hour that found nobody."),
        sa.Column(
            "met",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Limits that were met in the hour, such as SUBJECTS_PER_HOUR.",
        ),
        sa.PrimaryKeyConstraint("principal"),
        schema="hub",
        comment="What each principal has read in the present minute and hour, over all processes.",
    )
    op.create_table(
        "reading_subject",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("period", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["principal"], ["hub.reading_use.principal"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("principal", "period", "entity", "subject_id"),
        schema="hub",
        comment="The people counted in reading_use. Deleted when the hour is over.",
    )
