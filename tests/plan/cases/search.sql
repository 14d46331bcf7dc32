select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select (
        select json_build_object(
          'hasMore', count(*) > 5,
          'hits', coalesce(
            json_agg(
              (
                select row_to_json(k$)
                from (
                  select to_json(s$.matched) as "matchedOn",
                  s$.score as "score",
                  case s$.kind
                  when 'Citizen' then (
                    select row_to_json(r$0)
                    from (
                      select hub.global_id('Citizen'::text, t0.id) as "id",
                      t0."full_name" as "fullName"
                      from data."citizen" t0
                      where t0.id = s$.id
                    ) r$0
                  )
                  when 'BirthRegistration' then (
                    select row_to_json(r$0)
                    from (
                      select hub.global_id('BirthRegistration'::text, t0.id) as "id"
                      from data."birth_registration" t0
                      where t0.id = s$.id
                    ) r$0
                  )
                  when 'DeathRegistration' then (
                    select row_to_json(r$0)
                    from (
                      select hub.global_id('DeathRegistration'::text, t0.id) as "id"
                      from data."death_registration" t0
                      where t0.id = s$.id
                    ) r$0
                  )
                  when 'LandUseRight' then (
                    select row_to_json(r$0)
                    from (
                      select hub.global_id('LandUseRight'::text, t0.id) as "id"
                      from data."land_use_right" t0
                      where t0.id = s$.id
                    ) r$0
                  )
                  when 'LandTransferSlip' then (
                    select row_to_json(r$0)
                    from (
                      select hub.global_id('LandTransferSlip'::text, t0.id) as "id"
                      from data."land_transfer_slip" t0
                      where t0.id = s$.id
                    ) r$0
                  )
                  when 'Business' then (
                    select row_to_json(r$0)
                    from (
                      select hub.global_id('Business'::text, t0.id) as "id",
                      t0."legal_name" as "legalName"
                      from data."business" t0
                      where t0.id = s$.id
                    ) r$0
                  )
                  when 'Pension' then (
                    select row_to_json(r$0)
                    from (
                      select hub.global_id('Pension'::text, t0.id) as "id"
                      from data."pension" t0
                      where t0.id = s$.id
                    ) r$0
                  )
                  when 'HealthInsuranceCard' then (
                    select row_to_json(r$0)
                    from (
                      select hub.global_id('HealthInsuranceCard'::text, t0.id) as "id"
                      from data."health_insurance_card" t0
                      where t0.id = s$.id
                    ) r$0
                  )
                  when 'BirthNotice' then (
                    select row_to_json(r$0)
                    from (
                      select hub.global_id('BirthNotice'::text, t0.id) as "id"
                      from data."birth_notice" t0
                      where t0.id = s$.id
                    ) r$0
                  )
                  end as "node"
                ) k$
              )
              order by s$.place
            ) filter (where s$.place <= 5),
            '[]'::json
          )
        )
        from (
          select *,
          row_number() over (order by score desc, kind, id) as place
          from (
            (
              select distinct on (id) *
              from (
                select 'Citizen' as kind,
                coalesce((select h.heir_id from link.heir h where h.subject_id = c0.id), c0.id) as id,
                array_remove(
                  array[case
                  when (c0."personal_id" = any($1::text[])) then 'PERSONAL_ID'
                  end,
                  case
                  when (c0."former_id" = any($2::text[])) then 'FORMER_ID'
                  end,
                  case
                  when (
                    string_to_array(c0."full_name_key", ' ') @> string_to_array(hub.name_key($3::text), ' ')
                  )
                  or (
                    c0."full_name_key" >= hub.name_key($3::text)
                    and c0."full_name_key" < hub.name_key($3::text) || U&'\+10FFFF'
                  )
                  or (c0."full_name_key" = hub.name_key($3::text)) then 'FULL_NAME'
                  end,
                  case
                  when (
                    (c0."birth_date" = any($4::text[]))
                    or (left(c0."birth_date"::text, 4) = any($5::text[]))
                  ) then 'BIRTH_DATE' end],
                  null
                ) as matched,
                case
                when (c0."personal_id" = any($1::text[])) then 100
                else 0
                end + case
                when (c0."former_id" = any($2::text[])) then 100
                else 0
                end + case
                when (
                  string_to_array(c0."full_name_key", ' ') @> string_to_array(hub.name_key($3::text), ' ')
                ) then 20
                else 0
                end + case
                when (
                  c0."full_name_key" >= hub.name_key($3::text)
                  and c0."full_name_key" < hub.name_key($3::text) || U&'\+10FFFF'
                ) then 20
                else 0
                end + case
                when (c0."full_name_key" = hub.name_key($3::text)) then 40
                else 0
                end + case
                when (
                  (c0."birth_date" = any($4::text[]))
                  or (left(c0."birth_date"::text, 4) = any($5::text[]))
                ) then 30
                else 0
                end as score
                from data."citizen" c0
                where c0.id in (
                  (
                    select c0.id
                    from data."citizen" c0
                    where (c0."personal_id" = any($1::text[]))
                    order by c0.id
                    limit 200
                  )
                  union (
                    select c0.id
                    from data."citizen" c0
                    where (c0."former_id" = any($2::text[]))
                    order by c0.id
                    limit 200
                  )
                  union (
                    select c0.id
                    from data."citizen" c0
                    where (c0."full_name_key" = hub.name_key($3::text))
                    order by c0.id
                    limit 200
                  )
                  union (
                    select c0.id
                    from data."citizen" c0
                    where (
                      c0."full_name_key" >= hub.name_key($3::text)
                      and c0."full_name_key" < hub.name_key($3::text) || U&'\+10FFFF'
                    )
                    order by c0.id
                    limit 200
                  )
                  union (
                    select c0.id
                    from data."citizen" c0
                    where (
                      string_to_array(c0."full_name_key", ' ') @> string_to_array(hub.name_key($3::text), ' ')
                    )
                    order by c0.id
                    limit 200
                  )
                  union (
                    select c0.id
                    from data."citizen" c0
                    where (
                      (c0."birth_date" = any($4::text[]))
                      and (
                        ($3::text is null)
                        or (
                          string_to_array(c0."full_name_key", ' ') @> string_to_array(
                            hub.name_key($3::text),
                            ' '
                          )
                        )
                      )
                    )
                    order by c0.id
                    limit 200
                  )
                )
              ) one
              where exists (select from data."citizen" c0 where c0.id = one.id)
              order by id,
              score desc,
              matched
            )
            union all
            select 'BirthRegistration' as kind,
            c0.id as id,
            array_remove(
              array[case
              when (c0."registration_number" = any($6::text[])) then 'REGISTRATION_NUMBER' end],
              null
            ) as matched,
            case
            when (c0."registration_number" = any($6::text[])) then 100
            else 0
            end as score
            from data."birth_registration" c0
            where c0.id in (
              (
                select c0.id
                from data."birth_registration" c0
                where (c0."registration_number" = any($6::text[]))
                order by c0.id
                limit 200
              )
            )
            union all
            select 'DeathRegistration' as kind,
            c0.id as id,
            array_remove(
              array[case
              when (c0."registration_number" = any($6::text[])) then 'REGISTRATION_NUMBER' end],
              null
            ) as matched,
            case
            when (c0."registration_number" = any($6::text[])) then 100
            else 0
            end as score
            from data."death_registration" c0
            where c0.id in (
              (
                select c0.id
                from data."death_registration" c0
                where (c0."registration_number" = any($6::text[]))
                order by c0.id
                limit 200
              )
            )
            union all
            select 'LandUseRight' as kind,
            c0.id as id,
            array_remove(
              array[case
              when (c0."certificate_serial" = any($7::text[])) then 'CERTIFICATE_SERIAL' end],
              null
            ) as matched,
            case
            when (c0."certificate_serial" = any($7::text[])) then 100
            else 0
            end as score
            from data."land_use_right" c0
            where c0.id in (
              (
                select c0.id
                from data."land_use_right" c0
                where (c0."certificate_serial" = any($7::text[]))
                order by c0.id
                limit 200
              )
            )
            union all
            select 'LandTransferSlip' as kind,
            c0.id as id,
            array_remove(array[case when (c0."slip_number" = any($6::text[])) then 'SLIP_NUMBER' end], null) as matched,
            case
            when (c0."slip_number" = any($6::text[])) then 100
            else 0
            end as score
            from data."land_transfer_slip" c0
            where c0.id in (
              (
                select c0.id
                from data."land_transfer_slip" c0
                where (c0."slip_number" = any($6::text[]))
                order by c0.id
                limit 200
              )
            )
            union all
            select 'Business' as kind,
            c0.id as id,
            array_remove(
              array[case
              when (c0."registration_number" = any($8::text[])) then 'REGISTRATION_NUMBER'
              end,
              case
              when (c0."enterprise_code" = any($9::text[])) then 'ENTERPRISE_CODE'
              end,
              case
              when (c0."tax_code" = any($10::text[])) then 'TAX_CODE'
              end,
              case
              when (string_to_array(c0."legal_name_key", ' ') @> string_to_array(hub.name_key($3::text), ' '))
              or (
                c0."legal_name_key" >= hub.name_key($3::text)
                and c0."legal_name_key" < hub.name_key($3::text) || U&'\+10FFFF'
              )
              or (c0."legal_name_key" = hub.name_key($3::text)) then 'LEGAL_NAME' end],
              null
            ) as matched,
            case
            when (c0."registration_number" = any($8::text[])) then 100
            else 0
            end + case
            when (c0."enterprise_code" = any($9::text[])) then 100
            else 0
            end + case
            when (c0."tax_code" = any($10::text[])) then 100
            else 0
            end + case
            when (string_to_array(c0."legal_name_key", ' ') @> string_to_array(hub.name_key($3::text), ' ')) then 20
            else 0
            end + case
            when (
              c0."legal_name_key" >= hub.name_key($3::text)
              and c0."legal_name_key" < hub.name_key($3::text) || U&'\+10FFFF'
            ) then 20
            else 0
            end + case
            when (c0."legal_name_key" = hub.name_key($3::text)) then 40
            else 0
            end as score
            from data."business" c0
            where c0.id in (
              (
                select c0.id
                from data."business" c0
                where (c0."registration_number" = any($8::text[]))
                order by c0.id
                limit 200
              )
              union (
                select c0.id
                from data."business" c0
                where (c0."enterprise_code" = any($9::text[]))
                order by c0.id
                limit 200
              )
              union (
                select c0.id
                from data."business" c0
                where (c0."tax_code" = any($10::text[]))
                order by c0.id
                limit 200
              )
              union (
                select c0.id
                from data."business" c0
                where (c0."legal_name_key" = hub.name_key($3::text))
                order by c0.id
                limit 200
              )
              union (
                select c0.id
                from data."business" c0
                where (
                  c0."legal_name_key" >= hub.name_key($3::text)
                  and c0."legal_name_key" < hub.name_key($3::text) || U&'\+10FFFF'
                )
                order by c0.id
                limit 200
              )
              union (
                select c0.id
                from data."business" c0
                where (
                  string_to_array(c0."legal_name_key", ' ') @> string_to_array(hub.name_key($3::text), ' ')
                )
                order by c0.id
                limit 200
              )
            )
            union all
            select 'Pension' as kind,
            c0.id as id,
            array_remove(
              array[case
              when (c0."decision_number" = any($6::text[])) then 'DECISION_NUMBER' end],
              null
            ) as matched,
            case
            when (c0."decision_number" = any($6::text[])) then 100
            else 0
            end as score
            from data."pension" c0
            where c0.id in (
              (
                select c0.id
                from data."pension" c0
                where (c0."decision_number" = any($6::text[]))
                order by c0.id
                limit 200
              )
            )
            union all
            select 'HealthInsuranceCard' as kind,
            c0.id as id,
            array_remove(array[case when (c0."card_number" = any($11::text[])) then 'CARD_NUMBER' end], null) as matched,
            case
            when (c0."card_number" = any($11::text[])) then 100
            else 0
            end as score
            from data."health_insurance_card" c0
            where c0.id in (
              (
                select c0.id
                from data."health_insurance_card" c0
                where (c0."card_number" = any($11::text[]))
                order by c0.id
                limit 200
              )
            )
            union all
            select 'BirthNotice' as kind,
            c0.id as id,
            array_remove(
              array[case
              when (c0."notice_number" = any($6::text[])) then 'NOTICE_NUMBER' end],
              null
            ) as matched,
            case
            when (c0."notice_number" = any($6::text[])) then 100
            else 0
            end as score
            from data."birth_notice" c0
            where c0.id in (
              (
                select c0.id
                from data."birth_notice" c0
                where (c0."notice_number" = any($6::text[]))
                order by c0.id
                limit 200
              )
            )
          ) every
          order by score desc,
          kind,
          id
          limit 6
        ) s$
        having true
      ) as "search"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = []
-- $2 = []
-- $3 = 'Nguyễn Văn An'
-- $4 = ['1980-03-12']
-- $5 = []
-- $6 = ['12/03/1980']
-- $7 = []
-- $8 = []
-- $9 = []
-- $10 = []
-- $11 = []
