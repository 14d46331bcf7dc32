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
            select row_to_json(k$0)
            from (
              select 'PartyLink'::text as "__typename",
              coalesce(
                l1.status,
                case
                when exists (select from link."land_use_right_holder" c where c.record_id = t0.id) then 'UNCONFIRMED'
                else 'UNLINKED'
                end
              ) as "status",
              l1.method as "method",
              l1.confidence as "confidence",
              l1.decided_at as "decidedAt",
              (
                select row_to_json(g$0)
                from (select t0."holder_name" as "name", t0."holder_identifier" as "identifier") g$0
              ) as "recorded",
              (
                select coalesce(
                  json_agg(
                    (
                      select row_to_json(k$1)
                      from (
                        select l1.method as "method",
                        case l1.subject_kind
                        when 'Citizen' then (
                          select row_to_json(r$1)
                          from (
                            select t1."full_name" as "fullName"
                            from data."citizen" t1
                            where t1.id = l1.subject_id
                          ) r$1
                        )
                        when 'Household' then (
                          select row_to_json(r$1)
                          from (select from data."household" t1 where t1.id = l1.subject_id) r$1
                        )
                        end as "subject"
                      ) k$1
                    )
                    order by l1.subject_id,
                    l1.found_id
                  ),
                  '[]'::json
                )
                from link."land_use_right_holder" l1
                where l1.record_id = t0.id
                and l1.status = 'UNCONFIRMED'
              ) as "candidates"
              from (select) one
              left join link."land_use_right_holder" l1 on l1.record_id = t0.id
              and l1.status <> 'UNCONFIRMED'
            ) k$0
          ) as "holderLink"
          from data."land_use_right" t0
          order by t0.id
          limit 1
        ) r$0
      ) as "landUseRights"
    ) d$
  )::text as j
  offset 0
) result
