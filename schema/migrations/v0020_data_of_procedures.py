"""Births, deaths, planning restrictions, transfer slips, exemptions, poor households, business sites, insurance."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "v0020"
down_revision = "v0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "birth_notice",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("notice_number", sa.Text(), nullable=False, comment="Number of the notice."),
        sa.Column("birth_date", sa.Text(), nullable=False, comment="Date of birth."),
        sa.Column("sex", sa.Text(), nullable=True, comment="Sex of the child."),
        sa.Column("birth_weight", sa.Integer(), nullable=True, comment="Weight at birth, in grams."),
        sa.Column("intended_name", sa.Text(), nullable=True, comment="Name that the parents mean to give."),
        sa.Column("facility_name", sa.Text(), nullable=True, comment="Hospital or clinic where the child was born."),
        sa.Column("issued_on", sa.Date(), nullable=True, comment="When the notice was issued."),
        sa.Column(
            "mother_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("mother_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "mother_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "mother_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("mother_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("mother_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A hospital's notice that a child was born, sent through the insurance agency.",
        postgresql_with={"fillfactor": 95},
    )
    op.create_index("birth_notice_birth_date", "birth_notice", ["birth_date", "id"], unique=False, schema="data")
    op.create_index("birth_notice_notice_number_key", "birth_notice", ["notice_number"], unique=True, schema="data")
    op.create_index("birth_notice_source", "birth_notice", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_table(
        "birth_registration",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "registration_number", sa.Text(), nullable=False, comment="Number of the entry, with its register and year."
        ),
        sa.Column("birth_date", sa.Text(), nullable=False, comment="Date of birth."),
        sa.Column("sex", sa.Text(), nullable=True, comment="Sex."),
        sa.Column(
            "birth_place", sa.Text(), nullable=True, comment="Where the child was born: a hospital, or a commune."
        ),
        sa.Column(
            "registered_on", sa.Date(), nullable=True, comment="When the birth was registered, perhaps years later."
        ),
        sa.Column("registry_unit_code", sa.Text(), nullable=True, comment="Commune whose office registered the birth."),
        sa.Column(
            "child_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("child_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column("child_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."),
        sa.Column(
            "child_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("child_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("child_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column(
            "mother_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("mother_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "mother_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "mother_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("mother_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("mother_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column(
            "father_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("father_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "father_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "father_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("father_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("father_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A birth in the civil-status register: who was born, of whom.",
        postgresql_with={"fillfactor": 95},
    )
    op.create_index(
        "birth_registration_birth_date", "birth_registration", ["birth_date", "id"], unique=False, schema="data"
    )
    op.create_index(
        "birth_registration_registered_on", "birth_registration", ["registered_on", "id"], unique=False, schema="data"
    )
    op.create_index(
        "birth_registration_registration_number_key",
        "birth_registration",
        ["registration_number"],
        unique=True,
        schema="data",
    )
    op.create_index(
        "birth_registration_registry_unit_code",
        "birth_registration",
        ["registry_unit_code", "id"],
        unique=False,
        schema="data",
    )
    op.create_index(
        "birth_registration_source", "birth_registration", ["stream_id", "source_key"], unique=True, schema="data"
    )
    op.create_table(
        "business_site",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="What the site is."),
        sa.Column("address", sa.Text(), nullable=True, comment="Address within the commune."),
        sa.Column("since", sa.Date(), nullable=True, comment="When it was registered."),
        sa.Column("until", sa.Date(), nullable=True, comment="When it was closed; null while in use."),
        sa.Column("business_registration_number", sa.Text(), nullable=False, comment="The business."),
        sa.Column("unit_code", sa.Text(), nullable=True, comment="Commune of the site."),
        sa.Column(
            "parcel_number",
            sa.Text(),
            nullable=True,
            comment="commune@date:sheet:parcel, the commune code as of that date.",
        ),
        sa.Column(
            "parcel_identifier",
            sa.Text(),
            nullable=True,
            comment="12-character parcel identifier, where the sector has it.",
        ),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A place where one business works: its head office, a branch, a shop.",
        postgresql_with={"fillfactor": 95},
    )
    op.create_index(
        "business_site_business_registration_number",
        "business_site",
        ["business_registration_number", "id"],
        unique=False,
        schema="data",
    )
    op.create_index("business_site_kind", "business_site", ["kind", "id"], unique=False, schema="data")
    op.create_index("business_site_source", "business_site", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_index("business_site_unit_code", "business_site", ["unit_code", "id"], unique=False, schema="data")
    op.create_table(
        "death_registration",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "registration_number", sa.Text(), nullable=False, comment="Number of the entry, with its register and year."
        ),
        sa.Column("died_on", sa.Date(), nullable=False, comment="Day of death."),
        sa.Column("registered_on", sa.Date(), nullable=True, comment="When the death was registered."),
        sa.Column("registry_unit_code", sa.Text(), nullable=True, comment="Commune whose office registered the death."),
        sa.Column(
            "deceased_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("deceased_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "deceased_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "deceased_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("deceased_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("deceased_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A death in the civil-status register.",
        postgresql_with={"fillfactor": 95},
    )
    op.create_index("death_registration_died_on", "death_registration", ["died_on", "id"], unique=False, schema="data")
    op.create_index(
        "death_registration_registration_number_key",
        "death_registration",
        ["registration_number"],
        unique=True,
        schema="data",
    )
    op.create_index(
        "death_registration_registry_unit_code",
        "death_registration",
        ["registry_unit_code", "id"],
        unique=False,
        schema="data",
    )
    op.create_index(
        "death_registration_source", "death_registration", ["stream_id", "source_key"], unique=True, schema="data"
    )
    op.create_table(
        "health_insurance_card",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("card_number", sa.Text(), nullable=False, comment="Number of the card."),
        sa.Column("category", sa.Text(), nullable=False, comment="Category of the insured."),
        sa.Column("valid_from", sa.Date(), nullable=True, comment="First day."),
        sa.Column("valid_until", sa.Date(), nullable=True, comment="Last day; null where none is set."),
        sa.Column("clinic_code", sa.Text(), nullable=True, comment="Code of the clinic of first contact."),
        sa.Column("clinic_name", sa.Text(), nullable=True, comment="Clinic of first contact."),
        sa.Column(
            "holder_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("holder_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "holder_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "holder_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("holder_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("holder_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A card of health insurance, for one period.",
        postgresql_with={"fillfactor": 95},
    )
    op.create_index(
        "health_insurance_card_card_number_key", "health_insurance_card", ["card_number"], unique=True, schema="data"
    )
    op.create_index(
        "health_insurance_card_category", "health_insurance_card", ["category", "id"], unique=False, schema="data"
    )
    op.create_index(
        "health_insurance_card_clinic_code", "health_insurance_card", ["clinic_code", "id"], unique=False, schema="data"
    )
    op.create_index(
        "health_insurance_card_source", "health_insurance_card", ["stream_id", "source_key"], unique=True, schema="data"
    )
    op.create_index(
        "health_insurance_card_valid_from", "health_insurance_card", ["valid_from", "id"], unique=False, schema="data"
    )
    op.create_table(
        "land_transfer_slip",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("slip_number", sa.Text(), nullable=False, comment="Number of the slip."),
        sa.Column("dossier_code", sa.Text(), nullable=True, comment="Dossier of the transfer."),
        sa.Column("certificate_serial", sa.Text(), nullable=True, comment="Serial of the certificate of the right."),
        sa.Column("kind", sa.Text(), nullable=False, comment="How the right changes hands."),
        sa.Column("area", sa.Numeric(), nullable=True, comment="Area that is transferred."),
        sa.Column("price", sa.BigInteger(), nullable=True, comment="Price in the contract; null where there is none."),
        sa.Column("issued_on", sa.Date(), nullable=False, comment="When the slip was sent."),
        sa.Column("status", sa.Text(), nullable=False, comment="How far it has come."),
        sa.Column("revoked_on", sa.Date(), nullable=True, comment="When the land office revoked it."),
        sa.Column(
            "parcel_number",
            sa.Text(),
            nullable=True,
            comment="commune@date:sheet:parcel, the commune code as of that date.",
        ),
        sa.Column(
            "parcel_identifier",
            sa.Text(),
            nullable=True,
            comment="12-character parcel identifier, where the sector has it.",
        ),
        sa.Column(
            "transferor_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("transferor_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "transferor_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "transferor_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("transferor_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("transferor_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column(
            "transferee_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("transferee_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "transferee_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "transferee_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("transferee_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("transferee_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="What the land office tells the tax office of one transfer, so that taxes and fees are assessed.",
        postgresql_with={"fillfactor": 95},
    )
    op.create_index(
        "land_transfer_slip_certificate_serial",
        "land_transfer_slip",
        ["certificate_serial", "id"],
        unique=False,
        schema="data",
    )
    op.create_index(
        "land_transfer_slip_dossier_code", "land_transfer_slip", ["dossier_code", "id"], unique=False, schema="data"
    )
    op.create_index(
        "land_transfer_slip_issued_on", "land_transfer_slip", ["issued_on", "id"], unique=False, schema="data"
    )
    op.create_index("land_transfer_slip_kind", "land_transfer_slip", ["kind", "id"], unique=False, schema="data")
    op.create_index(
        "land_transfer_slip_slip_number_key", "land_transfer_slip", ["slip_number"], unique=True, schema="data"
    )
    op.create_index(
        "land_transfer_slip_source", "land_transfer_slip", ["stream_id", "source_key"], unique=True, schema="data"
    )
    op.create_index("land_transfer_slip_status", "land_transfer_slip", ["status", "id"], unique=False, schema="data")
    op.create_table(
        "pension",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("decision_number", sa.Text(), nullable=False, comment="Number of the decision."),
        sa.Column(
            "social_insurance_number", sa.Text(), nullable=True, comment="Social-insurance number of the beneficiary."
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of pension."),
        sa.Column("monthly_amount", sa.BigInteger(), nullable=False, comment="Amount a month."),
        sa.Column("since", sa.Date(), nullable=True, comment="First day."),
        sa.Column("until", sa.Date(), nullable=True, comment="Last day; null while it is paid."),
        sa.Column("status", sa.Text(), nullable=False, comment="Whether it is being paid."),
        sa.Column(
            "beneficiary_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("beneficiary_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "beneficiary_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "beneficiary_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("beneficiary_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("beneficiary_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A monthly payment of social insurance to one person.",
        postgresql_with={"fillfactor": 95},
    )
    op.create_index("pension_decision_number_key", "pension", ["decision_number"], unique=True, schema="data")
    op.create_index("pension_kind", "pension", ["kind", "id"], unique=False, schema="data")
    op.create_index("pension_since", "pension", ["since", "id"], unique=False, schema="data")
    op.create_index(
        "pension_social_insurance_number", "pension", ["social_insurance_number", "id"], unique=False, schema="data"
    )
    op.create_index("pension_source", "pension", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_index("pension_status", "pension", ["status", "id"], unique=False, schema="data")
    op.create_table(
        "planning_restriction",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "restriction_number", sa.Text(), nullable=False, comment="Number under which land's system keeps it."
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="Why building is restricted."),
        sa.Column(
            "decision_number", sa.Text(), nullable=True, comment="Number of the decision that approved the plan."
        ),
        sa.Column("plan_name", sa.Text(), nullable=True, comment="Name of the plan."),
        sa.Column(
            "affected_area",
            sa.Numeric(),
            nullable=True,
            comment="Part of the parcel that is affected; null where it is not measured.",
        ),
        sa.Column("valid_from", sa.Date(), nullable=True, comment="First day."),
        sa.Column("valid_until", sa.Date(), nullable=True, comment="Last day; null while no end is decided."),
        sa.Column(
            "parcel_number",
            sa.Text(),
            nullable=True,
            comment="commune@date:sheet:parcel, the commune code as of that date.",
        ),
        sa.Column(
            "parcel_identifier",
            sa.Text(),
            nullable=True,
            comment="12-character parcel identifier, where the sector has it.",
        ),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A restriction on a parcel that comes from a plan of the authorities.",
        postgresql_with={"fillfactor": 95},
    )
    op.create_index(
        "planning_restriction_decision_number",
        "planning_restriction",
        ["decision_number", "id"],
        unique=False,
        schema="data",
    )
    op.create_index("planning_restriction_kind", "planning_restriction", ["kind", "id"], unique=False, schema="data")
    op.create_index(
        "planning_restriction_restriction_number_key",
        "planning_restriction",
        ["restriction_number"],
        unique=True,
        schema="data",
    )
    op.create_index(
        "planning_restriction_source", "planning_restriction", ["stream_id", "source_key"], unique=True, schema="data"
    )
    op.create_index(
        "planning_restriction_valid_from", "planning_restriction", ["valid_from", "id"], unique=False, schema="data"
    )
    op.create_table(
        "poor_household_entry",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("entry_number", sa.Text(), nullable=False, comment="Year, commune and line of the list."),
        sa.Column("category", sa.Text(), nullable=False, comment="Poor or near-poor."),
        sa.Column("year", sa.Integer(), nullable=False, comment="Year of the list."),
        sa.Column("member_count", sa.Integer(), nullable=True, comment="Number of members on the list."),
        sa.Column("decision_number", sa.Text(), nullable=True, comment="Number of the commune's decision."),
        sa.Column("decided_on", sa.Date(), nullable=True, comment="When it was decided."),
        sa.Column(
            "household_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("household_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "household_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "household_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("household_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("household_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="One household on a year's list of poor and near-poor households.",
        postgresql_with={"fillfactor": 95},
    )
    op.create_index(
        "poor_household_entry_category", "poor_household_entry", ["category", "id"], unique=False, schema="data"
    )
    op.create_index(
        "poor_household_entry_entry_number_key", "poor_household_entry", ["entry_number"], unique=True, schema="data"
    )
    op.create_index(
        "poor_household_entry_source", "poor_household_entry", ["stream_id", "source_key"], unique=True, schema="data"
    )
    op.create_index("poor_household_entry_year", "poor_household_entry", ["year", "id"], unique=False, schema="data")
    op.create_table(
        "tax_exemption",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("exemption_number", sa.Text(), nullable=False, comment="Number of the decision."),
        sa.Column("ground", sa.Text(), nullable=False, comment="Why."),
        sa.Column("amount", sa.BigInteger(), nullable=False, comment="Amount waived."),
        sa.Column("decided_on", sa.Date(), nullable=True, comment="When it was decided."),
        sa.Column("obligation_number", sa.Text(), nullable=False, comment="What it waives."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A decision that waives an obligation, or a part of it.",
        postgresql_with={"fillfactor": 95},
    )
    op.create_index("tax_exemption_amount", "tax_exemption", ["amount", "id"], unique=False, schema="data")
    op.create_index("tax_exemption_decided_on", "tax_exemption", ["decided_on", "id"], unique=False, schema="data")
    op.create_index(
        "tax_exemption_exemption_number_key", "tax_exemption", ["exemption_number"], unique=True, schema="data"
    )
    op.create_index("tax_exemption_ground", "tax_exemption", ["ground", "id"], unique=False, schema="data")
    op.create_index(
        "tax_exemption_obligation_number", "tax_exemption", ["obligation_number", "id"], unique=False, schema="data"
    )
    op.create_index("tax_exemption_source", "tax_exemption", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_table(
        "birth_notice",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("notice_number", sa.Text(), nullable=False, comment="Number of the notice."),
        sa.Column("birth_date", sa.Text(), nullable=False, comment="Date of birth."),
        sa.Column("sex", sa.Text(), nullable=True, comment="Sex of the child."),
        sa.Column("birth_weight", sa.Integer(), nullable=True, comment="Weight at birth, in grams."),
        sa.Column("intended_name", sa.Text(), nullable=True, comment="Name that the parents mean to give."),
        sa.Column("facility_name", sa.Text(), nullable=True, comment="Hospital or clinic where the child was born."),
        sa.Column("issued_on", sa.Date(), nullable=True, comment="When the notice was issued."),
        sa.Column(
            "mother_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("mother_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "mother_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "mother_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("mother_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("mother_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.birth_notice, each with the period in which the hub held it.",
    )
    op.create_index(
        "birth_notice_past_notice_number", "birth_notice", ["notice_number"], unique=False, schema="history"
    )
    op.create_table(
        "birth_registration",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "registration_number", sa.Text(), nullable=False, comment="Number of the entry, with its register and year."
        ),
        sa.Column("birth_date", sa.Text(), nullable=False, comment="Date of birth."),
        sa.Column("sex", sa.Text(), nullable=True, comment="Sex."),
        sa.Column(
            "birth_place", sa.Text(), nullable=True, comment="Where the child was born: a hospital, or a commune."
        ),
        sa.Column(
            "registered_on", sa.Date(), nullable=True, comment="When the birth was registered, perhaps years later."
        ),
        sa.Column("registry_unit_code", sa.Text(), nullable=True, comment="Commune whose office registered the birth."),
        sa.Column(
            "child_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("child_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column("child_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."),
        sa.Column(
            "child_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("child_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("child_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column(
            "mother_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("mother_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "mother_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "mother_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("mother_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("mother_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column(
            "father_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("father_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "father_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "father_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("father_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("father_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.birth_registration, each with the period in which the hub held it.",
    )
    op.create_index(
        "birth_registration_past_registration_number",
        "birth_registration",
        ["registration_number"],
        unique=False,
        schema="history",
    )
    op.create_index(
        "birth_registration_past_registry_unit_code",
        "birth_registration",
        ["registry_unit_code"],
        unique=False,
        schema="history",
    )
    op.create_table(
        "business_site",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="What the site is."),
        sa.Column("address", sa.Text(), nullable=True, comment="Address within the commune."),
        sa.Column("since", sa.Date(), nullable=True, comment="When it was registered."),
        sa.Column("until", sa.Date(), nullable=True, comment="When it was closed; null while in use."),
        sa.Column("business_registration_number", sa.Text(), nullable=False, comment="The business."),
        sa.Column("unit_code", sa.Text(), nullable=True, comment="Commune of the site."),
        sa.Column(
            "parcel_number",
            sa.Text(),
            nullable=True,
            comment="commune@date:sheet:parcel, the commune code as of that date.",
        ),
        sa.Column(
            "parcel_identifier",
            sa.Text(),
            nullable=True,
            comment="12-character parcel identifier, where the sector has it.",
        ),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.business_site, each with the period in which the hub held it.",
    )
    op.create_index(
        "business_site_past_business_registration_number",
        "business_site",
        ["business_registration_number"],
        unique=False,
        schema="history",
    )
    op.create_index("business_site_past_unit_code", "business_site", ["unit_code"], unique=False, schema="history")
    op.create_table(
        "death_registration",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "registration_number", sa.Text(), nullable=False, comment="Number of the entry, with its register and year."
        ),
        sa.Column("died_on", sa.Date(), nullable=False, comment="Day of death."),
        sa.Column("registered_on", sa.Date(), nullable=True, comment="When the death was registered."),
        sa.Column("registry_unit_code", sa.Text(), nullable=True, comment="Commune whose office registered the death."),
        sa.Column(
            "deceased_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("deceased_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "deceased_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "deceased_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("deceased_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("deceased_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.death_registration, each with the period in which the hub held it.",
    )
    op.create_index(
        "death_registration_past_registration_number",
        "death_registration",
        ["registration_number"],
        unique=False,
        schema="history",
    )
    op.create_index(
        "death_registration_past_registry_unit_code",
        "death_registration",
        ["registry_unit_code"],
        unique=False,
        schema="history",
    )
    op.create_table(
        "health_insurance_card",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("card_number", sa.Text(), nullable=False, comment="Number of the card."),
        sa.Column("category", sa.Text(), nullable=False, comment="Category of the insured."),
        sa.Column("valid_from", sa.Date(), nullable=True, comment="First day."),
        sa.Column("valid_until", sa.Date(), nullable=True, comment="Last day; null where none is set."),
        sa.Column("clinic_code", sa.Text(), nullable=True, comment="Code of the clinic of first contact."),
        sa.Column("clinic_name", sa.Text(), nullable=True, comment="Clinic of first contact."),
        sa.Column(
            "holder_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("holder_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "holder_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "holder_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("holder_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("holder_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.health_insurance_card, each with the period in which the hub held it.",
    )
    op.create_index(
        "health_insurance_card_past_card_number",
        "health_insurance_card",
        ["card_number"],
        unique=False,
        schema="history",
    )
    op.create_table(
        "land_transfer_slip",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slip_number", sa.Text(), nullable=False, comment="Number of the slip."),
        sa.Column("dossier_code", sa.Text(), nullable=True, comment="Dossier of the transfer."),
        sa.Column("certificate_serial", sa.Text(), nullable=True, comment="Serial of the certificate of the right."),
        sa.Column("kind", sa.Text(), nullable=False, comment="How the right changes hands."),
        sa.Column("area", sa.Numeric(), nullable=True, comment="Area that is transferred."),
        sa.Column("price", sa.BigInteger(), nullable=True, comment="Price in the contract; null where there is none."),
        sa.Column("issued_on", sa.Date(), nullable=False, comment="When the slip was sent."),
        sa.Column("status", sa.Text(), nullable=False, comment="How far it has come."),
        sa.Column("revoked_on", sa.Date(), nullable=True, comment="When the land office revoked it."),
        sa.Column(
            "parcel_number",
            sa.Text(),
            nullable=True,
            comment="commune@date:sheet:parcel, the commune code as of that date.",
        ),
        sa.Column(
            "parcel_identifier",
            sa.Text(),
            nullable=True,
            comment="12-character parcel identifier, where the sector has it.",
        ),
        sa.Column(
            "transferor_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("transferor_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "transferor_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "transferor_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("transferor_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("transferor_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column(
            "transferee_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("transferee_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "transferee_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "transferee_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("transferee_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("transferee_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.land_transfer_slip, each with the period in which the hub held it.",
    )
    op.create_index(
        "land_transfer_slip_past_slip_number", "land_transfer_slip", ["slip_number"], unique=False, schema="history"
    )
    op.create_table(
        "pension",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("decision_number", sa.Text(), nullable=False, comment="Number of the decision."),
        sa.Column(
            "social_insurance_number", sa.Text(), nullable=True, comment="Social-insurance number of the beneficiary."
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of pension."),
        sa.Column("monthly_amount", sa.BigInteger(), nullable=False, comment="Amount a month."),
        sa.Column("since", sa.Date(), nullable=True, comment="First day."),
        sa.Column("until", sa.Date(), nullable=True, comment="Last day; null while it is paid."),
        sa.Column("status", sa.Text(), nullable=False, comment="Whether it is being paid."),
        sa.Column(
            "beneficiary_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("beneficiary_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "beneficiary_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "beneficiary_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("beneficiary_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("beneficiary_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.pension, each with the period in which the hub held it.",
    )
    op.create_index("pension_past_decision_number", "pension", ["decision_number"], unique=False, schema="history")
    op.create_table(
        "planning_restriction",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "restriction_number", sa.Text(), nullable=False, comment="Number under which land's system keeps it."
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="Why building is restricted."),
        sa.Column(
            "decision_number", sa.Text(), nullable=True, comment="Number of the decision that approved the plan."
        ),
        sa.Column("plan_name", sa.Text(), nullable=True, comment="Name of the plan."),
        sa.Column(
            "affected_area",
            sa.Numeric(),
            nullable=True,
            comment="Part of the parcel that is affected; null where it is not measured.",
        ),
        sa.Column("valid_from", sa.Date(), nullable=True, comment="First day."),
        sa.Column("valid_until", sa.Date(), nullable=True, comment="Last day; null while no end is decided."),
        sa.Column(
            "parcel_number",
            sa.Text(),
            nullable=True,
            comment="commune@date:sheet:parcel, the commune code as of that date.",
        ),
        sa.Column(
            "parcel_identifier",
            sa.Text(),
            nullable=True,
            comment="12-character parcel identifier, where the sector has it.",
        ),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.planning_restriction, each with the period in which the hub held it.",
    )
    op.create_index(
        "planning_restriction_past_restriction_number",
        "planning_restriction",
        ["restriction_number"],
        unique=False,
        schema="history",
    )
    op.create_table(
        "poor_household_entry",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_number", sa.Text(), nullable=False, comment="Year, commune and line of the list."),
        sa.Column("category", sa.Text(), nullable=False, comment="Poor or near-poor."),
        sa.Column("year", sa.Integer(), nullable=False, comment="Year of the list."),
        sa.Column("member_count", sa.Integer(), nullable=True, comment="Number of members on the list."),
        sa.Column("decision_number", sa.Text(), nullable=True, comment="Number of the commune's decision."),
        sa.Column("decided_on", sa.Date(), nullable=True, comment="When it was decided."),
        sa.Column(
            "household_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("household_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "household_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "household_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("household_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("household_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.poor_household_entry, each with the period in which the hub held it.",
    )
    op.create_index(
        "poor_household_entry_past_entry_number",
        "poor_household_entry",
        ["entry_number"],
        unique=False,
        schema="history",
    )
    op.create_table(
        "tax_exemption",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("exemption_number", sa.Text(), nullable=False, comment="Number of the decision."),
        sa.Column("ground", sa.Text(), nullable=False, comment="Why."),
        sa.Column("amount", sa.BigInteger(), nullable=False, comment="Amount waived."),
        sa.Column("decided_on", sa.Date(), nullable=True, comment="When it was decided."),
        sa.Column("obligation_number", sa.Text(), nullable=False, comment="What it waives."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_digest",
            sa.BigInteger(),
            nullable=False,
            comment="Of the row as the source gave it and the rules it was read by.",
        ),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.tax_exemption, each with the period in which the hub held it.",
    )
    op.create_index(
        "tax_exemption_past_exemption_number", "tax_exemption", ["exemption_number"], unique=False, schema="history"
    )
    op.create_index(
        "tax_exemption_past_obligation_number", "tax_exemption", ["obligation_number"], unique=False, schema="history"
    )
    op.create_table(
        "birth_notice_mother",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject BirthNotice.mother is.",
    )
    op.create_index(
        "birth_notice_mother_accepted",
        "birth_notice_mother",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index("birth_notice_mother_found", "birth_notice_mother", ["found_id"], unique=False, schema="link")
    op.create_index(
        "birth_notice_mother_open",
        "birth_notice_mother",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "birth_notice_mother_subject",
        "birth_notice_mother",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "birth_registration_child",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject BirthRegistration.child is.",
    )
    op.create_index(
        "birth_registration_child_accepted",
        "birth_registration_child",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "birth_registration_child_found", "birth_registration_child", ["found_id"], unique=False, schema="link"
    )
    op.create_index(
        "birth_registration_child_open",
        "birth_registration_child",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "birth_registration_child_subject",
        "birth_registration_child",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "birth_registration_father",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject BirthRegistration.father is.",
    )
    op.create_index(
        "birth_registration_father_accepted",
        "birth_registration_father",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "birth_registration_father_found", "birth_registration_father", ["found_id"], unique=False, schema="link"
    )
    op.create_index(
        "birth_registration_father_open",
        "birth_registration_father",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "birth_registration_father_subject",
        "birth_registration_father",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "birth_registration_mother",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject BirthRegistration.mother is.",
    )
    op.create_index(
        "birth_registration_mother_accepted",
        "birth_registration_mother",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "birth_registration_mother_found", "birth_registration_mother", ["found_id"], unique=False, schema="link"
    )
    op.create_index(
        "birth_registration_mother_open",
        "birth_registration_mother",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "birth_registration_mother_subject",
        "birth_registration_mother",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "business_site_parcel",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject BusinessSite.parcel is.",
    )
    op.create_index(
        "business_site_parcel_accepted",
        "business_site_parcel",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index("business_site_parcel_found", "business_site_parcel", ["found_id"], unique=False, schema="link")
    op.create_index(
        "business_site_parcel_open",
        "business_site_parcel",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "business_site_parcel_subject",
        "business_site_parcel",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "death_registration_deceased",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject DeathRegistration.deceased is.",
    )
    op.create_index(
        "death_registration_deceased_accepted",
        "death_registration_deceased",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "death_registration_deceased_found", "death_registration_deceased", ["found_id"], unique=False, schema="link"
    )
    op.create_index(
        "death_registration_deceased_open",
        "death_registration_deceased",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "death_registration_deceased_subject",
        "death_registration_deceased",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "health_insurance_card_holder",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject HealthInsuranceCard.holder is.",
    )
    op.create_index(
        "health_insurance_card_holder_accepted",
        "health_insurance_card_holder",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "health_insurance_card_holder_found", "health_insurance_card_holder", ["found_id"], unique=False, schema="link"
    )
    op.create_index(
        "health_insurance_card_holder_open",
        "health_insurance_card_holder",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "health_insurance_card_holder_subject",
        "health_insurance_card_holder",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "land_transfer_slip_parcel",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject LandTransferSlip.parcel is.",
    )
    op.create_index(
        "land_transfer_slip_parcel_accepted",
        "land_transfer_slip_parcel",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "land_transfer_slip_parcel_found", "land_transfer_slip_parcel", ["found_id"], unique=False, schema="link"
    )
    op.create_index(
        "land_transfer_slip_parcel_open",
        "land_transfer_slip_parcel",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "land_transfer_slip_parcel_subject",
        "land_transfer_slip_parcel",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "land_transfer_slip_transferee",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject LandTransferSlip.transferee is.",
    )
    op.create_index(
        "land_transfer_slip_transferee_accepted",
        "land_transfer_slip_transferee",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "land_transfer_slip_transferee_found",
        "land_transfer_slip_transferee",
        ["found_id"],
        unique=False,
        schema="link",
    )
    op.create_index(
        "land_transfer_slip_transferee_open",
        "land_transfer_slip_transferee",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "land_transfer_slip_transferee_subject",
        "land_transfer_slip_transferee",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "land_transfer_slip_transferor",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject LandTransferSlip.transferor is.",
    )
    op.create_index(
        "land_transfer_slip_transferor_accepted",
        "land_transfer_slip_transferor",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "land_transfer_slip_transferor_found",
        "land_transfer_slip_transferor",
        ["found_id"],
        unique=False,
        schema="link",
    )
    op.create_index(
        "land_transfer_slip_transferor_open",
        "land_transfer_slip_transferor",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "land_transfer_slip_transferor_subject",
        "land_transfer_slip_transferor",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "pension_beneficiary",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject Pension.beneficiary is.",
    )
    op.create_index(
        "pension_beneficiary_accepted",
        "pension_beneficiary",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index("pension_beneficiary_found", "pension_beneficiary", ["found_id"], unique=False, schema="link")
    op.create_index(
        "pension_beneficiary_open",
        "pension_beneficiary",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "pension_beneficiary_subject",
        "pension_beneficiary",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "planning_restriction_parcel",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject PlanningRestriction.parcel is.",
    )
    op.create_index(
        "planning_restriction_parcel_accepted",
        "planning_restriction_parcel",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "planning_restriction_parcel_found", "planning_restriction_parcel", ["found_id"], unique=False, schema="link"
    )
    op.create_index(
        "planning_restriction_parcel_open",
        "planning_restriction_parcel",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "planning_restriction_parcel_subject",
        "planning_restriction_parcel",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "poor_household_entry_household",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "found_id"),
        schema="link",
        comment="Which subject PoorHouseholdEntry.household is.",
    )
    op.create_index(
        "poor_household_entry_household_accepted",
        "poor_household_entry_household",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "poor_household_entry_household_found",
        "poor_household_entry_household",
        ["found_id"],
        unique=False,
        schema="link",
    )
    op.create_index(
        "poor_household_entry_household_open",
        "poor_household_entry_household",
        ["record_id", "weight"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status = 'UNCONFIRMED'"),
    )
    op.create_index(
        "poor_household_entry_household_subject",
        "poor_household_entry_household",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "birth_notice_mother",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that BirthNotice.mother had before.",
    )
    op.create_index(
        "birth_notice_mother_past_subject", "birth_notice_mother", ["subject_id"], unique=False, schema="link_history"
    )
    op.create_table(
        "birth_registration_child",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that BirthRegistration.child had before.",
    )
    op.create_index(
        "birth_registration_child_past_subject",
        "birth_registration_child",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_table(
        "birth_registration_father",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that BirthRegistration.father had before.",
    )
    op.create_index(
        "birth_registration_father_past_subject",
        "birth_registration_father",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_table(
        "birth_registration_mother",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that BirthRegistration.mother had before.",
    )
    op.create_index(
        "birth_registration_mother_past_subject",
        "birth_registration_mother",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_table(
        "business_site_parcel",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that BusinessSite.parcel had before.",
    )
    op.create_index(
        "business_site_parcel_past_subject", "business_site_parcel", ["subject_id"], unique=False, schema="link_history"
    )
    op.create_table(
        "death_registration_deceased",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that DeathRegistration.deceased had before.",
    )
    op.create_index(
        "death_registration_deceased_past_subject",
        "death_registration_deceased",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_table(
        "health_insurance_card_holder",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that HealthInsuranceCard.holder had before.",
    )
    op.create_index(
        "health_insurance_card_holder_past_subject",
        "health_insurance_card_holder",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_table(
        "land_transfer_slip_parcel",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that LandTransferSlip.parcel had before.",
    )
    op.create_index(
        "land_transfer_slip_parcel_past_subject",
        "land_transfer_slip_parcel",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_table(
        "land_transfer_slip_transferee",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that LandTransferSlip.transferee had before.",
    )
    op.create_index(
        "land_transfer_slip_transferee_past_subject",
        "land_transfer_slip_transferee",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_table(
        "land_transfer_slip_transferor",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that LandTransferSlip.transferor had before.",
    )
    op.create_index(
        "land_transfer_slip_transferor_past_subject",
        "land_transfer_slip_transferor",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_table(
        "pension_beneficiary",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that Pension.beneficiary had before.",
    )
    op.create_index(
        "pension_beneficiary_past_subject", "pension_beneficiary", ["subject_id"], unique=False, schema="link_history"
    )
    op.create_table(
        "planning_restriction_parcel",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that PlanningRestriction.parcel had before.",
    )
    op.create_index(
        "planning_restriction_parcel_past_subject",
        "planning_restriction_parcel",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_table(
        "poor_household_entry_household",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The row that was found."),
        sa.Column(
            "subject_id", sa.BigInteger(), nullable=False, comment="The subject: the heir of the row that was found."
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="Name of the kind of subject."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="CONFIRMED, PROBABLE or UNCONFIRMED (a candidate, joined to nothing).",
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="The rule or model that made the link."),
        sa.Column(
            "confidence", sa.REAL(), nullable=True, comment="Probability that the link is right; null for rules."
        ),
        sa.Column("weight", sa.REAL(), nullable=True, comment="Match weight in bits; null for rules."),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What agreed and what did not: a list of comparison, outcome, bits.",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "found_id", "sys_to"),
        schema="link_history",
        comment="Links that PoorHouseholdEntry.household had before.",
    )
    op.create_index(
        "poor_household_entry_household_past_subject",
        "poor_household_entry_household",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.add_column(
        "household_membership",
        sa.Column("residence_kind", sa.Text(), nullable=True, comment="Permanent or temporary residence."),
        schema="data",
    )
    op.add_column(
        "tax_obligation",
        sa.Column(
            "transfer_slip_number",
            sa.Text(),
            nullable=True,
            comment="Number of the land office's slip that it was assessed from, for transfers of land.",
        ),
        schema="data",
    )
    op.create_index(
        "tax_obligation_transfer_slip_number",
        "tax_obligation",
        ["transfer_slip_number", "id"],
        unique=False,
        schema="data",
    )
    op.add_column(
        "household_membership",
        sa.Column("residence_kind", sa.Text(), nullable=True, comment="Permanent or temporary residence."),
        schema="history",
    )
    op.add_column(
        "tax_obligation",
        sa.Column(
            "transfer_slip_number",
            sa.Text(),
            nullable=True,
            comment="Number of the land office's slip that it was assessed from, for transfers of land.",
        ),
        schema="history",
    )
