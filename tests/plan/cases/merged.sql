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
          select hub.global_id('Citizen'::text, t0.id) as "id",
          (
            select coalesce(
              json_agg(hub.global_id('Citizen', h1.subject_id) order by h1.subject_id),
              '[]'::json
            )
            from link.heir h1
            where h1.heir_id = t0.id
          ) as "mergedIds",
          (
            select coalesce(
              json_agg(
                (
                  select row_to_json(k$1)
                  from (
                    select 'MergedCitizen'::text as "__typename",
                    hub.global_id('Citizen'::text, t1.id) as "id",
                    t1."personal_id" as "personalId",
                    h1.sys_from as "since"
                  ) k$1
                )
                order by h1.subject_id
              ),
              '[]'::json
            )
            from link.heir h1
            join data."citizen" t1 on t1.id = h1.subject_id
            where h1.heir_id = t0.id
          ) as "mergedFrom"
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
