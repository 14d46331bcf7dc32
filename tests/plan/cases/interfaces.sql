select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select case $2::text
      when 'AdministrativeUnit' then (
        select row_to_json(r$0)
        from (
          select hub.global_id('AdministrativeUnit'::text, t0.id) as "id",
          (
            select row_to_json(g$0)
            from (select (select s.connector from hub.stream s where s.id = t0.stream_id) as "source") g$0
          ) as "provenance"
          from data."administrative_unit" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'AdministrativeUnitChange' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."administrative_unit_change" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'Citizen' then (
        select row_to_json(r$0)
        from (
          select hub.global_id('Citizen'::text, t0.id) as "id",
          (
            select row_to_json(g$0)
            from (select (select s.connector from hub.stream s where s.id = t0.stream_id) as "source") g$0
          ) as "provenance"
          from data."citizen" t0
          where t0.id = coalesce(
            (select h.heir_id from link.heir h where h.subject_id = $1::bigint),
            $1::bigint
          )
        ) r$0
      )
      when 'Household' then (
        select row_to_json(r$0)
        from (
          select hub.global_id('Household'::text, t0.id) as "id",
          (
            select row_to_json(g$0)
            from (select (select s.connector from hub.stream s where s.id = t0.stream_id) as "source") g$0
          ) as "provenance"
          from data."household" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'HouseholdMembership' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."household_membership" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'MaritalStatus' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."marital_status" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'BirthRegistration' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."birth_registration" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'DeathRegistration' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."death_registration" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'Parcel' then (
        select row_to_json(r$0)
        from (
          select hub.global_id('Parcel'::text, t0.id) as "id",
          (
            select json_build_object('nodes', coalesce(json_agg(row_to_json(r$1)), '[]'::json))
            from (
              select (
                select case l2.subject_kind
                when 'Citizen' then (
                  select row_to_json(r$2)
                  from (
                    select 'Citizen'::text as "__typename",
                    hub.global_id('Citizen'::text, t2.id) as "id"
                    from data."citizen" t2
                    where t2.id = l2.subject_id
                  ) r$2
                )
                when 'Household' then (
                  select row_to_json(r$2)
                  from (
                    select 'Household'::text as "__typename",
                    hub.global_id('Household'::text, t2.id) as "id"
                    from data."household" t2
                    where t2.id = l2.subject_id
                  ) r$2
                )
                end
                from link."land_use_right_holder" l2
                where l2.record_id = t1.id
                and l2.status <> 'UNCONFIRMED'
              ) as "holder"
              from link."land_use_right_parcel" l1
              join data."land_use_right" t1 on t1.id = l1.record_id
              where l1.subject_id = t0.id
              and l1.status <> 'UNCONFIRMED'
              order by t1.id
              limit 1
            ) r$1
          ) as "rights",
          (
            select row_to_json(g$0)
            from (select (select s.connector from hub.stream s where s.id = t0.stream_id) as "source") g$0
          ) as "provenance"
          from data."parcel" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'LandUseRight' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."land_use_right" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'Encumbrance' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."encumbrance" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'PlanningRestriction' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."planning_restriction" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'LandTransferSlip' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."land_transfer_slip" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'Taxpayer' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."taxpayer" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'TaxObligation' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."tax_obligation" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'Payment' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."payment" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'TaxExemption' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."tax_exemption" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'Benefit' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."benefit" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'PoorHouseholdEntry' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."poor_household_entry" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'Business' then (
        select row_to_json(r$0)
        from (
          select hub.global_id('Business'::text, t0.id) as "id",
          (
            select row_to_json(g$0)
            from (select (select s.connector from hub.stream s where s.id = t0.stream_id) as "source") g$0
          ) as "provenance"
          from data."business" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'BusinessRole' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."business_role" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'BusinessSite' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."business_site" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'Pension' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."pension" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'HealthInsuranceCard' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."health_insurance_card" t0
          where t0.id = $1::bigint
        ) r$0
      )
      when 'BirthNotice' then (
        select row_to_json(r$0)
        from (
          select (
            select row_to_json(g$0)
            from (select (select s.name from hub.stream s where s.id = t0.stream_id) as "stream") g$0
          ) as "provenance"
          from data."birth_notice" t0
          where t0.id = $1::bigint
        ) r$0
      )
      end as "node"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = 2
-- $2 = 'Parcel'
