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
          select (
            select row_to_json(r$1)
            from (
              select t1."name" as "name",
              (
                select row_to_json(r$2)
                from (
                  select t2."name" as "name"
                  from data."administrative_unit" t2
                  where t2."unit_code" = t1."parent_unit_code"
                ) r$2
              ) as "parent"
              from data."administrative_unit" t1
              where t1."unit_code" = t0."commune_unit_code"
            ) r$1
          ) as "commune"
          from data."parcel" t0
          where t0."parcel_identifier" = $1::text
        ) r$0
      ) as "parcel"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = 'w7er4n8p2q1z'
