"""Indexes of earlier versions."""

from alembic import op

revision = "v0002"
down_revision = "v0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "administrative_unit_past_parent_unit_code",
        "administrative_unit",
        ["parent_unit_code"],
        unique=False,
        schema="history",
    )
    op.create_index(
        "administrative_unit_past_unit_code", "administrative_unit", ["unit_code"], unique=False, schema="history"
    )
    op.create_index(
        "administrative_unit_change_past_predecessor_unit_code",
        "administrative_unit_change",
        ["predecessor_unit_code"],
        unique=False,
        schema="history",
    )
    op.create_index(
        "administrative_unit_change_past_successor_unit_code",
        "administrative_unit_change",
        ["successor_unit_code"],
        unique=False,
        schema="history",
    )
    op.create_index("benefit_past_benefit_number", "benefit", ["benefit_number"], unique=False, schema="history")
    op.create_index("business_past_enterprise_code", "business", ["enterprise_code"], unique=False, schema="history")
    op.create_index(
        "business_past_registration_number", "business", ["registration_number"], unique=False, schema="history"
    )
    op.create_index("business_past_seat_unit_code", "business", ["seat_unit_code"], unique=False, schema="history")
    op.create_index(
        "business_role_past_business_registration_number",
        "business_role",
        ["business_registration_number"],
        unique=False,
        schema="history",
    )
    op.create_index("citizen_past_personal_id", "citizen", ["personal_id"], unique=False, schema="history")
    op.create_index(
        "citizen_past_residence_unit_code", "citizen", ["residence_unit_code"], unique=False, schema="history"
    )
    op.create_index(
        "encumbrance_past_registration_number", "encumbrance", ["registration_number"], unique=False, schema="history"
    )
    op.create_index(
        "household_past_commune_unit_code", "household", ["commune_unit_code"], unique=False, schema="history"
    )
    op.create_index("household_past_household_code", "household", ["household_code"], unique=False, schema="history")
    op.create_index(
        "household_membership_past_household_code",
        "household_membership",
        ["household_code"],
        unique=False,
        schema="history",
    )
    op.create_index("parcel_past_commune_unit_code", "parcel", ["commune_unit_code"], unique=False, schema="history")
    op.create_index("parcel_past_parcel_identifier", "parcel", ["parcel_identifier"], unique=False, schema="history")
    op.create_index("parcel_past_parcel_number", "parcel", ["parcel_number"], unique=False, schema="history")
    op.create_index("payment_past_obligation_number", "payment", ["obligation_number"], unique=False, schema="history")
    op.create_index("payment_past_payment_number", "payment", ["payment_number"], unique=False, schema="history")
    op.create_index(
        "tax_obligation_past_obligation_number", "tax_obligation", ["obligation_number"], unique=False, schema="history"
    )
    op.create_index(
        "tax_obligation_past_taxpayer_number", "tax_obligation", ["taxpayer_number"], unique=False, schema="history"
    )
    op.create_index("taxpayer_past_taxpayer_number", "taxpayer", ["taxpayer_number"], unique=False, schema="history")
    op.create_index(
        "benefit_beneficiary_past_subject", "benefit_beneficiary", ["subject_id"], unique=False, schema="link_history"
    )
    op.create_index(
        "business_role_person_past_subject", "business_role_person", ["subject_id"], unique=False, schema="link_history"
    )
    op.create_index(
        "encumbrance_parcel_past_subject", "encumbrance_parcel", ["subject_id"], unique=False, schema="link_history"
    )
    op.create_index(
        "household_membership_member_past_subject",
        "household_membership_member",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_index(
        "land_use_right_holder_past_subject",
        "land_use_right_holder",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_index(
        "land_use_right_parcel_past_subject",
        "land_use_right_parcel",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_index(
        "marital_status_person_past_subject",
        "marital_status_person",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_index(
        "marital_status_spouse_past_subject",
        "marital_status_spouse",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_index(
        "tax_obligation_debtor_past_subject",
        "tax_obligation_debtor",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_index(
        "tax_obligation_parcel_past_subject",
        "tax_obligation_parcel",
        ["subject_id"],
        unique=False,
        schema="link_history",
    )
    op.create_index(
        "taxpayer_party_past_subject", "taxpayer_party", ["subject_id"], unique=False, schema="link_history"
    )
