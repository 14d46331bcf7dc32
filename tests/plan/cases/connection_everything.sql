select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select (
        select json_build_object(
          '__typename', 'CitizenConnection'::text,
          'totalCount', (
            select count(*)
            from data."citizen" t0
            where not exists (select from link.heir m where m.subject_id = t0.id)
          ),
          'edges', coalesce(
            json_agg(
              json_build_object(
                '__typename', 'CitizenEdge'::text,
                'cursor', translate(encode(convert_to(p0.place, 'UTF8'), 'base64'), E'\n', ''),
                'node', p0.n2
              )
              order by p0.rn
            ) filter (where p0.rn <= 2),
            '[]'::json
          ),
          'nodes', coalesce(json_agg(p0.n3 order by p0.rn) filter (where p0.rn <= 2), '[]'::json),
          'pageInfo', json_build_object(
            '__typename', 'PageInfo'::text,
            'hasNextPage', coalesce(max(p0.rn) > 2, false),
            'hasPreviousPage', false,
            'startCursor', translate(
              encode(convert_to(min(p0.place) filter (where p0.rn = 1 and 2 > 0), 'UTF8'), 'base64'),
              E'\n',
              ''
            ),
            'endCursor', translate(
              encode(
                convert_to((array_agg(p0.place order by p0.rn desc) filter (where p0.rn <= 2))[1], 'UTF8'),
                'base64'
              ),
              E'\n',
              ''
            )
          )
        )
        from (
          select row_number() over (order by t0.id) as rn,
          json_build_array('id asc', t0.id::text)::text as place,
          (select row_to_json(r$0) from (select t0."full_name" as "fullName") r$0) as n2,
          (select row_to_json(r$0) from (select hub.global_id('Citizen'::text, t0.id) as "id") r$0) as n3
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
