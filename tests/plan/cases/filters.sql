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
          and (t0."former_id" is not null)
          and (
            t0."full_name_key" >= hub.name_key($1::text)
            and t0."full_name_key" < hub.name_key($1::text) || U&'\+10FFFF'
          )
          and (t0."sex" = $2::text)
          and (t0."birth_date" >= $3::text)
          and (t0."birth_date" < $4::text)
          and (((t0."personal_id" = any($5::text[]))) or ((t0."residence_unit_code" = $6::text)))
          and ((((t0."sex" = $7::text))) is not true)
          order by t0.id
          limit 20
        ) r$0
      ) as "citizens"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = 'nguyen'
-- $2 = 'MALE'
-- $3 = '1980'
-- $4 = '1990-06-01'
-- $5 = ['022085001234', '022085001235']
-- $6 = '06820@2025-07-01'
-- $7 = 'FEMALE'
