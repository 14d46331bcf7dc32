select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select (
        select json_build_object(
          'edges', coalesce(
            json_agg(
              json_build_object(
                'cursor', translate(encode(convert_to(p0.place, 'UTF8'), 'base64'), E'\n', '')
              )
              order by p0.rn
            ) filter (where p0.rn <= 3),
            '[]'::json
          )
        )
        from (
          select row_number() over (order by t0."birth_date" desc, t0."full_name_key", t0.id) as rn,
          json_build_array(
            'birthDate desc,fullName asc,id asc', t0."birth_date"::text,
            t0."full_name_key"::text,
            t0.id::text
          )::text as place
          from data."citizen" t0
          where not exists (select from link.heir m where m.subject_id = t0.id)
          order by t0."birth_date" desc,
          t0."full_name_key",
          t0.id
          limit 4
        ) p0
      ) as "citizens"
    ) d$
  )::text as j
  offset 0
) result
