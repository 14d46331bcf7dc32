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
            select coalesce(
              json_agg(hub.global_id('Citizen', h1.subject_id) order by h1.subject_id),
              '[]'::json
            )
            from (
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
            ) h1
            where h1.heir_id = t0.id
          ) as "mergedIds",
          (
            select coalesce(
              json_agg(
                (
                  select row_to_json(k$1)
                  from (select t1."personal_id" as "personalId", h1.sys_from as "since") k$1
                )
                order by h1.subject_id
              ),
              '[]'::json
            )
            from (
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
            ) h1
            join (
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
            ) t1 on t1.id = h1.subject_id
            where h1.heir_id = t0.id
          ) as "mergedFrom"
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
      ) as "citizen",
      (
        select json_build_object(
          'totalCount', (
            select count(*)
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
            where not exists (
              select
              from (
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
              ) m
              where m.subject_id = t0.id
            )
          ),
          'nodes', coalesce(json_agg(row_to_json(r$0)), '[]'::json)
        )
        from (
          select hub.global_id('Citizen'::text, t0.id) as "id"
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
          where not exists (
            select
            from (
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
            ) m
            where m.subject_id = t0.id
          )
          order by t0.id
          limit 1
        ) r$0
      ) as "citizens"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = '2026-01-31T00:00:00+07:00'
-- $2 = '022085001234'
