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
            select row_to_json(g$0)
            from (
              select coalesce(
                (
                  select max(r.started_at)
                  from hub.run r
                  join hub.stream s on s.connector = r.connector
                  where s.id = t0.stream_id
                  and r.status = 'SUCCEEDED'
                  and r.started_at <= $1::timestamptz
                ),
                t0.sys_from
              ) as "asOf"
            ) g$0
          ) as "provenance",
          (
            select json_build_object('nodes', coalesce(json_agg(row_to_json(r$1)), '[]'::json))
            from (
              select t1."status" as "status",
              (
                select row_to_json(k$1)
                from (
                  select coalesce(
                    l2.status,
                    case
                    when exists (
                      select
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
                      ) c
                      where c.record_id = t1.id
                    ) then 'UNCONFIRMED'
                    else 'UNLINKED'
                    end
                  ) as "status",
                  (
                    select coalesce(
                      json_agg(
                        (select row_to_json(k$2) from (select l2.method as "method") k$2)
                        order by l2.subject_id,
                        l2.found_id
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
                    ) l2
                    where l2.record_id = t1.id
                    and l2.status = 'UNCONFIRMED'
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
                  ) l2 on l2.record_id = t1.id
                  and l2.status <> 'UNCONFIRMED'
                ) k$1
              ) as "holderLink",
              (
                select row_to_json(r$2)
                from (
                  select t2."parcel_number" as "parcelNumber"
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
                    from link."land_use_right_parcel"
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
                    from link_history."land_use_right_parcel"
                    where sys_from <= $1::timestamptz
                    and sys_to > $1::timestamptz
                  ) l2
                  join (
                    select "id",
                    "parcel_number",
                    "parcel_identifier",
                    "map_sheet",
                    "ordinal",
                    "area",
                    "purpose",
                    "address",
                    "point",
                    "commune_unit_code",
                    "stream_id",
                    "source_key",
                    "run_id",
                    "row_digest",
                    "first_seen",
                    "changed_at_source",
                    "sys_from"
                    from data."parcel"
                    where sys_from <= $1::timestamptz
                    union all
                    select "id",
                    "parcel_number",
                    "parcel_identifier",
                    "map_sheet",
                    "ordinal",
                    "area",
                    "purpose",
                    "address",
                    "point",
                    "commune_unit_code",
                    "stream_id",
                    "source_key",
                    "run_id",
                    "row_digest",
                    "first_seen",
                    "changed_at_source",
                    "sys_from"
                    from history."parcel"
                    where sys_from <= $1::timestamptz
                    and sys_to > $1::timestamptz
                  ) t2 on t2.id = l2.subject_id
                  where l2.record_id = t1.id
                  and l2.status <> 'UNCONFIRMED'
                ) r$2
              ) as "parcel"
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
              join (
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
              ) t1 on t1.id = l1.record_id
              where l1.subject_id = t0.id
              and l1.status <> 'UNCONFIRMED'
              order by t1.id
              limit 2
            ) r$1
          ) as "landUseRights"
          from (
            select "id",
            "personal_id",
            "former_id",
            "full_name",
            "sex",
            "birth_date",
            "death_date",
            "ethnicity",
            "residence_address",
            "registered_on",
            "residence_unit_code",
            "full_name_key",
            "stream_id",
            "source_key",
            "run_id",
            "row_digest",
            "first_seen",
            "changed_at_source",
            "sys_from"
            from data."citizen"
            where sys_from <= $1::timestamptz
            union all
            select "id",
            "personal_id",
            "former_id",
            "full_name",
            "sex",
            "birth_date",
            "death_date",
            "ethnicity",
            "residence_address",
            "registered_on",
            "residence_unit_code",
            "full_name_key",
            "stream_id",
            "source_key",
            "run_id",
            "row_digest",
            "first_seen",
            "changed_at_source",
            "sys_from"
            from history."citizen"
            where sys_from <= $1::timestamptz
            and sys_to > $1::timestamptz
          ) t0
          where t0.id = (
            select coalesce(h.heir_id, k.id)
            from (
              select "id",
              "personal_id",
              "former_id",
              "full_name",
              "sex",
              "birth_date",
              "death_date",
              "ethnicity",
              "residence_address",
              "registered_on",
              "residence_unit_code",
              "full_name_key",
              "stream_id",
              "source_key",
              "run_id",
              "row_digest",
              "first_seen",
              "changed_at_source",
              "sys_from"
              from data."citizen"
              where sys_from <= $1::timestamptz
              union all
              select "id",
              "personal_id",
              "former_id",
              "full_name",
              "sex",
              "birth_date",
              "death_date",
              "ethnicity",
              "residence_address",
              "registered_on",
              "residence_unit_code",
              "full_name_key",
              "stream_id",
              "source_key",
              "run_id",
              "row_digest",
              "first_seen",
              "changed_at_source",
              "sys_from"
              from history."citizen"
              where sys_from <= $1::timestamptz
              and sys_to > $1::timestamptz
            ) k
            left join (
              select subject_id,
              heir_id,
              sys_from
              from link.heir
              where sys_from <= $1::timestamptz
              union all
              select subject_id,
              heir_id,
              sys_from
              from link_history.heir
              where sys_from <= $1::timestamptz
              and sys_to > $1::timestamptz
            ) h on h.subject_id = k.id
            where k."personal_id" = $2::text
          )
        ) r$0
      ) as "citizen"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = '2026-01-01T00:00:00+07:00'
-- $2 = '022085001234'
