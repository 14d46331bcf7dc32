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
          and (string_to_array(t0."full_name_key", ' ') @> string_to_array(hub.name_key($1::text), ' '))
          and (
            t0.id = any(
              array(select w.id from unnest($2::text[], $3::bigint[]) w(kind, id) where w.kind = 'Citizen')
            )
          )
          and (t0."death_date" is null)
          and ((select s.connector from hub.stream s where s.id = t0.stream_id) = $4::text)
          and (t0.sys_from >= $5::timestamptz)
        )
      ) as "citizens",
      json_build_object(
        'totalCount', (
          select count(*)
          from data."land_use_right" t0
          where exists (
            select
            from (select) one
            left join link."land_use_right_holder" t0k on t0k.record_id = t0.id
            and t0k.status <> 'UNCONFIRMED'
            where (
              coalesce(
                t0k.status,
                case
                when exists (select from link."land_use_right_holder" c where c.record_id = t0.id) then 'UNCONFIRMED'
                else 'UNLINKED'
                end
              ) = any($6::text[])
            )
            and (starts_with(t0k.method, $7::text))
          )
          and (
            (
              (
                exists (
                  select
                  from (select) one
                  left join link."land_use_right_parcel" t0k on t0k.record_id = t0.id
                  and t0k.status <> 'UNCONFIRMED'
                  where (t0k.method is null)
                )
              )
            ) is not true
          )
        )
      ) as "landUseRights",
      json_build_object(
        'totalCount', (
          select count(*)
          from data."tax_obligation" t0
          where (t0."due_on" < $8::date)
          and (t0."amount" >= $9::bigint)
        )
      ) as "taxObligations"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = 'Thi nguyễn'
-- $2 = ['Citizen', None]
-- $3 = [1, None]
-- $4 = 'population'
-- $5 = '2026-01-01T00:00:00Z'
-- $6 = ['PROBABLE', 'UNLINKED']
-- $7 = 'model:'
-- $8 = '2026-06-30'
-- $9 = 500000
