select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select (
        select json_build_object('nodes', coalesce(json_agg(row_to_json(r$0)), '[]'::json))
        from (
          select hub.global_id('Citizen'::text, t0.id) as "id",
          t0."full_name" as "fullName"
          from data."citizen" t0
          where not exists (select from link.heir m where m.subject_id = t0.id)
          and (t0."full_name_key" = any(select hub.name_key(name) from unnest($1::text[]) name))
          and (t0."birth_date" = any($2::text[]))
          order by t0."birth_date" desc,
          t0.id
          limit 2
        ) r$0
      ) as "citizens",
      (
        select coalesce(
          json_agg(
            case w.kind
            when 'AdministrativeUnit' then (
              select row_to_json(r$0)
              from (
                select 'AdministrativeUnit'::text as "__typename"
                from data."administrative_unit" t0
                where t0.id = w.id
              ) r$0
            )
            when 'AdministrativeUnitChange' then (
              select row_to_json(r$0)
              from (
                select 'AdministrativeUnitChange'::text as "__typename"
                from data."administrative_unit_change" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Citizen' then (
              select row_to_json(r$0)
              from (
                select 'Citizen'::text as "__typename"
                from data."citizen" t0
                where t0.id = coalesce((select h.heir_id from link.heir h where h.subject_id = w.id), w.id)
              ) r$0
            )
            when 'Household' then (
              select row_to_json(r$0)
              from (select 'Household'::text as "__typename" from data."household" t0 where t0.id = w.id) r$0
            )
            when 'HouseholdMembership' then (
              select row_to_json(r$0)
              from (
                select 'HouseholdMembership'::text as "__typename"
                from data."household_membership" t0
                where t0.id = w.id
              ) r$0
            )
            when 'MaritalStatus' then (
              select row_to_json(r$0)
              from (
                select 'MaritalStatus'::text as "__typename"
                from data."marital_status" t0
                where t0.id = w.id
              ) r$0
            )
            when 'BirthRegistration' then (
              select row_to_json(r$0)
              from (
                select 'BirthRegistration'::text as "__typename"
                from data."birth_registration" t0
                where t0.id = w.id
              ) r$0
            )
            when 'DeathRegistration' then (
              select row_to_json(r$0)
              from (
                select 'DeathRegistration'::text as "__typename"
                from data."death_registration" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Parcel' then (
              select row_to_json(r$0)
              from (select 'Parcel'::text as "__typename" from data."parcel" t0 where t0.id = w.id) r$0
            )
            when 'LandUseRight' then (
              select row_to_json(r$0)
              from (
                select 'LandUseRight'::text as "__typename"
                from data."land_use_right" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Encumbrance' then (
              select row_to_json(r$0)
              from (select 'Encumbrance'::text as "__typename" from data."encumbrance" t0 where t0.id = w.id) r$0
            )
            when 'PlanningRestriction' then (
              select row_to_json(r$0)
              from (
                select 'PlanningRestriction'::text as "__typename"
                from data."planning_restriction" t0
                where t0.id = w.id
              ) r$0
            )
            when 'LandTransferSlip' then (
              select row_to_json(r$0)
              from (
                select 'LandTransferSlip'::text as "__typename"
                from data."land_transfer_slip" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Taxpayer' then (
              select row_to_json(r$0)
              from (select 'Taxpayer'::text as "__typename" from data."taxpayer" t0 where t0.id = w.id) r$0
            )
            when 'TaxObligation' then (
              select row_to_json(r$0)
              from (
                select 'TaxObligation'::text as "__typename"
                from data."tax_obligation" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Payment' then (
              select row_to_json(r$0)
              from (select 'Payment'::text as "__typename" from data."payment" t0 where t0.id = w.id) r$0
            )
            when 'TaxExemption' then (
              select row_to_json(r$0)
              from (
                select 'TaxExemption'::text as "__typename"
                from data."tax_exemption" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Benefit' then (
              select row_to_json(r$0)
              from (select 'Benefit'::text as "__typename" from data."benefit" t0 where t0.id = w.id) r$0
            )
            when 'PoorHouseholdEntry' then (
              select row_to_json(r$0)
              from (
                select 'PoorHouseholdEntry'::text as "__typename"
                from data."poor_household_entry" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Business' then (
              select row_to_json(r$0)
              from (select 'Business'::text as "__typename" from data."business" t0 where t0.id = w.id) r$0
            )
            when 'BusinessRole' then (
              select row_to_json(r$0)
              from (
                select 'BusinessRole'::text as "__typename"
                from data."business_role" t0
                where t0.id = w.id
              ) r$0
            )
            when 'BusinessSite' then (
              select row_to_json(r$0)
              from (
                select 'BusinessSite'::text as "__typename"
                from data."business_site" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Pension' then (
              select row_to_json(r$0)
              from (select 'Pension'::text as "__typename" from data."pension" t0 where t0.id = w.id) r$0
            )
            when 'HealthInsuranceCard' then (
              select row_to_json(r$0)
              from (
                select 'HealthInsuranceCard'::text as "__typename"
                from data."health_insurance_card" t0
                where t0.id = w.id
              ) r$0
            )
            when 'BirthNotice' then (
              select row_to_json(r$0)
              from (select 'BirthNotice'::text as "__typename" from data."birth_notice" t0 where t0.id = w.id) r$0
            )
            end
            order by w.place
          ),
          '[]'::json
        )
        from unnest((select $3::text[]), (select $4::bigint[]))
        with ordinality w(kind, id, place)
      ) as "nodes"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = ['An']
-- $2 = ['1980']
-- $3 = ['Citizen']
-- $4 = [1]
