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
          select (
            select case l1.subject_kind
            when 'Citizen' then (
              select row_to_json(r$1)
              from (
                select 'Citizen'::text as "__typename",
                t1."full_name" as "fullName"
                from data."citizen" t1
                where t1.id = l1.subject_id
              ) r$1
            )
            when 'Household' then (
              select row_to_json(r$1)
              from (
                select 'Household'::text as "__typename",
                t1."household_code" as "householdCode"
                from data."household" t1
                where t1.id = l1.subject_id
              ) r$1
            )
            when 'Business' then (
              select row_to_json(r$1)
              from (
                select 'Business'::text as "__typename",
                t1."legal_name" as "legalName"
                from data."business" t1
                where t1.id = l1.subject_id
              ) r$1
            )
            end
            from link."tax_obligation_debtor" l1
            where l1.record_id = t0.id
            and l1.status <> 'UNCONFIRMED'
          ) as "debtor"
          from data."tax_obligation" t0
          order by t0.id
          limit 1
        ) r$0
      ) as "taxObligations"
    ) d$
  )::text as j
  offset 0
) result
