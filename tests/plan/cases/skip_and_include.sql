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
          select t0."full_name" as "fullName",
          t0."ethnicity" as "ethnicity"
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
