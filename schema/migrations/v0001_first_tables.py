"""The first tables of the vocabulary: records, their earlier versions and their links."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "v0001"
down_revision = None
branch_labels = ("vocabulary",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "administrative_unit",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "unit_code",
            sa.Text(),
            nullable=False,
            comment="Code with its date: 06820@.. until 2025-06-30, 06820@2025-07-01 since.",
        ),
        sa.Column("code", sa.Text(), nullable=False, comment="The code alone: ambiguous without the dates beside it."),
        sa.Column("level", sa.Text(), nullable=False, comment="Level of the unit."),
        sa.Column(
            "type_name",
            sa.Text(),
            nullable=True,
            comment="What such a unit is called: Phường, Xã, Đặc khu, Thị trấn …; none at province level.",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="Full name."),
        sa.Column("name_key", sa.Text(collation="C"), sa.Computed("hub.name_key(name)", persisted=True), nullable=True),
        sa.Column("point", sa.Text(), nullable=True, comment="A point within the unit."),
        sa.Column("area", sa.Numeric(), nullable=True, comment="Area; known for communes in force."),
        sa.Column(
            "valid_from",
            sa.Date(),
            nullable=True,
            comment="First day of the unit under this code; null where it is not known.",
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            nullable=True,
            comment="First day on which it was no more; null while it is in force.",
        ),
        sa.Column(
            "parent_unit_code", sa.Text(), nullable=True, comment="The unit this one was part of, in the same period."
        ),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A province, district or commune, for as long as it had its code. The same code later is another unit.",
    )
    op.create_index("administrative_unit_code", "administrative_unit", ["code", "id"], unique=False, schema="data")
    op.create_index("administrative_unit_level", "administrative_unit", ["level", "id"], unique=False, schema="data")
    op.create_index(
        "administrative_unit_name_key", "administrative_unit", ["name_key", "id"], unique=False, schema="data"
    )
    op.create_index(
        "administrative_unit_parent_unit_code",
        "administrative_unit",
        ["parent_unit_code", "id"],
        unique=False,
        schema="data",
    )
    op.create_index(
        "administrative_unit_source", "administrative_unit", ["stream_id", "source_key"], unique=True, schema="data"
    )
    op.create_index(
        "administrative_unit_unit_code_key", "administrative_unit", ["unit_code"], unique=True, schema="data"
    )
    op.create_index(
        "administrative_unit_valid_from", "administrative_unit", ["valid_from", "id"], unique=False, schema="data"
    )
    op.create_index(
        "administrative_unit_valid_to", "administrative_unit", ["valid_to", "id"], unique=False, schema="data"
    )
    op.create_table(
        "administrative_unit_change",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="Whole, or a part of a unit that was split."),
        sa.Column("effective_on", sa.Date(), nullable=False, comment="First day of the new unit."),
        sa.Column("predecessor_unit_code", sa.Text(), nullable=False, comment="The old unit."),
        sa.Column("successor_unit_code", sa.Text(), nullable=False, comment="The new unit."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="One old unit going, whole or in part, into one new unit.",
    )
    op.create_index(
        "administrative_unit_change_effective_on",
        "administrative_unit_change",
        ["effective_on", "id"],
        unique=False,
        schema="data",
    )
    op.create_index(
        "administrative_unit_change_kind", "administrative_unit_change", ["kind", "id"], unique=False, schema="data"
    )
    op.create_index(
        "administrative_unit_change_predecessor_unit_code",
        "administrative_unit_change",
        ["predecessor_unit_code", "id"],
        unique=False,
        schema="data",
    )
    op.create_index(
        "administrative_unit_change_source",
        "administrative_unit_change",
        ["stream_id", "source_key"],
        unique=True,
        schema="data",
    )
    op.create_index(
        "administrative_unit_change_successor_unit_code",
        "administrative_unit_change",
        ["successor_unit_code", "id"],
        unique=False,
        schema="data",
    )
    op.create_table(
        "benefit",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("benefit_number", sa.Text(), nullable=False, comment="Number of the decision."),
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of benefit."),
        sa.Column("monthly_amount", sa.BigInteger(), nullable=False, comment="Amount a month."),
        sa.Column("since", sa.Date(), nullable=True, comment="First month."),
        sa.Column("until", sa.Date(), nullable=True, comment="Last month; null while it is paid."),
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
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A social benefit one person receives.",
    )
    op.create_index("benefit_benefit_number_key", "benefit", ["benefit_number"], unique=True, schema="data")
    op.create_index("benefit_kind", "benefit", ["kind", "id"], unique=False, schema="data")
    op.create_index("benefit_since", "benefit", ["since", "id"], unique=False, schema="data")
    op.create_index("benefit_source", "benefit", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_index("benefit_status", "benefit", ["status", "id"], unique=False, schema="data")
    op.create_table(
        "business",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("registration_number", sa.Text(), nullable=False, comment="Number of its registration."),
        sa.Column(
            "enterprise_code", sa.Text(), nullable=True, comment="Enterprise code; null for a household business."
        ),
        sa.Column(
            "tax_code",
            sa.Text(),
            nullable=True,
            comment="Tax code; of a household business, since 2025-07-01, its representative's identifier.",
        ),
        sa.Column("legal_name", sa.Text(), nullable=False, comment="Name as registered."),
        sa.Column(
            "legal_name_key",
            sa.Text(collation="C"),
            sa.Computed("hub.name_key(legal_name)", persisted=True),
            nullable=True,
        ),
        sa.Column("legal_form", sa.Text(), nullable=False, comment="Legal form."),
        sa.Column("status", sa.Text(), nullable=False, comment="Status in the register."),
        sa.Column("registered_on", sa.Date(), nullable=True, comment="Date of first registration."),
        sa.Column("registered_capital", sa.BigInteger(), nullable=True, comment="Charter capital."),
        sa.Column("activity", sa.Text(), nullable=True, comment="Main line of business."),
        sa.Column("seat_address", sa.Text(), nullable=True, comment="Address of the head office within the commune."),
        sa.Column("seat_unit_code", sa.Text(), nullable=True, comment="Commune of the head office."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="An enterprise or a household business in the business register.",
    )
    op.create_index("business_enterprise_code_key", "business", ["enterprise_code"], unique=True, schema="data")
    op.create_index("business_legal_form", "business", ["legal_form", "id"], unique=False, schema="data")
    op.create_index("business_legal_name_key", "business", ["legal_name_key", "id"], unique=False, schema="data")
    op.create_index("business_registered_on", "business", ["registered_on", "id"], unique=False, schema="data")
    op.create_index("business_registration_number_key", "business", ["registration_number"], unique=True, schema="data")
    op.create_index("business_seat_unit_code", "business", ["seat_unit_code", "id"], unique=False, schema="data")
    op.create_index("business_source", "business", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_index("business_status", "business", ["status", "id"], unique=False, schema="data")
    op.create_index("business_tax_code", "business", ["tax_code", "id"], unique=False, schema="data")
    op.create_table(
        "business_role",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("role", sa.Text(), nullable=False, comment="What the person is."),
        sa.Column("since", sa.Date(), nullable=True, comment="When it began."),
        sa.Column("until", sa.Date(), nullable=True, comment="When it ended; null while in force."),
        sa.Column("contribution", sa.BigInteger(), nullable=True, comment="Capital contributed."),
        sa.Column("business_registration_number", sa.Text(), nullable=False, comment="The business."),
        sa.Column(
            "person_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("person_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "person_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "person_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("person_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("person_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="What one person is to one business.",
    )
    op.create_index(
        "business_role_business_registration_number",
        "business_role",
        ["business_registration_number", "id"],
        unique=False,
        schema="data",
    )
    op.create_index("business_role_role", "business_role", ["role", "id"], unique=False, schema="data")
    op.create_index("business_role_since", "business_role", ["since", "id"], unique=False, schema="data")
    op.create_index("business_role_source", "business_role", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_table(
        "citizen",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("personal_id", sa.Text(), nullable=False, comment="Personal identifier."),
        sa.Column(
            "former_id",
            sa.Text(),
            nullable=True,
            comment="Former identity-card number: the crosswalk for old papers. Not unique.",
        ),
        sa.Column("full_name", sa.Text(), nullable=False, comment="Family name, middle name, given name."),
        sa.Column(
            "full_name_key",
            sa.Text(collation="C"),
            sa.Computed("hub.name_key(full_name)", persisted=True),
            nullable=True,
        ),
        sa.Column("sex", sa.Text(), nullable=True, comment="Sex."),
        sa.Column("birth_date", sa.Text(), nullable=True, comment="Date of birth, or the year alone."),
        sa.Column("death_date", sa.Date(), nullable=True, comment="Date of death; null for the living."),
        sa.Column("ethnicity", sa.Text(), nullable=True, comment="Ethnic group as registered."),
        sa.Column("residence_address", sa.Text(), nullable=True, comment="Address of residence within the commune."),
        sa.Column("registered_on", sa.Date(), nullable=True, comment="When the residence was registered."),
        sa.Column("residence_unit_code", sa.Text(), nullable=True, comment="Commune of registered residence."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A person in the population register.",
    )
    op.create_index("citizen_birth_date", "citizen", ["birth_date", "id"], unique=False, schema="data")
    op.create_index("citizen_former_id", "citizen", ["former_id", "id"], unique=False, schema="data")
    op.create_index("citizen_full_name_key", "citizen", ["full_name_key", "id"], unique=False, schema="data")
    op.create_index("citizen_personal_id_key", "citizen", ["personal_id"], unique=True, schema="data")
    op.create_index(
        "citizen_residence_unit_code", "citizen", ["residence_unit_code", "id"], unique=False, schema="data"
    )
    op.create_index("citizen_source", "citizen", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_table(
        "encumbrance",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("registration_number", sa.Text(), nullable=False, comment="Number under which it was registered."),
        sa.Column("kind", sa.Text(), nullable=False, comment="Mortgage or seizure."),
        sa.Column("status", sa.Text(), nullable=False, comment="Whether it still rests."),
        sa.Column("beneficiary_name", sa.Text(), nullable=True, comment="The lender, or the authority that seized."),
        sa.Column("secured_amount", sa.BigInteger(), nullable=True, comment="Amount secured."),
        sa.Column("registered_on", sa.Date(), nullable=True, comment="When it was registered."),
        sa.Column("discharged_on", sa.Date(), nullable=True, comment="When it was discharged."),
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
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A mortgage or a seizure that rests on a parcel.",
    )
    op.create_index("encumbrance_kind", "encumbrance", ["kind", "id"], unique=False, schema="data")
    op.create_index("encumbrance_registered_on", "encumbrance", ["registered_on", "id"], unique=False, schema="data")
    op.create_index(
        "encumbrance_registration_number_key", "encumbrance", ["registration_number"], unique=True, schema="data"
    )
    op.create_index("encumbrance_source", "encumbrance", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_index("encumbrance_status", "encumbrance", ["status", "id"], unique=False, schema="data")
    op.create_table(
        "household",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("household_code", sa.Text(), nullable=False, comment="Code of the household in residence data."),
        sa.Column(
            "head_personal_id",
            sa.Text(),
            nullable=True,
            comment="Identifier of the head: since 2025-07-01 also the household's tax code.",
        ),
        sa.Column("address", sa.Text(), nullable=True, comment="Address within the commune."),
        sa.Column("commune_unit_code", sa.Text(), nullable=True, comment="Commune of the residence."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="People registered at one residence.",
    )
    op.create_index(
        "household_commune_unit_code", "household", ["commune_unit_code", "id"], unique=False, schema="data"
    )
    op.create_index("household_head_personal_id", "household", ["head_personal_id", "id"], unique=False, schema="data")
    op.create_index("household_household_code_key", "household", ["household_code"], unique=True, schema="data")
    op.create_index("household_source", "household", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_table(
        "household_membership",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("relationship", sa.Text(), nullable=False, comment="Relationship to the head."),
        sa.Column("since", sa.Date(), nullable=True, comment="When the person joined."),
        sa.Column("household_code", sa.Text(), nullable=False, comment="The household."),
        sa.Column(
            "member_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("member_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "member_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "member_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("member_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("member_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="One person in one household.",
    )
    op.create_index(
        "household_membership_household_code",
        "household_membership",
        ["household_code", "id"],
        unique=False,
        schema="data",
    )
    op.create_index(
        "household_membership_relationship", "household_membership", ["relationship", "id"], unique=False, schema="data"
    )
    op.create_index(
        "household_membership_source", "household_membership", ["stream_id", "source_key"], unique=True, schema="data"
    )
    op.create_table(
        "land_use_right",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("certificate_serial", sa.Text(), nullable=True, comment="Serial printed on the certificate."),
        sa.Column("registry_number", sa.Text(), nullable=True, comment="Number in the register of certificates."),
        sa.Column("issued_on", sa.Date(), nullable=True, comment="Issue date of the certificate."),
        sa.Column("share", sa.Text(), nullable=True, comment="Part of the right this holder has."),
        sa.Column("area", sa.Numeric(), nullable=True, comment="Area the certificate states."),
        sa.Column("purpose", sa.Text(), nullable=True, comment="Purpose the certificate states."),
        sa.Column("term_ends_on", sa.Date(), nullable=True, comment="End of the term; null for long-term use."),
        sa.Column("origin", sa.Text(), nullable=True, comment="Where the right comes from."),
        sa.Column("status", sa.Text(), nullable=False, comment="Whether the right is in force."),
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
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A right to use a parcel, or a co-holder's share of one.",
    )
    op.create_index(
        "land_use_right_certificate_serial", "land_use_right", ["certificate_serial", "id"], unique=False, schema="data"
    )
    op.create_index("land_use_right_issued_on", "land_use_right", ["issued_on", "id"], unique=False, schema="data")
    op.create_index(
        "land_use_right_registry_number", "land_use_right", ["registry_number", "id"], unique=False, schema="data"
    )
    op.create_index("land_use_right_source", "land_use_right", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_index("land_use_right_status", "land_use_right", ["status", "id"], unique=False, schema="data")
    op.create_table(
        "marital_status",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="The state."),
        sa.Column("since", sa.Date(), nullable=True, comment="When it began."),
        sa.Column("until", sa.Date(), nullable=True, comment="When it ended; null while in force."),
        sa.Column("certificate_number", sa.Text(), nullable=True, comment="Number of the marriage certificate."),
        sa.Column(
            "person_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("person_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "person_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "person_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("person_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("person_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column(
            "spouse_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("spouse_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "spouse_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "spouse_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("spouse_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("spouse_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="One entry of civil status on marriage; the one without an end is in force.",
    )
    op.create_index("marital_status_since", "marital_status", ["since", "id"], unique=False, schema="data")
    op.create_index("marital_status_source", "marital_status", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_index("marital_status_state", "marital_status", ["state", "id"], unique=False, schema="data")
    op.create_table(
        "parcel",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "parcel_number",
            sa.Text(),
            nullable=False,
            comment="Commune with the date of its code, map sheet and parcel number, as on the cadastral map.",
        ),
        sa.Column(
            "parcel_identifier",
            sa.Text(),
            nullable=True,
            comment="12-character identifier, issued once; null where none has been issued.",
        ),
        sa.Column("map_sheet", sa.Integer(), nullable=False, comment="Number of the cadastral map sheet."),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="Number of the parcel on its sheet."),
        sa.Column("area", sa.Numeric(), nullable=True, comment="Surveyed area; null where only the deed states one."),
        sa.Column("purpose", sa.Text(), nullable=True, comment="Land-use purpose."),
        sa.Column("address", sa.Text(), nullable=True, comment="Address of the parcel within the commune."),
        sa.Column("point", sa.Text(), nullable=True, comment="An inner point."),
        sa.Column(
            "commune_unit_code",
            sa.Text(),
            nullable=False,
            comment="The commune under whose code the parcel is recorded.",
        ),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A piece of land held under one set of rights.",
    )
    op.create_index("parcel_area", "parcel", ["area", "id"], unique=False, schema="data")
    op.create_index("parcel_commune_unit_code", "parcel", ["commune_unit_code", "id"], unique=False, schema="data")
    op.create_index("parcel_map_sheet", "parcel", ["map_sheet", "id"], unique=False, schema="data")
    op.create_index("parcel_ordinal", "parcel", ["ordinal", "id"], unique=False, schema="data")
    op.create_index("parcel_parcel_identifier_key", "parcel", ["parcel_identifier"], unique=True, schema="data")
    op.create_index("parcel_parcel_number_key", "parcel", ["parcel_number"], unique=True, schema="data")
    op.create_index("parcel_purpose", "parcel", ["purpose", "id"], unique=False, schema="data")
    op.create_index("parcel_source", "parcel", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_table(
        "payment",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("payment_number", sa.Text(), nullable=False, comment="Number of the receipt."),
        sa.Column("amount", sa.BigInteger(), nullable=False, comment="Amount received."),
        sa.Column("paid_on", sa.Date(), nullable=False, comment="When it was received."),
        sa.Column("obligation_number", sa.Text(), nullable=False, comment="What it pays."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="Money received for one obligation.",
    )
    op.create_index("payment_amount", "payment", ["amount", "id"], unique=False, schema="data")
    op.create_index("payment_obligation_number", "payment", ["obligation_number", "id"], unique=False, schema="data")
    op.create_index("payment_paid_on", "payment", ["paid_on", "id"], unique=False, schema="data")
    op.create_index("payment_payment_number_key", "payment", ["payment_number"], unique=True, schema="data")
    op.create_index("payment_source", "payment", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_table(
        "tax_obligation",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column("obligation_number", sa.Text(), nullable=False, comment="Number of the assessment."),
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of tax or fee."),
        sa.Column("year", sa.Integer(), nullable=False, comment="Year it is for."),
        sa.Column("amount", sa.BigInteger(), nullable=False, comment="Amount assessed."),
        sa.Column(
            "paid_amount", sa.BigInteger(), nullable=True, comment="Amount paid so far, as the tax office states it."
        ),
        sa.Column("due_on", sa.Date(), nullable=True, comment="When it falls due."),
        sa.Column("status", sa.Text(), nullable=False, comment="How much of it has been met."),
        sa.Column("taxpayer_number", sa.Text(), nullable=True, comment="The registration it is booked under."),
        sa.Column(
            "debtor_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("debtor_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "debtor_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "debtor_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("debtor_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("debtor_address", sa.Text(), nullable=True, comment="Address as recorded."),
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
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="One tax or fee for one period.",
    )
    op.create_index("tax_obligation_amount", "tax_obligation", ["amount", "id"], unique=False, schema="data")
    op.create_index("tax_obligation_due_on", "tax_obligation", ["due_on", "id"], unique=False, schema="data")
    op.create_index("tax_obligation_kind", "tax_obligation", ["kind", "id"], unique=False, schema="data")
    op.create_index(
        "tax_obligation_obligation_number_key", "tax_obligation", ["obligation_number"], unique=True, schema="data"
    )
    op.create_index("tax_obligation_source", "tax_obligation", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_index("tax_obligation_status", "tax_obligation", ["status", "id"], unique=False, schema="data")
    op.create_index(
        "tax_obligation_taxpayer_number", "tax_obligation", ["taxpayer_number", "id"], unique=False, schema="data"
    )
    op.create_index("tax_obligation_year", "tax_obligation", ["year", "id"], unique=False, schema="data")
    op.create_table(
        "taxpayer",
        sa.Column(
            "id", sa.BigInteger(), server_default=sa.text("nextval('hub.id_seq')"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "taxpayer_number", sa.Text(), nullable=False, comment="Number of the registration within the tax system."
        ),
        sa.Column(
            "tax_code",
            sa.Text(),
            nullable=True,
            comment="Tax code; the same code may stand on several registrations, one for each kind.",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="What the registration is of."),
        sa.Column("status", sa.Text(), nullable=False, comment="Status of the registration."),
        sa.Column("registered_on", sa.Date(), nullable=True, comment="Date of registration."),
        sa.Column(
            "party_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("party_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column("party_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."),
        sa.Column(
            "party_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("party_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("party_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="data",
        comment="A registration at the tax office: of a person, a household, a household business or an enterprise.",
    )
    op.create_index("taxpayer_kind", "taxpayer", ["kind", "id"], unique=False, schema="data")
    op.create_index("taxpayer_source", "taxpayer", ["stream_id", "source_key"], unique=True, schema="data")
    op.create_index("taxpayer_status", "taxpayer", ["status", "id"], unique=False, schema="data")
    op.create_index("taxpayer_tax_code", "taxpayer", ["tax_code", "id"], unique=False, schema="data")
    op.create_index("taxpayer_taxpayer_number_key", "taxpayer", ["taxpayer_number"], unique=True, schema="data")
    op.create_table(
        "administrative_unit",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "unit_code",
            sa.Text(),
            nullable=False,
            comment="Code with its date: 06820@.. until 2025-06-30, 06820@2025-07-01 since.",
        ),
        sa.Column("code", sa.Text(), nullable=False, comment="The code alone: ambiguous without the dates beside it."),
        sa.Column("level", sa.Text(), nullable=False, comment="Level of the unit."),
        sa.Column(
            "type_name",
            sa.Text(),
            nullable=True,
            comment="What such a unit is called: Phường, Xã, Đặc khu, Thị trấn …; none at province level.",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="Full name."),
        sa.Column("name_key", sa.Text(collation="C"), nullable=True),
        sa.Column("point", sa.Text(), nullable=True, comment="A point within the unit."),
        sa.Column("area", sa.Numeric(), nullable=True, comment="Area; known for communes in force."),
        sa.Column(
            "valid_from",
            sa.Date(),
            nullable=True,
            comment="First day of the unit under this code; null where it is not known.",
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            nullable=True,
            comment="First day on which it was no more; null while it is in force.",
        ),
        sa.Column(
            "parent_unit_code", sa.Text(), nullable=True, comment="The unit this one was part of, in the same period."
        ),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.administrative_unit, each with the period in which the hub held it.",
    )
    op.create_table(
        "administrative_unit_change",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="Whole, or a part of a unit that was split."),
        sa.Column("effective_on", sa.Date(), nullable=False, comment="First day of the new unit."),
        sa.Column("predecessor_unit_code", sa.Text(), nullable=False, comment="The old unit."),
        sa.Column("successor_unit_code", sa.Text(), nullable=False, comment="The new unit."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.administrative_unit_change, each with the period in which the hub held it.",
    )
    op.create_table(
        "benefit",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("benefit_number", sa.Text(), nullable=False, comment="Number of the decision."),
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of benefit."),
        sa.Column("monthly_amount", sa.BigInteger(), nullable=False, comment="Amount a month."),
        sa.Column("since", sa.Date(), nullable=True, comment="First month."),
        sa.Column("until", sa.Date(), nullable=True, comment="Last month; null while it is paid."),
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
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.benefit, each with the period in which the hub held it.",
    )
    op.create_table(
        "business",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("registration_number", sa.Text(), nullable=False, comment="Number of its registration."),
        sa.Column(
            "enterprise_code", sa.Text(), nullable=True, comment="Enterprise code; null for a household business."
        ),
        sa.Column(
            "tax_code",
            sa.Text(),
            nullable=True,
            comment="Tax code; of a household business, since 2025-07-01, its representative's identifier.",
        ),
        sa.Column("legal_name", sa.Text(), nullable=False, comment="Name as registered."),
        sa.Column("legal_name_key", sa.Text(collation="C"), nullable=True),
        sa.Column("legal_form", sa.Text(), nullable=False, comment="Legal form."),
        sa.Column("status", sa.Text(), nullable=False, comment="Status in the register."),
        sa.Column("registered_on", sa.Date(), nullable=True, comment="Date of first registration."),
        sa.Column("registered_capital", sa.BigInteger(), nullable=True, comment="Charter capital."),
        sa.Column("activity", sa.Text(), nullable=True, comment="Main line of business."),
        sa.Column("seat_address", sa.Text(), nullable=True, comment="Address of the head office within the commune."),
        sa.Column("seat_unit_code", sa.Text(), nullable=True, comment="Commune of the head office."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.business, each with the period in which the hub held it.",
    )
    op.create_table(
        "business_role",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False, comment="What the person is."),
        sa.Column("since", sa.Date(), nullable=True, comment="When it began."),
        sa.Column("until", sa.Date(), nullable=True, comment="When it ended; null while in force."),
        sa.Column("contribution", sa.BigInteger(), nullable=True, comment="Capital contributed."),
        sa.Column("business_registration_number", sa.Text(), nullable=False, comment="The business."),
        sa.Column(
            "person_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("person_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "person_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "person_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("person_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("person_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.business_role, each with the period in which the hub held it.",
    )
    op.create_table(
        "citizen",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("personal_id", sa.Text(), nullable=False, comment="Personal identifier."),
        sa.Column(
            "former_id",
            sa.Text(),
            nullable=True,
            comment="Former identity-card number: the crosswalk for old papers. Not unique.",
        ),
        sa.Column("full_name", sa.Text(), nullable=False, comment="Family name, middle name, given name."),
        sa.Column("full_name_key", sa.Text(collation="C"), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True, comment="Sex."),
        sa.Column("birth_date", sa.Text(), nullable=True, comment="Date of birth, or the year alone."),
        sa.Column("death_date", sa.Date(), nullable=True, comment="Date of death; null for the living."),
        sa.Column("ethnicity", sa.Text(), nullable=True, comment="Ethnic group as registered."),
        sa.Column("residence_address", sa.Text(), nullable=True, comment="Address of residence within the commune."),
        sa.Column("registered_on", sa.Date(), nullable=True, comment="When the residence was registered."),
        sa.Column("residence_unit_code", sa.Text(), nullable=True, comment="Commune of registered residence."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.citizen, each with the period in which the hub held it.",
    )
    op.create_table(
        "encumbrance",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("registration_number", sa.Text(), nullable=False, comment="Number under which it was registered."),
        sa.Column("kind", sa.Text(), nullable=False, comment="Mortgage or seizure."),
        sa.Column("status", sa.Text(), nullable=False, comment="Whether it still rests."),
        sa.Column("beneficiary_name", sa.Text(), nullable=True, comment="The lender, or the authority that seized."),
        sa.Column("secured_amount", sa.BigInteger(), nullable=True, comment="Amount secured."),
        sa.Column("registered_on", sa.Date(), nullable=True, comment="When it was registered."),
        sa.Column("discharged_on", sa.Date(), nullable=True, comment="When it was discharged."),
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
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.encumbrance, each with the period in which the hub held it.",
    )
    op.create_table(
        "household",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("household_code", sa.Text(), nullable=False, comment="Code of the household in residence data."),
        sa.Column(
            "head_personal_id",
            sa.Text(),
            nullable=True,
            comment="Identifier of the head: since 2025-07-01 also the household's tax code.",
        ),
        sa.Column("address", sa.Text(), nullable=True, comment="Address within the commune."),
        sa.Column("commune_unit_code", sa.Text(), nullable=True, comment="Commune of the residence."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.household, each with the period in which the hub held it.",
    )
    op.create_table(
        "household_membership",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("relationship", sa.Text(), nullable=False, comment="Relationship to the head."),
        sa.Column("since", sa.Date(), nullable=True, comment="When the person joined."),
        sa.Column("household_code", sa.Text(), nullable=False, comment="The household."),
        sa.Column(
            "member_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("member_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "member_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "member_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("member_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("member_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.household_membership, each with the period in which the hub held it.",
    )
    op.create_table(
        "land_use_right",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("certificate_serial", sa.Text(), nullable=True, comment="Serial printed on the certificate."),
        sa.Column("registry_number", sa.Text(), nullable=True, comment="Number in the register of certificates."),
        sa.Column("issued_on", sa.Date(), nullable=True, comment="Issue date of the certificate."),
        sa.Column("share", sa.Text(), nullable=True, comment="Part of the right this holder has."),
        sa.Column("area", sa.Numeric(), nullable=True, comment="Area the certificate states."),
        sa.Column("purpose", sa.Text(), nullable=True, comment="Purpose the certificate states."),
        sa.Column("term_ends_on", sa.Date(), nullable=True, comment="End of the term; null for long-term use."),
        sa.Column("origin", sa.Text(), nullable=True, comment="Where the right comes from."),
        sa.Column("status", sa.Text(), nullable=False, comment="Whether the right is in force."),
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
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.land_use_right, each with the period in which the hub held it.",
    )
    op.create_table(
        "marital_status",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="The state."),
        sa.Column("since", sa.Date(), nullable=True, comment="When it began."),
        sa.Column("until", sa.Date(), nullable=True, comment="When it ended; null while in force."),
        sa.Column("certificate_number", sa.Text(), nullable=True, comment="Number of the marriage certificate."),
        sa.Column(
            "person_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("person_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "person_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "person_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("person_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("person_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column(
            "spouse_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("spouse_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "spouse_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "spouse_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("spouse_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("spouse_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.marital_status, each with the period in which the hub held it.",
    )
    op.create_table(
        "parcel",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "parcel_number",
            sa.Text(),
            nullable=False,
            comment="Commune with the date of its code, map sheet and parcel number, as on the cadastral map.",
        ),
        sa.Column(
            "parcel_identifier",
            sa.Text(),
            nullable=True,
            comment="12-character identifier, issued once; null where none has been issued.",
        ),
        sa.Column("map_sheet", sa.Integer(), nullable=False, comment="Number of the cadastral map sheet."),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="Number of the parcel on its sheet."),
        sa.Column("area", sa.Numeric(), nullable=True, comment="Surveyed area; null where only the deed states one."),
        sa.Column("purpose", sa.Text(), nullable=True, comment="Land-use purpose."),
        sa.Column("address", sa.Text(), nullable=True, comment="Address of the parcel within the commune."),
        sa.Column("point", sa.Text(), nullable=True, comment="An inner point."),
        sa.Column(
            "commune_unit_code",
            sa.Text(),
            nullable=False,
            comment="The commune under whose code the parcel is recorded.",
        ),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.parcel, each with the period in which the hub held it.",
    )
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payment_number", sa.Text(), nullable=False, comment="Number of the receipt."),
        sa.Column("amount", sa.BigInteger(), nullable=False, comment="Amount received."),
        sa.Column("paid_on", sa.Date(), nullable=False, comment="When it was received."),
        sa.Column("obligation_number", sa.Text(), nullable=False, comment="What it pays."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.payment, each with the period in which the hub held it.",
    )
    op.create_table(
        "tax_obligation",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("obligation_number", sa.Text(), nullable=False, comment="Number of the assessment."),
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of tax or fee."),
        sa.Column("year", sa.Integer(), nullable=False, comment="Year it is for."),
        sa.Column("amount", sa.BigInteger(), nullable=False, comment="Amount assessed."),
        sa.Column(
            "paid_amount", sa.BigInteger(), nullable=True, comment="Amount paid so far, as the tax office states it."
        ),
        sa.Column("due_on", sa.Date(), nullable=True, comment="When it falls due."),
        sa.Column("status", sa.Text(), nullable=False, comment="How much of it has been met."),
        sa.Column("taxpayer_number", sa.Text(), nullable=True, comment="The registration it is booked under."),
        sa.Column(
            "debtor_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("debtor_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column(
            "debtor_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."
        ),
        sa.Column(
            "debtor_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("debtor_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("debtor_address", sa.Text(), nullable=True, comment="Address as recorded."),
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
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.tax_obligation, each with the period in which the hub held it.",
    )
    op.create_table(
        "taxpayer",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "taxpayer_number", sa.Text(), nullable=False, comment="Number of the registration within the tax system."
        ),
        sa.Column(
            "tax_code",
            sa.Text(),
            nullable=True,
            comment="Tax code; the same code may stand on several registrations, one for each kind.",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="What the registration is of."),
        sa.Column("status", sa.Text(), nullable=False, comment="Status of the registration."),
        sa.Column("registered_on", sa.Date(), nullable=True, comment="Date of registration."),
        sa.Column(
            "party_kind",
            sa.Text(),
            nullable=True,
            comment="Kind of subject the sector says this is; null where it does not say.",
        ),
        sa.Column("party_name", sa.Text(), nullable=True, comment="Name as recorded."),
        sa.Column("party_birth_date", sa.Text(), nullable=True, comment="Birth date as recorded, perhaps only a year."),
        sa.Column(
            "party_identifier",
            sa.Text(),
            nullable=True,
            comment="Identifier as recorded: personal (12 digits), former (9 digits), or neither.",
        ),
        sa.Column("party_tax_code", sa.Text(), nullable=True, comment="Tax code as recorded."),
        sa.Column("party_address", sa.Text(), nullable=True, comment="Address as recorded."),
        sa.Column("stream_id", sa.SmallInteger(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.UUID(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at_source", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sys_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "sys_to"),
        schema="history",
        comment="Earlier versions of data.taxpayer, each with the period in which the hub held it.",
    )
    op.create_table(
        "benefit_beneficiary",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "subject_id"),
        schema="link",
        comment="Which subject Benefit.beneficiary is.",
    )
    op.create_index(
        "benefit_beneficiary_accepted",
        "benefit_beneficiary",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "benefit_beneficiary_subject",
        "benefit_beneficiary",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "business_role_person",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "subject_id"),
        schema="link",
        comment="Which subject BusinessRole.person is.",
    )
    op.create_index(
        "business_role_person_accepted",
        "business_role_person",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "business_role_person_subject",
        "business_role_person",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "encumbrance_parcel",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "subject_id"),
        schema="link",
        comment="Which subject Encumbrance.parcel is.",
    )
    op.create_index(
        "encumbrance_parcel_accepted",
        "encumbrance_parcel",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "encumbrance_parcel_subject",
        "encumbrance_parcel",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "household_membership_member",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "subject_id"),
        schema="link",
        comment="Which subject HouseholdMembership.member is.",
    )
    op.create_index(
        "household_membership_member_accepted",
        "household_membership_member",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "household_membership_member_subject",
        "household_membership_member",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "land_use_right_holder",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "subject_id"),
        schema="link",
        comment="Which subject LandUseRight.holder is.",
    )
    op.create_index(
        "land_use_right_holder_accepted",
        "land_use_right_holder",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "land_use_right_holder_subject",
        "land_use_right_holder",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "land_use_right_parcel",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "subject_id"),
        schema="link",
        comment="Which subject LandUseRight.parcel is.",
    )
    op.create_index(
        "land_use_right_parcel_accepted",
        "land_use_right_parcel",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "land_use_right_parcel_subject",
        "land_use_right_parcel",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "marital_status_person",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "subject_id"),
        schema="link",
        comment="Which subject MaritalStatus.person is.",
    )
    op.create_index(
        "marital_status_person_accepted",
        "marital_status_person",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "marital_status_person_subject",
        "marital_status_person",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "marital_status_spouse",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "subject_id"),
        schema="link",
        comment="Which subject MaritalStatus.spouse is.",
    )
    op.create_index(
        "marital_status_spouse_accepted",
        "marital_status_spouse",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "marital_status_spouse_subject",
        "marital_status_spouse",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "tax_obligation_debtor",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "subject_id"),
        schema="link",
        comment="Which subject TaxObligation.debtor is.",
    )
    op.create_index(
        "tax_obligation_debtor_accepted",
        "tax_obligation_debtor",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "tax_obligation_debtor_subject",
        "tax_obligation_debtor",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "tax_obligation_parcel",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "subject_id"),
        schema="link",
        comment="Which subject TaxObligation.parcel is.",
    )
    op.create_index(
        "tax_obligation_parcel_accepted",
        "tax_obligation_parcel",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "tax_obligation_parcel_subject",
        "tax_obligation_parcel",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "taxpayer_party",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.PrimaryKeyConstraint("record_id", "subject_id"),
        schema="link",
        comment="Which subject Taxpayer.party is.",
    )
    op.create_index(
        "taxpayer_party_accepted",
        "taxpayer_party",
        ["record_id"],
        unique=True,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_index(
        "taxpayer_party_subject",
        "taxpayer_party",
        ["subject_id", "record_id"],
        unique=False,
        schema="link",
        postgresql_where=sa.text("status <> 'UNCONFIRMED'"),
    )
    op.create_table(
        "benefit_beneficiary",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "subject_id", "sys_to"),
        schema="link_history",
        comment="Links that Benefit.beneficiary had before.",
    )
    op.create_table(
        "business_role_person",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "subject_id", "sys_to"),
        schema="link_history",
        comment="Links that BusinessRole.person had before.",
    )
    op.create_table(
        "encumbrance_parcel",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "subject_id", "sys_to"),
        schema="link_history",
        comment="Links that Encumbrance.parcel had before.",
    )
    op.create_table(
        "household_membership_member",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "subject_id", "sys_to"),
        schema="link_history",
        comment="Links that HouseholdMembership.member had before.",
    )
    op.create_table(
        "land_use_right_holder",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "subject_id", "sys_to"),
        schema="link_history",
        comment="Links that LandUseRight.holder had before.",
    )
    op.create_table(
        "land_use_right_parcel",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "subject_id", "sys_to"),
        schema="link_history",
        comment="Links that LandUseRight.parcel had before.",
    )
    op.create_table(
        "marital_status_person",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "subject_id", "sys_to"),
        schema="link_history",
        comment="Links that MaritalStatus.person had before.",
    )
    op.create_table(
        "marital_status_spouse",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "subject_id", "sys_to"),
        schema="link_history",
        comment="Links that MaritalStatus.spouse had before.",
    )
    op.create_table(
        "tax_obligation_debtor",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "subject_id", "sys_to"),
        schema="link_history",
        comment="Links that TaxObligation.debtor had before.",
    )
    op.create_table(
        "tax_obligation_parcel",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "subject_id", "sys_to"),
        schema="link_history",
        comment="Links that TaxObligation.parcel had before.",
    )
    op.create_table(
        "taxpayer_party",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
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
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="What agreed and what did not."
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="The run or the person who decided."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.Column(
            "sys_from", sa.DateTime(timezone=True), nullable=False, comment="Since when the hub holds this link."
        ),
        sa.Column("sys_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "subject_id", "sys_to"),
        schema="link_history",
        comment="Links that Taxpayer.party had before.",
    )
