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
            from data."citizen" t0
            where not exists (select from link.heir m where m.subject_id = t0.id)
          ),
          'nodes', coalesce(json_agg(row_to_json(r$0)), '[]'::json)
        )
        from (
          select t0."personal_id" as "personalId"
          from data."citizen" t0
          where not exists (select from link.heir m where m.subject_id = t0.id)
          order by t0.id
          limit 2
        ) r$0
      ) as "citizens",
      (
        select json_build_object('nodes', coalesce(json_agg(row_to_json(r$0)), '[]'::json))
        from (
          select hub.global_id('Household'::text, t0.id) as "id"
          from data."household" t0
          where exists (
            select
            from data."household_membership" t0f
            where t0f."household_code" = t0."household_code"
            and exists (
              select
              from link."household_membership_member" t0fl
              join data."citizen" t0ff on t0ff.id = t0fl.subject_id
              where t0fl.record_id = t0f.id
              and t0fl.status <> 'UNCONFIRMED'
              and (t0ff."sex" = $1::text)
            )
          )
          order by t0.id
          limit 1
        ) r$0
      ) as "households"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = 'MALE'
