select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select (
        select json_build_object(
          'totalCount', (
            select count(*)
            from link.discrepancy t0
            where (t0.sector = any(array(select lower(sector) from unnest($1::text[]) sector)))
            and ((select s.connector from hub.stream s where s.id = t0.stream_id) = $2::text)
            and (t0.kind = $3::text)
            and (t0.sys_from >= $4::timestamptz)
            and (t0.sys_to is null)
          ),
          'pageInfo', json_build_object(
            'endCursor', translate(
              encode(
                convert_to((array_agg(p0.place order by p0.rn desc) filter (where p0.rn <= 3))[1], 'UTF8'),
                'base64'
              ),
              E'\n',
              ''
            )
          ),
          'nodes', coalesce(json_agg(p0.n2 order by p0.rn) filter (where p0.rn <= 3), '[]'::json)
        )
        from (
          select row_number() over (order by t0.id desc) as rn,
          json_build_array('discrepancy desc', t0.id::text)::text as place,
          (
            select row_to_json(r$0)
            from (
              select 'Discrepancy'::text as "__typename",
              case t0.subject_kind
              when 'Citizen' then (
                select row_to_json(r$1)
                from (
                  select hub.global_id('Citizen'::text, t1.id) as "id",
                  t1."personal_id" as "personalId"
                  from data."citizen" t1
                  where t1.id = coalesce(
                    (select h.heir_id from link.heir h where h.subject_id = t0.found_id),
                    t0.found_id
                  )
                ) r$1
              )
              when 'Household' then (
                select row_to_json(r$1)
                from (
                  select hub.global_id('Household'::text, t1.id) as "id"
                  from data."household" t1
                  where t1.id = t0.found_id
                ) r$1
              )
              when 'Parcel' then (
                select row_to_json(r$1)
                from (
                  select hub.global_id('Parcel'::text, t1.id) as "id"
                  from data."parcel" t1
                  where t1.id = t0.found_id
                ) r$1
              )
              when 'Business' then (
                select row_to_json(r$1)
                from (
                  select hub.global_id('Business'::text, t1.id) as "id"
                  from data."business" t1
                  where t1.id = t0.found_id
                ) r$1
              )
              end as "subject",
              (
                select string_agg(
                  case p.place
                  when 1 then p.part
                  else initcap(p.part)
                  end,
                  ''
                  order by p.place
                )
                from regexp_split_to_table(t0.subject_field, '_')
                with ordinality p(part, place)
              ) as "field",
              t0.held as "held",
              t0.recorded as "recorded",
              (
                select row_to_json(g$0)
                from (
                  select 'RecordedIn'::text as "__typename",
                  t0.record_entity as "type",
                  hub.global_id(t0.record_entity, t0.record_id) as "recordId",
                  case t0.record_entity || '.' || t0.record_field
                  when 'HouseholdMembership.member_kind' then 'memberLink.recorded.kind'
                  when 'HouseholdMembership.member_name' then 'memberLink.recorded.name'
                  when 'HouseholdMembership.member_birth_date' then 'memberLink.recorded.birthDate'
                  when 'HouseholdMembership.member_identifier' then 'memberLink.recorded.identifier'
                  when 'HouseholdMembership.member_tax_code' then 'memberLink.recorded.taxCode'
                  when 'HouseholdMembership.member_address' then 'memberLink.recorded.address'
                  when 'MaritalStatus.person_kind' then 'personLink.recorded.kind'
                  when 'MaritalStatus.person_name' then 'personLink.recorded.name'
                  when 'MaritalStatus.person_birth_date' then 'personLink.recorded.birthDate'
                  when 'MaritalStatus.person_identifier' then 'personLink.recorded.identifier'
                  when 'MaritalStatus.person_tax_code' then 'personLink.recorded.taxCode'
                  when 'MaritalStatus.person_address' then 'personLink.recorded.address'
                  when 'MaritalStatus.spouse_kind' then 'spouseLink.recorded.kind'
                  when 'MaritalStatus.spouse_name' then 'spouseLink.recorded.name'
                  when 'MaritalStatus.spouse_birth_date' then 'spouseLink.recorded.birthDate'
                  when 'MaritalStatus.spouse_identifier' then 'spouseLink.recorded.identifier'
                  when 'MaritalStatus.spouse_tax_code' then 'spouseLink.recorded.taxCode'
                  when 'MaritalStatus.spouse_address' then 'spouseLink.recorded.address'
                  when 'BirthRegistration.child_kind' then 'childLink.recorded.kind'
                  when 'BirthRegistration.child_name' then 'childLink.recorded.name'
                  when 'BirthRegistration.child_birth_date' then 'childLink.recorded.birthDate'
                  when 'BirthRegistration.child_identifier' then 'childLink.recorded.identifier'
                  when 'BirthRegistration.child_tax_code' then 'childLink.recorded.taxCode'
                  when 'BirthRegistration.child_address' then 'childLink.recorded.address'
                  when 'BirthRegistration.mother_kind' then 'motherLink.recorded.kind'
                  when 'BirthRegistration.mother_name' then 'motherLink.recorded.name'
                  when 'BirthRegistration.mother_birth_date' then 'motherLink.recorded.birthDate'
                  when 'BirthRegistration.mother_identifier' then 'motherLink.recorded.identifier'
                  when 'BirthRegistration.mother_tax_code' then 'motherLink.recorded.taxCode'
                  when 'BirthRegistration.mother_address' then 'motherLink.recorded.address'
                  when 'BirthRegistration.father_kind' then 'fatherLink.recorded.kind'
                  when 'BirthRegistration.father_name' then 'fatherLink.recorded.name'
                  when 'BirthRegistration.father_birth_date' then 'fatherLink.recorded.birthDate'
                  when 'BirthRegistration.father_identifier' then 'fatherLink.recorded.identifier'
                  when 'BirthRegistration.father_tax_code' then 'fatherLink.recorded.taxCode'
                  when 'BirthRegistration.father_address' then 'fatherLink.recorded.address'
                  when 'DeathRegistration.deceased_kind' then 'deceasedLink.recorded.kind'
                  when 'DeathRegistration.deceased_name' then 'deceasedLink.recorded.name'
                  when 'DeathRegistration.deceased_birth_date' then 'deceasedLink.recorded.birthDate'
                  when 'DeathRegistration.deceased_identifier' then 'deceasedLink.recorded.identifier'
                  when 'DeathRegistration.deceased_tax_code' then 'deceasedLink.recorded.taxCode'
                  when 'DeathRegistration.deceased_address' then 'deceasedLink.recorded.address'
                  when 'LandUseRight.parcel_number' then 'parcelLink.recorded.parcelNumber'
                  when 'LandUseRight.parcel_identifier' then 'parcelLink.recorded.parcelIdentifier'
                  when 'LandUseRight.holder_kind' then 'holderLink.recorded.kind'
                  when 'LandUseRight.holder_name' then 'holderLink.recorded.name'
                  when 'LandUseRight.holder_birth_date' then 'holderLink.recorded.birthDate'
                  when 'LandUseRight.holder_identifier' then 'holderLink.recorded.identifier'
                  when 'LandUseRight.holder_tax_code' then 'holderLink.recorded.taxCode'
                  when 'LandUseRight.holder_address' then 'holderLink.recorded.address'
                  when 'Encumbrance.parcel_number' then 'parcelLink.recorded.parcelNumber'
                  when 'Encumbrance.parcel_identifier' then 'parcelLink.recorded.parcelIdentifier'
                  when 'PlanningRestriction.parcel_number' then 'parcelLink.recorded.parcelNumber'
                  when 'PlanningRestriction.parcel_identifier' then 'parcelLink.recorded.parcelIdentifier'
                  when 'LandTransferSlip.parcel_number' then 'parcelLink.recorded.parcelNumber'
                  when 'LandTransferSlip.parcel_identifier' then 'parcelLink.recorded.parcelIdentifier'
                  when 'LandTransferSlip.transferor_kind' then 'transferorLink.recorded.kind'
                  when 'LandTransferSlip.transferor_name' then 'transferorLink.recorded.name'
                  when 'LandTransferSlip.transferor_birth_date' then 'transferorLink.recorded.birthDate'
                  when 'LandTransferSlip.transferor_identifier' then 'transferorLink.recorded.identifier'
                  when 'LandTransferSlip.transferor_tax_code' then 'transferorLink.recorded.taxCode'
                  when 'LandTransferSlip.transferor_address' then 'transferorLink.recorded.address'
                  when 'LandTransferSlip.transferee_kind' then 'transfereeLink.recorded.kind'
                  when 'LandTransferSlip.transferee_name' then 'transfereeLink.recorded.name'
                  when 'LandTransferSlip.transferee_birth_date' then 'transfereeLink.recorded.birthDate'
                  when 'LandTransferSlip.transferee_identifier' then 'transfereeLink.recorded.identifier'
                  when 'LandTransferSlip.transferee_tax_code' then 'transfereeLink.recorded.taxCode'
                  when 'LandTransferSlip.transferee_address' then 'transfereeLink.recorded.address'
                  when 'Taxpayer.party_kind' then 'partyLink.recorded.kind'
                  when 'Taxpayer.party_name' then 'partyLink.recorded.name'
                  when 'Taxpayer.party_birth_date' then 'partyLink.recorded.birthDate'
                  when 'Taxpayer.party_identifier' then 'partyLink.recorded.identifier'
                  when 'Taxpayer.party_tax_code' then 'partyLink.recorded.taxCode'
                  when 'Taxpayer.party_address' then 'partyLink.recorded.address'
                  when 'TaxObligation.debtor_kind' then 'debtorLink.recorded.kind'
                  when 'TaxObligation.debtor_name' then 'debtorLink.recorded.name'
                  when 'TaxObligation.debtor_birth_date' then 'debtorLink.recorded.birthDate'
                  when 'TaxObligation.debtor_identifier' then 'debtorLink.recorded.identifier'
                  when 'TaxObligation.debtor_tax_code' then 'debtorLink.recorded.taxCode'
                  when 'TaxObligation.debtor_address' then 'debtorLink.recorded.address'
                  when 'TaxObligation.parcel_number' then 'parcelLink.recorded.parcelNumber'
                  when 'TaxObligation.parcel_identifier' then 'parcelLink.recorded.parcelIdentifier'
                  when 'Benefit.beneficiary_kind' then 'beneficiaryLink.recorded.kind'
                  when 'Benefit.beneficiary_name' then 'beneficiaryLink.recorded.name'
                  when 'Benefit.beneficiary_birth_date' then 'beneficiaryLink.recorded.birthDate'
                  when 'Benefit.beneficiary_identifier' then 'beneficiaryLink.recorded.identifier'
                  when 'Benefit.beneficiary_tax_code' then 'beneficiaryLink.recorded.taxCode'
                  when 'Benefit.beneficiary_address' then 'beneficiaryLink.recorded.address'
                  when 'PoorHouseholdEntry.household_kind' then 'householdLink.recorded.kind'
                  when 'PoorHouseholdEntry.household_name' then 'householdLink.recorded.name'
                  when 'PoorHouseholdEntry.household_birth_date' then 'householdLink.recorded.birthDate'
                  when 'PoorHouseholdEntry.household_identifier' then 'householdLink.recorded.identifier'
                  when 'PoorHouseholdEntry.household_tax_code' then 'householdLink.recorded.taxCode'
                  when 'PoorHouseholdEntry.household_address' then 'householdLink.recorded.address'
                  when 'BusinessRole.person_kind' then 'personLink.recorded.kind'
                  when 'BusinessRole.person_name' then 'personLink.recorded.name'
                  when 'BusinessRole.person_birth_date' then 'personLink.recorded.birthDate'
                  when 'BusinessRole.person_identifier' then 'personLink.recorded.identifier'
                  when 'BusinessRole.person_tax_code' then 'personLink.recorded.taxCode'
                  when 'BusinessRole.person_address' then 'personLink.recorded.address'
                  when 'BusinessSite.parcel_number' then 'parcelLink.recorded.parcelNumber'
                  when 'BusinessSite.parcel_identifier' then 'parcelLink.recorded.parcelIdentifier'
                  when 'Pension.beneficiary_kind' then 'beneficiaryLink.recorded.kind'
                  when 'Pension.beneficiary_name' then 'beneficiaryLink.recorded.name'
                  when 'Pension.beneficiary_birth_date' then 'beneficiaryLink.recorded.birthDate'
                  when 'Pension.beneficiary_identifier' then 'beneficiaryLink.recorded.identifier'
                  when 'Pension.beneficiary_tax_code' then 'beneficiaryLink.recorded.taxCode'
                  when 'Pension.beneficiary_address' then 'beneficiaryLink.recorded.address'
                  when 'HealthInsuranceCard.holder_kind' then 'holderLink.recorded.kind'
                  when 'HealthInsuranceCard.holder_name' then 'holderLink.recorded.name'
                  when 'HealthInsuranceCard.holder_birth_date' then 'holderLink.recorded.birthDate'
                  when 'HealthInsuranceCard.holder_identifier' then 'holderLink.recorded.identifier'
                  when 'HealthInsuranceCard.holder_tax_code' then 'holderLink.recorded.taxCode'
                  when 'HealthInsuranceCard.holder_address' then 'holderLink.recorded.address'
                  when 'BirthNotice.mother_kind' then 'motherLink.recorded.kind'
                  when 'BirthNotice.mother_name' then 'motherLink.recorded.name'
                  when 'BirthNotice.mother_birth_date' then 'motherLink.recorded.birthDate'
                  when 'BirthNotice.mother_identifier' then 'motherLink.recorded.identifier'
                  when 'BirthNotice.mother_tax_code' then 'motherLink.recorded.taxCode'
                  when 'BirthNotice.mother_address' then 'motherLink.recorded.address'
                  else (
                    select string_agg(
                      case p.place
                      when 1 then p.part
                      else initcap(p.part)
                      end,
                      ''
                      order by p.place
                    )
                    from regexp_split_to_table(t0.record_field, '_')
                    with ordinality p(part, place)
                  )
                  end as "field",
                  case t0.record_entity
                  when 'HouseholdMembership' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."household_membership" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'MaritalStatus' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."marital_status" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'BirthRegistration' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."birth_registration" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'DeathRegistration' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."death_registration" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'LandUseRight' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."land_use_right" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'Encumbrance' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."encumbrance" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'PlanningRestriction' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."planning_restriction" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'LandTransferSlip' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."land_transfer_slip" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'Taxpayer' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."taxpayer" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'TaxObligation' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."tax_obligation" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'Benefit' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."benefit" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'PoorHouseholdEntry' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."poor_household_entry" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'BusinessRole' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."business_role" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'BusinessSite' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."business_site" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'Pension' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."pension" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'HealthInsuranceCard' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."health_insurance_card" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  when 'BirthNotice' then (
                    select row_to_json(r$1)
                    from (
                      select (select row_to_json(g$1) from (select t1.source_key as "sourceKey") g$1) as "provenance"
                      from data."birth_notice" t1
                      where t1.id = t0.record_id
                    ) r$1
                  )
                  end as "node"
                ) g$0
              ) as "recordedIn",
              t0.kind as "kind",
              upper(t0.sector) as "sector",
              (select s.connector from hub.stream s where s.id = t0.stream_id) as "source",
              t0.sys_from as "since",
              t0.sys_to as "resolvedAt"
            ) r$0
          ) as n2
          from link.discrepancy t0
          where (t0.sector = any(array(select lower(sector) from unnest($1::text[]) sector)))
          and ((select s.connector from hub.stream s where s.id = t0.stream_id) = $2::text)
          and (t0.kind = $3::text)
          and (t0.sys_from >= $4::timestamptz)
          and (t0.sys_to is null)
          and (t0.id) < ($5::bigint)
          order by t0.id desc
          limit 4
        ) p0
      ) as "discrepancies"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = ['LAND']
-- $2 = 'cadastre'
-- $3 = 'DIFFERS'
-- $4 = '2026-01-01T00:00:00Z'
-- $5 = '12'
