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
          select (
            select row_to_json(r$1)
            from (
              select t1."parcel_number" as "parcelNumber"
              from link."land_use_right_parcel" l1
              join data."parcel" t1 on t1.id = l1.subject_id
              where l1.record_id = t0.id
              and l1.status <> 'UNCONFIRMED'
            ) r$1
          ) as "parcel"
          from data."land_use_right" t0
          order by t0.id
          limit 1
        ) r$0
      ) as "landUseRights"
    ) d$
  )::text as j
  offset 0
) result
