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
              select l1.weight as "weight",
              case jsonb_typeof(l1.evidence)
              when 'array' then (
                select coalesce(
                  json_agg(
                    (select row_to_json(ke$1) from (select e1.item->>'comparison' as "comparison") ke$1)
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
                        select case jsonb_typeof(l1.evidence)
                        when 'array' then (
                          select coalesce(
                            json_agg(
                              (select row_to_json(ke$1) from (select e1.item->>'outcome' as "outcome") ke$1)
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
                from (
                  select record_id,
                  found_id,
                  subject_id,
                  subject_kind,
                  status,
                  method,
                  confidence,
                  weight,
                  evidence,
                  decided_by,
                  decided_at
                  from link."land_use_right_holder"
                  where sys_from <= $1::timestamptz
                  union all
                  select record_id,
                  found_id,
                  subject_id,
                  subject_kind,
                  status,
                  method,
                  confidence,
                  weight,
                  evidence,
                  decided_by,
                  decided_at
                  from link_history."land_use_right_holder"
                  where sys_from <= $1::timestamptz
                  and sys_to > $1::timestamptz
                ) l1
                where l1.record_id = t0.id
                and l1.status = 'UNCONFIRMED'
              ) as "candidates"
              from (select) one
              left join (
                select record_id,
                found_id,
                subject_id,
                subject_kind,
                status,
                method,
                confidence,
                weight,
                evidence,
                decided_by,
                decided_at
                from link."land_use_right_holder"
                where sys_from <= $1::timestamptz
                union all
                select record_id,
                found_id,
                subject_id,
                subject_kind,
                status,
                method,
                confidence,
                weight,
                evidence,
                decided_by,
                decided_at
                from link_history."land_use_right_holder"
                where sys_from <= $1::timestamptz
                and sys_to > $1::timestamptz
              ) l1 on l1.record_id = t0.id
              and l1.status <> 'UNCONFIRMED'
            ) k$0
          ) as "holderLink"
          from (
            select "id",
            "certificate_serial",
            "registry_number",
            "issued_on",
            "share",
            "area",
            "purpose",
            "term_ends_on",
            "origin",
            "status",
            "parcel_number",
            "parcel_identifier",
            "holder_kind",
            "holder_name",
            "holder_birth_date",
            "holder_identifier",
            "holder_tax_code",
            "holder_address",
            "stream_id",
            "source_key",
            "run_id",
            "row_digest",
            "first_seen",
            "changed_at_source",
            "sys_from"
            from data."land_use_right"
            where sys_from <= $1::timestamptz
            union all
            select "id",
            "certificate_serial",
            "registry_number",
            "issued_on",
            "share",
            "area",
            "purpose",
            "term_ends_on",
            "origin",
            "status",
            "parcel_number",
            "parcel_identifier",
            "holder_kind",
            "holder_name",
            "holder_birth_date",
            "holder_identifier",
            "holder_tax_code",
            "holder_address",
            "stream_id",
            "source_key",
            "run_id",
            "row_digest",
            "first_seen",
            "changed_at_source",
            "sys_from"
            from history."land_use_right"
            where sys_from <= $1::timestamptz
            and sys_to > $1::timestamptz
          ) t0
          order by t0.id
          limit 1
        ) r$0
      ) as "landUseRights"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = '2026-01-31T00:00:00+07:00'
