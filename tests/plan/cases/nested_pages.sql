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
            select json_build_object(
              'totalCount', (
                select count(*)
                from data."parcel" t1
                where t1."commune_unit_code" = t0."unit_code"
                and (t1."area" > $2::numeric)
              ),
              'nodes', coalesce(json_agg(row_to_json(r$1)), '[]'::json)
            )
            from (
              select (
                select json_build_object('nodes', coalesce(json_agg(row_to_json(r$2)), '[]'::json))
                from (
                  select t2."share" as "share",
                  (
                    select case l3.subject_kind
                    when 'Citizen' then (
                      select row_to_json(r$3)
                      from (
                        select t3."full_name" as "fullName"
                        from data."citizen" t3
                        where t3.id = l3.subject_id
                      ) r$3
                    )
                    when 'Household' then (
                      select row_to_json(r$3)
                      from (select from data."household" t3 where t3.id = l3.subject_id) r$3
                    )
                    end
                    from link."land_use_right_holder" l3
                    where l3.record_id = t2.id
                    and l3.status <> 'UNCONFIRMED'
                  ) as "holder"
                  from link."land_use_right_parcel" l2
                  join data."land_use_right" t2 on t2.id = l2.record_id
                  where l2.subject_id = t1.id
                  and l2.status <> 'UNCONFIRMED'
                  order by t2."issued_on" desc,
                  t2.id
                  limit 2
                ) r$2
              ) as "rights"
              from data."parcel" t1
              where t1."commune_unit_code" = t0."unit_code"
              and (t1."area" > $2::numeric)
              order by t1.id
              limit 2
            ) r$1
          ) as "parcels"
          from data."administrative_unit" t0
          where t0."unit_code" = $1::text
        ) r$0
      ) as "administrativeUnit"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = '06820@..'
-- $2 = 100.0
