select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select 'Query'::text as "__typename",
      (
        select row_to_json(r$0)
        from (
          select 'Citizen'::text as "__typename",
          t0."full_name" as "name"
          from data."citizen" t0
          where t0.id = (
            select coalesce(h.heir_id, k.id)
            from data."citizen" k
            left join link.heir h on h.subject_id = k.id
            where k."personal_id" = $1::text
          )
        ) r$0
      ) as "a",
      (
        select row_to_json(r$0)
        from (select t0."address" as "address" from data."household" t0 where t0."household_code" = $2::text) r$0
      ) as "b"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = '022085001234'
-- $2 = 'HK1'
