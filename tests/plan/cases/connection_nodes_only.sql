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
              select t1."role" as "role",
              (
                select row_to_json(r$2)
                from (
                  select t2."legal_name" as "legalName"
                  from data."business" t2
                  where t2."registration_number" = t1."business_registration_number"
                ) r$2
              ) as "business"
              from link."business_role_person" l1
              join data."business_role" t1 on t1.id = l1.record_id
              where l1.subject_id = t0.id
              and l1.status <> 'UNCONFIRMED'
              order by t1.id
              limit 3
            ) r$1
          ) as "businessRoles"
          from data."citizen" t0
          where t0.id = (
            select coalesce(h.heir_id, k.id)
            from data."citizen" k
            left join link.heir h on h.subject_id = k.id
            where k."personal_id" = $1::text
          )
        ) r$0
      ) as "citizen"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = '022085001234'
