select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select (
        select coalesce(
          json_agg(
            case w.kind
            when 'AdministrativeUnit' then (
              select row_to_json(r$0)
              from (
                select 'AdministrativeUnit'::text as "__typename",
                hub.global_id('AdministrativeUnit'::text, t0.id) as "id",
                (
                  select row_to_json(g$0)
                  from (select (select s.connector from hub.stream s where s.id = t0.stream_id) as "source") g$0
                ) as "provenance"
                from data."administrative_unit" t0
                where t0.id = w.id
              ) r$0
            )
            when 'AdministrativeUnitChange' then (
              select row_to_json(r$0)
              from (
                select 'AdministrativeUnitChange'::text as "__typename",
                hub.global_id('AdministrativeUnitChange'::text, t0.id) as "id"
                from data."administrative_unit_change" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Citizen' then (
              select row_to_json(r$0)
              from (
                select 'Citizen'::text as "__typename",
                hub.global_id('Citizen'::text, t0.id) as "id",
                (
                  select row_to_json(g$0)
                  from (select (select s.connector from hub.stream s where s.id = t0.stream_id) as "source") g$0
                ) as "provenance",
                t0."full_name" as "fullName"
                from data."citizen" t0
                where t0.id = coalesce((select h.heir_id from link.heir h where h.subject_id = w.id), w.id)
              ) r$0
            )
            when 'Household' then (
              select row_to_json(r$0)
              from (
                select 'Household'::text as "__typename",
                hub.global_id('Household'::text, t0.id) as "id",
                (
                  select row_to_json(g$0)
                  from (select (select s.connector from hub.stream s where s.id = t0.stream_id) as "source") g$0
                ) as "provenance"
                from data."household" t0
                where t0.id = w.id
              ) r$0
            )
            when 'HouseholdMembership' then (
              select row_to_json(r$0)
              from (
                select 'HouseholdMembership'::text as "__typename",
                hub.global_id('HouseholdMembership'::text, t0.id) as "id"
                from data."household_membership" t0
                where t0.id = w.id
              ) r$0
            )
            when 'MaritalStatus' then (
              select row_to_json(r$0)
              from (
                select 'MaritalStatus'::text as "__typename",
                hub.global_id('MaritalStatus'::text, t0.id) as "id"
                from data."marital_status" t0
                where t0.id = w.id
              ) r$0
            )
            when 'BirthRegistration' then (
              select row_to_json(r$0)
              from (
                select 'BirthRegistration'::text as "__typename",
                hub.global_id('BirthRegistration'::text, t0.id) as "id"
                from data."birth_registration" t0
                where t0.id = w.id
              ) r$0
            )
            when 'DeathRegistration' then (
              select row_to_json(r$0)
              from (
                select 'DeathRegistration'::text as "__typename",
                hub.global_id('DeathRegistration'::text, t0.id) as "id"
                from data."death_registration" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Parcel' then (
              select row_to_json(r$0)
              from (
                select 'Parcel'::text as "__typename",
                hub.global_id('Parcel'::text, t0.id) as "id",
                (
                  select row_to_json(g$0)
                  from (select (select s.connector from hub.stream s where s.id = t0.stream_id) as "source") g$0
                ) as "provenance"
                from data."parcel" t0
                where t0.id = w.id
              ) r$0
            )
            when 'LandUseRight' then (
              select row_to_json(r$0)
              from (
                select 'LandUseRight'::text as "__typename",
                hub.global_id('LandUseRight'::text, t0.id) as "id"
                from data."land_use_right" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Encumbrance' then (
              select row_to_json(r$0)
              from (
                select 'Encumbrance'::text as "__typename",
                hub.global_id('Encumbrance'::text, t0.id) as "id"
                from data."encumbrance" t0
                where t0.id = w.id
              ) r$0
            )
            when 'PlanningRestriction' then (
              select row_to_json(r$0)
              from (
                select 'PlanningRestriction'::text as "__typename",
                hub.global_id('PlanningRestriction'::text, t0.id) as "id"
                from data."planning_restriction" t0
                where t0.id = w.id
              ) r$0
            )
            when 'LandTransferSlip' then (
              select row_to_json(r$0)
              from (
                select 'LandTransferSlip'::text as "__typename",
                hub.global_id('LandTransferSlip'::text, t0.id) as "id"
                from data."land_transfer_slip" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Taxpayer' then (
              select row_to_json(r$0)
              from (
                select 'Taxpayer'::text as "__typename",
                hub.global_id('Taxpayer'::text, t0.id) as "id"
                from data."taxpayer" t0
                where t0.id = w.id
              ) r$0
            )
            when 'TaxObligation' then (
              select row_to_json(r$0)
              from (
                select 'TaxObligation'::text as "__typename",
                hub.global_id('TaxObligation'::text, t0.id) as "id"
                from data."tax_obligation" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Payment' then (
              select row_to_json(r$0)
              from (
                select 'Payment'::text as "__typename",
                hub.global_id('Payment'::text, t0.id) as "id"
                from data."payment" t0
                where t0.id = w.id
              ) r$0
            )
            when 'TaxExemption' then (
              select row_to_json(r$0)
              from (
                select 'TaxExemption'::text as "__typename",
                hub.global_id('TaxExemption'::text, t0.id) as "id"
                from data."tax_exemption" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Benefit' then (
              select row_to_json(r$0)
              from (
                select 'Benefit'::text as "__typename",
                hub.global_id('Benefit'::text, t0.id) as "id"
                from data."benefit" t0
                where t0.id = w.id
              ) r$0
            )
            when 'PoorHouseholdEntry' then (
              select row_to_json(r$0)
              from (
                select 'PoorHouseholdEntry'::text as "__typename",
                hub.global_id('PoorHouseholdEntry'::text, t0.id) as "id"
                from data."poor_household_entry" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Business' then (
              select row_to_json(r$0)
              from (
                select 'Business'::text as "__typename",
                hub.global_id('Business'::text, t0.id) as "id",
                (
                  select row_to_json(g$0)
                  from (select (select s.connector from hub.stream s where s.id = t0.stream_id) as "source") g$0
                ) as "provenance"
                from data."business" t0
                where t0.id = w.id
              ) r$0
            )
            when 'BusinessRole' then (
              select row_to_json(r$0)
              from (
                select 'BusinessRole'::text as "__typename",
                hub.global_id('BusinessRole'::text, t0.id) as "id"
                from data."business_role" t0
                where t0.id = w.id
              ) r$0
            )
            when 'BusinessSite' then (
              select row_to_json(r$0)
              from (
                select 'BusinessSite'::text as "__typename",
                hub.global_id('BusinessSite'::text, t0.id) as "id"
                from data."business_site" t0
                where t0.id = w.id
              ) r$0
            )
            when 'Pension' then (
              select row_to_json(r$0)
              from (
                select 'Pension'::text as "__typename",
                hub.global_id('Pension'::text, t0.id) as "id"
                from data."pension" t0
                where t0.id = w.id
              ) r$0
            )
            when 'HealthInsuranceCard' then (
              select row_to_json(r$0)
              from (
                select 'HealthInsuranceCard'::text as "__typename",
                hub.global_id('HealthInsuranceCard'::text, t0.id) as "id"
                from data."health_insurance_card" t0
                where t0.id = w.id
              ) r$0
            )
            when 'BirthNotice' then (
              select row_to_json(r$0)
              from (
                select 'BirthNotice'::text as "__typename",
                hub.global_id('BirthNotice'::text, t0.id) as "id"
                from data."birth_notice" t0
                where t0.id = w.id
              ) r$0
            )
            end
            order by w.place
          ),
          '[]'::json
        )
        from unnest((select $1::text[]), (select $2::bigint[]))
        with ordinality w(kind, id, place)
      ) as "nodes"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = ['Citizen', 'Parcel']
-- $2 = [1, 2]
