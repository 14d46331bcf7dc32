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
              select t1."relationship" as "relationship",
              (
                select row_to_json(r$2)
                from (
                  select t2."full_name" as "fullName"
                  from link."household_membership_member" l2
                  join data."citizen" t2 on t2.id = l2.subject_id
                  where l2.record_id = t1.id
                  and l2.status <> 'UNCONFIRMED'
                ) r$2
              ) as "member"
              from data."household_membership" t1
              where t1."household_code" = t0."household_code"
              order by t1.id
              limit 5
            ) r$1
          ) as "members"
          from data."household" t0
          where t0."household_code" = $1::text
        ) r$0
      ) as "household"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = 'HK1'
