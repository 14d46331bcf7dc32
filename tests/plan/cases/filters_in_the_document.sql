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
          select hub.global_id('Citizen'::text, t0.id) as "id"
          from data."citizen" t0
          where not exists (select from link.heir m where m.subject_id = t0.id)
          and (
            ((t0."full_name_key" = hub.name_key($1::text)))
            and ((t0."full_name_key" = any(select hub.name_key(name) from unnest($2::text[]) name)))
          )
          and (t0."birth_date" is null)
          order by t0.id
          limit 20
        ) r$0
      ) as "citizens"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = 'Hoà An'
-- $2 = ['A b', 'Hoà An']
