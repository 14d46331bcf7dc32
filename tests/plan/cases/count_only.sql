select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select json_build_object(
        'totalCount', (
          select count(*)
          from data."citizen" t0
          where not exists (select from link.heir m where m.subject_id = t0.id)
        )
      ) as "citizens"
    ) d$
  )::text as j
  offset 0
) result
