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
            select json_build_object('nodes', coalesce(json_agg(row_to_json(r$1)), '[]'::json))
            from (
              select t1.state as "state",
              (t1.state in ('ACKNOWLEDGED', 'OPEN', 'REOPENED', 'SENT') and t1.due_at < $1::timestamptz) as "overdue"
              from (
                select c.id,
                record_entity,
                record_id,
                field,
                held,
                claimed,
                reason,
                origin,
                connector,
                source_key,
                dossier_id,
                opened_at,
                answer,
                sent_at,
                reminders,
                decided_at,
                closed_at,
                e.state,
                e.due_at
                from hub.source_correction c
                cross join lateral (
                  select e.state,
                  e.due_at
                  from hub.source_correction_event e
                  where e.correction_id = c.id
                  and e.at <= $1::timestamptz
                  order by e.id desc
                  limit 1
                ) e
              ) t1
              where t1."record_id" = t0."id"
              and (t1.record_entity = 'Citizen'::text)
              and (t1.state in ('ACKNOWLEDGED', 'OPEN', 'REFUSED', 'REOPENED', 'SENT'))
              and (t1.field in ('corrections'::text, 'fullName'::text))
              order by t1.id
              limit 20
            ) r$1
          ) as "corrections"
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
