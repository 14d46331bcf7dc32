select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select json_build_object('__typename', 'CitizenConnection'::text) as "typename",
      json_build_object() as "nothing",
      json_build_object(
        'pageInfo', json_build_object('__typename', 'PageInfo'::text, 'hasPreviousPage', false)
      ) as "known",
      json_build_object(
        'pageInfo', json_build_object('hasNextPage', false),
        'totalCount', (
          select count(*)
          from data."citizen" t0
          where not exists (select from link.heir m where m.subject_id = t0.id)
        )
      ) as "knownBackward",
      (
        select json_build_object(
          'pageInfo', json_build_object(
            'startCursor', translate(
              encode(convert_to(min(p0.place) filter (where p0.rn = 1 and 0 > 0), 'UTF8'), 'base64'),
              E'\n',
              ''
            ),
            'endCursor', translate(
              encode(
                convert_to((array_agg(p0.place order by p0.rn desc) filter (where p0.rn <= 0))[1], 'UTF8'),
                'base64'
              ),
              E'\n',
              ''
            ),
            'hasNextPage', coalesce(max(p0.rn) > 0, false)
          )
        )
        from (
          select row_number() over (order by t0.id) as rn,
          json_build_array('id asc', t0.id::text)::text as place
          from data."citizen" t0
          where not exists (select from link.heir m where m.subject_id = t0.id)
          order by t0.id
          limit 1
        ) p0
      ) as "none",
      case $2::text
      when 'AdministrativeUnit' then (
        select row_to_json(r$0)
        from (select from data."administrative_unit" t0 where t0.id = $1::bigint) r$0
      )
      when 'AdministrativeUnitChange' then (
        select row_to_json(r$0)
        from (select from data."administrative_unit_change" t0 where t0.id = $1::bigint) r$0
      )
      when 'Citizen' then (
        select row_to_json(r$0)
        from (
          select
          from data."citizen" t0
          where t0.id = coalesce(
            (select h.heir_id from link.heir h where h.subject_id = $1::bigint),
            $1::bigint
          )
        ) r$0
      )
      when 'Household' then (
        select row_to_json(r$0)
        from (select from data."household" t0 where t0.id = $1::bigint) r$0
      )
      when 'HouseholdMembership' then (
        select row_to_json(r$0)
        from (select from data."household_membership" t0 where t0.id = $1::bigint) r$0
      )
      when 'MaritalStatus' then (
        select row_to_json(r$0)
        from (select from data."marital_status" t0 where t0.id = $1::bigint) r$0
      )
      when 'BirthRegistration' then (
        select row_to_json(r$0)
        from (select from data."birth_registration" t0 where t0.id = $1::bigint) r$0
      )
      when 'DeathRegistration' then (
        select row_to_json(r$0)
        from (select from data."death_registration" t0 where t0.id = $1::bigint) r$0
      )
      when 'Parcel' then (
        select row_to_json(r$0)
        from (select from data."parcel" t0 where t0.id = $1::bigint) r$0
      )
      when 'LandUseRight' then (
        select row_to_json(r$0)
        from (select from data."land_use_right" t0 where t0.id = $1::bigint) r$0
      )
      when 'Encumbrance' then (
        select row_to_json(r$0)
        from (select from data."encumbrance" t0 where t0.id = $1::bigint) r$0
      )
      when 'PlanningRestriction' then (
        select row_to_json(r$0)
        from (select from data."planning_restriction" t0 where t0.id = $1::bigint) r$0
      )
      when 'LandTransferSlip' then (
        select row_to_json(r$0)
        from (select from data."land_transfer_slip" t0 where t0.id = $1::bigint) r$0
      )
      when 'Taxpayer' then (
        select row_to_json(r$0)
        from (select from data."taxpayer" t0 where t0.id = $1::bigint) r$0
      )
      when 'TaxObligation' then (
        select row_to_json(r$0)
        from (select from data."tax_obligation" t0 where t0.id = $1::bigint) r$0
      )
      when 'Payment' then (
        select row_to_json(r$0)
        from (select from data."payment" t0 where t0.id = $1::bigint) r$0
      )
      when 'TaxExemption' then (
        select row_to_json(r$0)
        from (select from data."tax_exemption" t0 where t0.id = $1::bigint) r$0
      )
      when 'Benefit' then (
        select row_to_json(r$0)
        from (select from data."benefit" t0 where t0.id = $1::bigint) r$0
      )
      when 'PoorHouseholdEntry' then (
        select row_to_json(r$0)
        from (select from data."poor_household_entry" t0 where t0.id = $1::bigint) r$0
      )
      when 'Business' then (
        select row_to_json(r$0)
        from (select from data."business" t0 where t0.id = $1::bigint) r$0
      )
      when 'BusinessRole' then (
        select row_to_json(r$0)
        from (select from data."business_role" t0 where t0.id = $1::bigint) r$0
      )
      when 'BusinessSite' then (
        select row_to_json(r$0)
        from (select from data."business_site" t0 where t0.id = $1::bigint) r$0
      )
      when 'Pension' then (
        select row_to_json(r$0)
        from (select from data."pension" t0 where t0.id = $1::bigint) r$0
      )
      when 'HealthInsuranceCard' then (
        select row_to_json(r$0)
        from (select from data."health_insurance_card" t0 where t0.id = $1::bigint) r$0
      )
      when 'BirthNotice' then (
        select row_to_json(r$0)
        from (select from data."birth_notice" t0 where t0.id = $1::bigint) r$0
      )
      end as "noRowAtAll"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = 1
-- $2 = 'Citizen'
