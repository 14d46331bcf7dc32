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
              select coalesce(
                l1.status,
                case
                when exists (select from link."land_use_right_holder" c where c.record_id = t0.id) then 'UNCONFIRMED'
                else 'UNLINKED'
                end
              ) as "status",
              l1.weight as "weight",
              case
              when starts_with(l1.decided_by, 'run:') then 'RUN'
              when l1.decided_by is not null then 'PERSON'
              end as "decidedBy",
              case jsonb_typeof(l1.evidence)
              when 'array' then (
                select coalesce(
                  json_agg(
                    (
                      select row_to_json(ke$1)
                      from (
                        select 'Evidence'::text as "__typename",
                        e1.item->>'comparison' as "comparison",
                        e1.item->>'outcome' as "outcome",
                        (e1.item->>'bits')::real as "bits"
                      ) ke$1
                    )
                    order by e1.place
                  ),
                  '[]'::json
                )
                from jsonb_array_elements(l1.evidence)
                with ordinality e1(item, place)
              )
              end as "evidence",
              (
                select coalesce(
                  json_agg(
                    (
                      select row_to_json(k$1)
                      from (
                        select l1.weight as "weight",
                        case
                        when starts_with(l1.decided_by, 'run:') then 'RUN'
                        when l1.decided_by is not null then 'PERSON'
                        end as "decidedBy",
                        case jsonb_typeof(l1.evidence)
                        when 'array' then (
                          select coalesce(
                            json_agg(
                              (select row_to_json(ke$1) from (select (e1.item->>'bits')::real as "bits") ke$1)
                              order by e1.place
                            ),
                            '[]'::json
                          )
                          from jsonb_array_elements(l1.evidence)
                          with ordinality e1(item, place)
                        )
                        end as "evidence"
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
