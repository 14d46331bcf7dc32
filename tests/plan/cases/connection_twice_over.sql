select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select (
        select json_build_object(
          'a', coalesce(json_agg(p0.n2 order by p0.rn) filter (where p0.rn <= 2), '[]'::json),
          'b', coalesce(json_agg(p0.n3 order by p0.rn) filter (where p0.rn <= 2), '[]'::json),
          'edges', coalesce(
            json_agg(json_build_object('one', p0.n4, 'two', p0.n5) order by p0.rn) filter (where p0.rn <= 2),
            '[]'::json
          )
        )
        from (
          select row_number() over (order by t0.id) as rn,
          (select row_to_json(r$0) from (select t0."full_name" as "fullName") r$0) as n2,
          (select row_to_json(r$0) from (select t0."sex" as "sex") r$0) as n3,
          (select row_to_json(r$0) from (select hub.global_id('Citizen'::text, t0.id) as "id") r$0) as n4,
          (select row_to_json(r$0) from (select t0."birth_date" as "birthDate") r$0) as n5
          from data."citizen" t0
          where not exists (select from link.heir m where m.subject_id = t0.id)
          order by t0.id
          limit 3
        ) p0
      ) as "citizens"
    ) d$
  )::text as j
  offset 0
) result
