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
          (
            select row_to_json(r$1)
            from (
              select t1."name" as "name"
              from data."administrative_unit" t1
              where t1."unit_code" = t0."residence_unit_code"
            ) r$1
          ) as "residence",
          (
            select json_build_object('nodes', coalesce(json_agg(row_to_json(r$1)), '[]'::json))
            from (
              select t1.field as "field",
              t1.state as "state",
              t1.due_at as "dueAt"
              from hub.source_correction t1
              where t1."record_id" = t0."id"
              and (t1.record_entity = 'Citizen'::text)
              and (t1.state in ('ACKNOWLEDGED', 'OPEN', 'REFUSED', 'REOPENED', 'SENT'))
              and (
                t1.field in (
                  'corrections'::text,
                  'fullName'::text,
                  'landUseRights'::text,
                  'residenceUnitCode'::text,
                  'taxpayers'::text
                )
              )
              order by t1.id
              limit 20
            ) r$1
          ) as "corrections",
          (
            select json_build_object('nodes', coalesce(json_agg(row_to_json(r$1)), '[]'::json))
            from (
              select t1."area" as "area",
              (
                select row_to_json(k$1)
                from (
                  select (select row_to_json(g$1) from (select t1."holder_name" as "name") g$1) as "recorded"
                  from (select) one
                  left join link."land_use_right_holder" l2 on l2.record_id = t1.id
                  and l2.status <> 'UNCONFIRMED'
                ) k$1
              ) as "holderLink",
              (
                select json_build_object('nodes', coalesce(json_agg(row_to_json(r$2)), '[]'::json))
                from (
                  select hub.global_id('Correction', t2.id) as "id"
                  from hub.source_correction t2
                  where t2."record_id" = t1."id"
                  and (t2.record_entity = 'LandUseRight'::text)
                  and (t2.state in ('ACKNOWLEDGED', 'OPEN', 'REFUSED', 'REOPENED', 'SENT'))
                  and (t2.field in ('area'::text, 'corrections'::text, 'holderLink.recorded.name'::text))
                  order by t2.id
                  limit 3
                ) r$2
              ) as "corrections"
              from link."land_use_right_holder" l1
              join data."land_use_right" t1 on t1.id = l1.record_id
              where l1.subject_id = t0.id
              and l1.status <> 'UNCONFIRMED'
              order by t1.id
              limit 2
            ) r$1
          ) as "landUseRights",
          (
            select json_build_object('nodes', coalesce(json_agg(row_to_json(r$1)), '[]'::json))
            from (
              select json_build_object(
                'totalCount', (
                  select count(*)
                  from hub.source_correction t2
                  where t2."record_id" = t1."id"
                  and (t2.record_entity = 'Taxpayer'::text)
                  and (t2.state in ('ACKNOWLEDGED', 'OPEN', 'REFUSED', 'REOPENED', 'SENT'))
                  and (t2.field in ('corrections'::text))
                )
              ) as "corrections"
              from link."taxpayer_party" l1
              join data."taxpayer" t1 on t1.id = l1.record_id
              where l1.subject_id = t0.id
              and l1.status <> 'UNCONFIRMED'
              order by t1.id
              limit 1
            ) r$1
          ) as "taxpayers"
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
