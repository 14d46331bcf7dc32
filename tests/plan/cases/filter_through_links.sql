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
          select t0."parcel_number" as "parcelNumber"
          from data."parcel" t0
          where exists (
            select
            from link."land_use_right_parcel" t0l
            join data."land_use_right" t0f on t0f.id = t0l.record_id
            where t0l.subject_id = t0.id
            and t0l.status <> 'UNCONFIRMED'
            and exists (
              select
              from link."land_use_right_holder" t0fl
              join data."citizen" t0ff on t0ff.id = t0fl.subject_id
              where t0fl.record_id = t0f.id
              and t0fl.status <> 'UNCONFIRMED'
              and exists (
                select
                from data."administrative_unit" t0fff
                where t0fff."unit_code" = t0ff."residence_unit_code"
                and (t0fff."unit_code" = $1::text)
              )
            )
          )
          order by t0.id
          limit 3
        ) r$0
      ) as "parcels",
      json_build_object(
        'totalCount', (
          select count(*)
          from data."land_use_right" t0
          where exists (
            select
            from link."land_use_right_parcel" t0l
            join data."parcel" t0f on t0f.id = t0l.subject_id
            where t0l.record_id = t0.id
            and t0l.status <> 'UNCONFIRMED'
            and (t0f."area" > $2::numeric)
          )
          and (
            (
              (
                exists (
                  select
                  from link."land_use_right_holder" t0l
                  join data."household" t0f on t0f.id = t0l.subject_id
                  where t0l.record_id = t0.id
                  and t0l.status <> 'UNCONFIRMED'
                )
              )
            ) is not true
          )
        )
      ) as "landUseRights",
      (
        select json_build_object('nodes', coalesce(json_agg(row_to_json(r$0)), '[]'::json))
        from (
          select hub.global_id('Citizen'::text, t0.id) as "id"
          from data."citizen" t0
          where not exists (select from link.heir m where m.subject_id = t0.id)
          and not exists (
            select
            from link."tax_obligation_debtor" t0l
            join data."tax_obligation" t0f on t0f.id = t0l.record_id
            where t0l.subject_id = t0.id
            and t0l.status <> 'UNCONFIRMED'
            and (t0f."status" = $3::text)
          )
          and exists (
            select
            from data."administrative_unit" t0f
            where t0f."unit_code" = t0."residence_unit_code"
            and (
              t0f."name_key" >= hub.name_key($4::text)
              and t0f."name_key" < hub.name_key($4::text) || U&'\+10FFFF'
            )
          )
          order by t0.id
          limit 3
        ) r$0
      ) as "citizens"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = '06820@2025-07-01'
-- $2 = 100.0
-- $3 = 'DUE'
-- $4 = 'Ha'
