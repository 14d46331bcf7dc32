select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select (
        select row_to_json(r$0)
        from (
          select (
            select json_build_object('nodes', coalesce(json_agg(row_to_json(r$1)), '[]'::json))
            from (
              select (
                select string_agg(
                  case p.place
                  when 1 then p.part
                  else initcap(p.part)
                  end,
                  ''
                  order by p.place
                )
                from regexp_split_to_table(t1.subject_field, '_')
                with ordinality p(part, place)
              ) as "field",
              t1.sys_from as "since",
              t1.sys_to as "resolvedAt",
              (
                select row_to_json(g$1)
                from (
                  select case t1.record_entity
                  when 'HouseholdMembership' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('HouseholdMembership'::text, t2.id) as "id"
                      from (
                        select "id",
                        "relationship",
                        "residence_kind",
                        "since",
                        "household_code",
                        "member_kind",
                        "member_name",
                        "member_birth_date",
                        "member_identifier",
                        "member_tax_code",
                        "member_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."household_membership"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "relationship",
                        "residence_kind",
                        "since",
                        "household_code",
                        "member_kind",
                        "member_name",
                        "member_birth_date",
                        "member_identifier",
                        "member_tax_code",
                        "member_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."household_membership"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'MaritalStatus' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('MaritalStatus'::text, t2.id) as "id"
                      from (
                        select "id",
                        "state",
                        "since",
                        "until",
                        "certificate_number",
                        "person_kind",
                        "person_name",
                        "person_birth_date",
                        "person_identifier",
                        "person_tax_code",
                        "person_address",
                        "spouse_kind",
                        "spouse_name",
                        "spouse_birth_date",
                        "spouse_identifier",
                        "spouse_tax_code",
                        "spouse_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."marital_status"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "state",
                        "since",
                        "until",
                        "certificate_number",
                        "person_kind",
                        "person_name",
                        "person_birth_date",
                        "person_identifier",
                        "person_tax_code",
                        "person_address",
                        "spouse_kind",
                        "spouse_name",
                        "spouse_birth_date",
                        "spouse_identifier",
                        "spouse_tax_code",
                        "spouse_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."marital_status"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'BirthRegistration' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('BirthRegistration'::text, t2.id) as "id"
                      from (
                        select "id",
                        "registration_number",
                        "birth_date",
                        "sex",
                        "birth_place",
                        "registered_on",
                        "registry_unit_code",
                        "child_kind",
                        "child_name",
                        "child_birth_date",
                        "child_identifier",
                        "child_tax_code",
                        "child_address",
                        "mother_kind",
                        "mother_name",
                        "mother_birth_date",
                        "mother_identifier",
                        "mother_tax_code",
                        "mother_address",
                        "father_kind",
                        "father_name",
                        "father_birth_date",
                        "father_identifier",
                        "father_tax_code",
                        "father_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."birth_registration"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "registration_number",
                        "birth_date",
                        "sex",
                        "birth_place",
                        "registered_on",
                        "registry_unit_code",
                        "child_kind",
                        "child_name",
                        "child_birth_date",
                        "child_identifier",
                        "child_tax_code",
                        "child_address",
                        "mother_kind",
                        "mother_name",
                        "mother_birth_date",
                        "mother_identifier",
                        "mother_tax_code",
                        "mother_address",
                        "father_kind",
                        "father_name",
                        "father_birth_date",
                        "father_identifier",
                        "father_tax_code",
                        "father_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."birth_registration"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'DeathRegistration' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('DeathRegistration'::text, t2.id) as "id"
                      from (
                        select "id",
                        "registration_number",
                        "died_on",
                        "registered_on",
                        "registry_unit_code",
                        "deceased_kind",
                        "deceased_name",
                        "deceased_birth_date",
                        "deceased_identifier",
                        "deceased_tax_code",
                        "deceased_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."death_registration"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "registration_number",
                        "died_on",
                        "registered_on",
                        "registry_unit_code",
                        "deceased_kind",
                        "deceased_name",
                        "deceased_birth_date",
                        "deceased_identifier",
                        "deceased_tax_code",
                        "deceased_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."death_registration"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'LandUseRight' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('LandUseRight'::text, t2.id) as "id"
                      from (
                        select "id",
                        "certificate_serial",
                        "registry_number",
                        "issued_on",
                        "share",
                        "area",
                        "purpose",
                        "term_ends_on",
                        "origin",
                        "status",
                        "parcel_number",
                        "parcel_identifier",
                        "holder_kind",
                        "holder_name",
                        "holder_birth_date",
                        "holder_identifier",
                        "holder_tax_code",
                        "holder_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."land_use_right"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "certificate_serial",
                        "registry_number",
                        "issued_on",
                        "share",
                        "area",
                        "purpose",
                        "term_ends_on",
                        "origin",
                        "status",
                        "parcel_number",
                        "parcel_identifier",
                        "holder_kind",
                        "holder_name",
                        "holder_birth_date",
                        "holder_identifier",
                        "holder_tax_code",
                        "holder_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."land_use_right"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'Encumbrance' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('Encumbrance'::text, t2.id) as "id"
                      from (
                        select "id",
                        "registration_number",
                        "kind",
                        "status",
                        "beneficiary_name",
                        "secured_amount",
                        "registered_on",
                        "discharged_on",
                        "parcel_number",
                        "parcel_identifier",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."encumbrance"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "registration_number",
                        "kind",
                        "status",
                        "beneficiary_name",
                        "secured_amount",
                        "registered_on",
                        "discharged_on",
                        "parcel_number",
                        "parcel_identifier",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."encumbrance"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'PlanningRestriction' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('PlanningRestriction'::text, t2.id) as "id"
                      from (
                        select "id",
                        "restriction_number",
                        "kind",
                        "decision_number",
                        "plan_name",
                        "affected_area",
                        "valid_from",
                        "valid_until",
                        "parcel_number",
                        "parcel_identifier",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."planning_restriction"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "restriction_number",
                        "kind",
                        "decision_number",
                        "plan_name",
                        "affected_area",
                        "valid_from",
                        "valid_until",
                        "parcel_number",
                        "parcel_identifier",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."planning_restriction"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'LandTransferSlip' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('LandTransferSlip'::text, t2.id) as "id"
                      from (
                        select "id",
                        "slip_number",
                        "dossier_code",
                        "certificate_serial",
                        "kind",
                        "area",
                        "price",
                        "issued_on",
                        "status",
                        "revoked_on",
                        "parcel_number",
                        "parcel_identifier",
                        "transferor_kind",
                        "transferor_name",
                        "transferor_birth_date",
                        "transferor_identifier",
                        "transferor_tax_code",
                        "transferor_address",
                        "transferee_kind",
                        "transferee_name",
                        "transferee_birth_date",
                        "transferee_identifier",
                        "transferee_tax_code",
                        "transferee_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."land_transfer_slip"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "slip_number",
                        "dossier_code",
                        "certificate_serial",
                        "kind",
                        "area",
                        "price",
                        "issued_on",
                        "status",
                        "revoked_on",
                        "parcel_number",
                        "parcel_identifier",
                        "transferor_kind",
                        "transferor_name",
                        "transferor_birth_date",
                        "transferor_identifier",
                        "transferor_tax_code",
                        "transferor_address",
                        "transferee_kind",
                        "transferee_name",
                        "transferee_birth_date",
                        "transferee_identifier",
                        "transferee_tax_code",
                        "transferee_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."land_transfer_slip"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'Taxpayer' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('Taxpayer'::text, t2.id) as "id"
                      from (
                        select "id",
                        "taxpayer_number",
                        "tax_code",
                        "kind",
                        "status",
                        "registered_on",
                        "party_kind",
                        "party_name",
                        "party_birth_date",
                        "party_identifier",
                        "party_tax_code",
                        "party_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."taxpayer"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "taxpayer_number",
                        "tax_code",
                        "kind",
                        "status",
                        "registered_on",
                        "party_kind",
                        "party_name",
                        "party_birth_date",
                        "party_identifier",
                        "party_tax_code",
                        "party_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."taxpayer"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'TaxObligation' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('TaxObligation'::text, t2.id) as "id"
                      from (
                        select "id",
                        "obligation_number",
                        "kind",
                        "year",
                        "amount",
                        "paid_amount",
                        "due_on",
                        "status",
                        "transfer_slip_number",
                        "taxpayer_number",
                        "debtor_kind",
                        "debtor_name",
                        "debtor_birth_date",
                        "debtor_identifier",
                        "debtor_tax_code",
                        "debtor_address",
                        "parcel_number",
                        "parcel_identifier",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."tax_obligation"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "obligation_number",
                        "kind",
                        "year",
                        "amount",
                        "paid_amount",
                        "due_on",
                        "status",
                        "transfer_slip_number",
                        "taxpayer_number",
                        "debtor_kind",
                        "debtor_name",
                        "debtor_birth_date",
                        "debtor_identifier",
                        "debtor_tax_code",
                        "debtor_address",
                        "parcel_number",
                        "parcel_identifier",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."tax_obligation"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'Benefit' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('Benefit'::text, t2.id) as "id"
                      from (
                        select "id",
                        "benefit_number",
                        "kind",
                        "monthly_amount",
                        "since",
                        "until",
                        "status",
                        "beneficiary_kind",
                        "beneficiary_name",
                        "beneficiary_birth_date",
                        "beneficiary_identifier",
                        "beneficiary_tax_code",
                        "beneficiary_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."benefit"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "benefit_number",
                        "kind",
                        "monthly_amount",
                        "since",
                        "until",
                        "status",
                        "beneficiary_kind",
                        "beneficiary_name",
                        "beneficiary_birth_date",
                        "beneficiary_identifier",
                        "beneficiary_tax_code",
                        "beneficiary_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."benefit"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'PoorHouseholdEntry' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('PoorHouseholdEntry'::text, t2.id) as "id"
                      from (
                        select "id",
                        "entry_number",
                        "category",
                        "year",
                        "member_count",
                        "decision_number",
                        "decided_on",
                        "household_kind",
                        "household_name",
                        "household_birth_date",
                        "household_identifier",
                        "household_tax_code",
                        "household_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."poor_household_entry"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "entry_number",
                        "category",
                        "year",
                        "member_count",
                        "decision_number",
                        "decided_on",
                        "household_kind",
                        "household_name",
                        "household_birth_date",
                        "household_identifier",
                        "household_tax_code",
                        "household_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."poor_household_entry"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'BusinessRole' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('BusinessRole'::text, t2.id) as "id"
                      from (
                        select "id",
                        "role",
                        "since",
                        "until",
                        "contribution",
                        "business_registration_number",
                        "person_kind",
                        "person_name",
                        "person_birth_date",
                        "person_identifier",
                        "person_tax_code",
                        "person_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."business_role"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "role",
                        "since",
                        "until",
                        "contribution",
                        "business_registration_number",
                        "person_kind",
                        "person_name",
                        "person_birth_date",
                        "person_identifier",
                        "person_tax_code",
                        "person_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."business_role"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'BusinessSite' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('BusinessSite'::text, t2.id) as "id"
                      from (
                        select "id",
                        "kind",
                        "address",
                        "since",
                        "until",
                        "business_registration_number",
                        "unit_code",
                        "parcel_number",
                        "parcel_identifier",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."business_site"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "kind",
                        "address",
                        "since",
                        "until",
                        "business_registration_number",
                        "unit_code",
                        "parcel_number",
                        "parcel_identifier",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."business_site"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'Pension' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('Pension'::text, t2.id) as "id"
                      from (
                        select "id",
                        "decision_number",
                        "social_insurance_number",
                        "kind",
                        "monthly_amount",
                        "since",
                        "until",
                        "status",
                        "beneficiary_kind",
                        "beneficiary_name",
                        "beneficiary_birth_date",
                        "beneficiary_identifier",
                        "beneficiary_tax_code",
                        "beneficiary_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."pension"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "decision_number",
                        "social_insurance_number",
                        "kind",
                        "monthly_amount",
                        "since",
                        "until",
                        "status",
                        "beneficiary_kind",
                        "beneficiary_name",
                        "beneficiary_birth_date",
                        "beneficiary_identifier",
                        "beneficiary_tax_code",
                        "beneficiary_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."pension"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'HealthInsuranceCard' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('HealthInsuranceCard'::text, t2.id) as "id"
                      from (
                        select "id",
                        "card_number",
                        "category",
                        "valid_from",
                        "valid_until",
                        "clinic_code",
                        "clinic_name",
                        "holder_kind",
                        "holder_name",
                        "holder_birth_date",
                        "holder_identifier",
                        "holder_tax_code",
                        "holder_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."health_insurance_card"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "card_number",
                        "category",
                        "valid_from",
                        "valid_until",
                        "clinic_code",
                        "clinic_name",
                        "holder_kind",
                        "holder_name",
                        "holder_birth_date",
                        "holder_identifier",
                        "holder_tax_code",
                        "holder_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."health_insurance_card"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  when 'BirthNotice' then (
                    select row_to_json(r$2)
                    from (
                      select hub.global_id('BirthNotice'::text, t2.id) as "id"
                      from (
                        select "id",
                        "notice_number",
                        "birth_date",
                        "sex",
                        "birth_weight",
                        "intended_name",
                        "facility_name",
                        "issued_on",
                        "mother_kind",
                        "mother_name",
                        "mother_birth_date",
                        "mother_identifier",
                        "mother_tax_code",
                        "mother_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from data."birth_notice"
                        where sys_from <= $1::timestamptz
                        union all
                        select "id",
                        "notice_number",
                        "birth_date",
                        "sex",
                        "birth_weight",
                        "intended_name",
                        "facility_name",
                        "issued_on",
                        "mother_kind",
                        "mother_name",
                        "mother_birth_date",
                        "mother_identifier",
                        "mother_tax_code",
                        "mother_address",
                        "stream_id",
                        "source_key",
                        "run_id",
                        "row_digest",
                        "first_seen",
                        "changed_at_source",
                        "sys_from"
                        from history."birth_notice"
                        where sys_from <= $1::timestamptz
                        and sys_to > $1::timestamptz
                      ) t2
                      where t2.id = t1.record_id
                    ) r$2
                  )
                  end as "node"
                ) g$1
              ) as "recordedIn"
              from (
                select id,
                subject_kind,
                found_id,
                subject_field,
                held,
                record_entity,
                record_id,
                record_field,
                recorded,
                kind,
                sector,
                stream_id,
                sys_from,
                case
                when sys_to <= $1::timestamptz then sys_to
                end as sys_to
                from link.discrepancy
                where sys_from <= $1::timestamptz
              ) t1
              where t1.found_id = any (
                array(
                  select t0.id
                  union all
                  select h.subject_id
                  from (
                    select subject_id,
                    heir_id,
                    sys_from
                    from link.heir
                    where sys_from <= $1::timestamptz
                    union all
                    select subject_id,
                    heir_id,
                    sys_from
                    from link_history.heir
                    where sys_from <= $1::timestamptz
                    and sys_to > $1::timestamptz
                  ) h
                  where h.heir_id = t0.id
                )
              )
              and (t1.sys_to is null)
              order by t1.id desc
              limit 2
            ) r$1
          ) as "discrepancies"
          from (
            select "id",
            "personal_id",
            "former_id",
            "full_name",
            "sex",
            "birth_date",
            "death_date",
            "ethnicity",
            "residence_address",
            "registered_on",
            "residence_unit_code",
            "full_name_key",
            "stream_id",
            "source_key",
            "run_id",
            "row_digest",
            "first_seen",
            "changed_at_source",
            "sys_from"
            from data."citizen"
            where sys_from <= $1::timestamptz
            union all
            select "id",
            "personal_id",
            "former_id",
            "full_name",
            "sex",
            "birth_date",
            "death_date",
            "ethnicity",
            "residence_address",
            "registered_on",
            "residence_unit_code",
            "full_name_key",
            "stream_id",
            "source_key",
            "run_id",
            "row_digest",
            "first_seen",
            "changed_at_source",
            "sys_from"
            from history."citizen"
            where sys_from <= $1::timestamptz
            and sys_to > $1::timestamptz
          ) t0
          where t0.id = (
            select coalesce(h.heir_id, k.id)
            from (
              select "id",
              "personal_id",
              "former_id",
              "full_name",
              "sex",
              "birth_date",
              "death_date",
              "ethnicity",
              "residence_address",
              "registered_on",
              "residence_unit_code",
              "full_name_key",
              "stream_id",
              "source_key",
              "run_id",
              "row_digest",
              "first_seen",
              "changed_at_source",
              "sys_from"
              from data."citizen"
              where sys_from <= $1::timestamptz
              union all
              select "id",
              "personal_id",
              "former_id",
              "full_name",
              "sex",
              "birth_date",
              "death_date",
              "ethnicity",
              "residence_address",
              "registered_on",
              "residence_unit_code",
              "full_name_key",
              "stream_id",
              "source_key",
              "run_id",
              "row_digest",
              "first_seen",
              "changed_at_source",
              "sys_from"
              from history."citizen"
              where sys_from <= $1::timestamptz
              and sys_to > $1::timestamptz
            ) k
            left join (
              select subject_id,
              heir_id,
              sys_from
              from link.heir
              where sys_from <= $1::timestamptz
              union all
              select subject_id,
              heir_id,
              sys_from
              from link_history.heir
              where sys_from <= $1::timestamptz
              and sys_to > $1::timestamptz
            ) h on h.subject_id = k.id
            where k."personal_id" = $2::text
          )
        ) r$0
      ) as "citizen"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = '2026-01-31T00:00:00+07:00'
-- $2 = '022085001234'
