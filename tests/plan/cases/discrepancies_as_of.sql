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
