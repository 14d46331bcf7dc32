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
            select row_to_json(r$1)
            from (
              select t1."name" as "name",
              t1."code" as "code"
              from data."administrative_unit" t1
              where t1."unit_code" = t0."residence_unit_code"
            ) r$1
          ) as "residence",
          (
            select json_build_object('nodes', coalesce(json_agg(row_to_json(r$1)), '[]'::json))
            from (
              select t1."share" as "share",
              t1."status" as "status"
              from link."land_use_right_holder" l1
              join data."land_use_right" t1 on t1.id = l1.record_id
              where l1.subject_id = t0.id
              and l1.status <> 'UNCONFIRMED'
              order by t1.id
              limit 1
            ) r$1
          ) as "landUseRights"
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
