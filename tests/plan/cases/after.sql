select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select (
        select json_build_object(
          'nodes', coalesce(json_agg(p0.n2 order by p0.rn) filter (where p0.rn <= 3), '[]'::json),
          'pageInfo', json_build_object('hasPreviousPage', true)
        )
        from (
          select row_number() over (order by t0."full_name_key", t0.id) as rn,
          (select row_to_json(r$0) from (select hub.global_id('Citizen'::text, t0.id) as "id") r$0) as n2
          from data."citizen" t0
          where not exists (select from link.heir m where m.subject_id = t0.id)
          and (t0."full_name_key", t0.id) > ($1::text, $2::bigint)
          order by t0."full_name_key",
          t0.id
          limit 4
        ) p0
      ) as "citizens"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = 'nguyen'
-- $2 = '7'
