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
            select row_to_json(g$0)
            from (
              select 'Provenance'::text as "__typename",
              (select s.connector from hub.stream s where s.id = t0.stream_id) as "source",
              (select s.name from hub.stream s where s.id = t0.stream_id) as "stream",
              t0.source_key as "sourceKey",
              coalesce((select s.as_of from hub.stream s where s.id = t0.stream_id), t0.sys_from) as "asOf",
              t0.first_seen as "firstSeen",
              t0.sys_from as "recordedAt",
              t0.changed_at_source as "changedAtSource",
              (select r.connector_version from hub.run r where r.id = t0.run_id) as "connectorVersion"
            ) g$0
          ) as "provenance"
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
