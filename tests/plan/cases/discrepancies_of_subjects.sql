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
            select json_build_object(
              'edges', coalesce(
                json_agg(
                  json_build_object(
                    'cursor', translate(encode(convert_to(p1.place, 'UTF8'), 'base64'), E'\n', ''),
                    'node', p1.n2
                  )
                  order by p1.rn
                ) filter (where p1.rn <= 20),
                '[]'::json
              )
            )
            from (
              select row_number() over (order by t1.id desc) as rn,
              json_build_array('discrepancy desc', t1.id::text)::text as place,
              (
                select row_to_json(r$1)
                from (
                  select (
                    select string_agg(
                      case p.place
                      when 1 then p.part
                      else initcap(p.part)
                      end,
                      ''
                      order by p.place
                    )
                    from regexp_split_to_table(t1.subject_field, '_')
                    with ordinality p(part, place)
                  ) as "field"
                ) r$1
              ) as n2
              from link.discrepancy t1
              where t1.found_id = any (
                array(select t0.id union all select h.subject_id from link.heir h where h.heir_id = t0.id)
              )
              order by t1.id desc
              limit 21
            ) p1
          ) as "discrepancies"
          from data."citizen" t0
          where t0.id = (
            select coalesce(h.heir_id, k.id)
            from data."citizen" k
            left join link.heir h on h.subject_id = k.id
            where k."personal_id" = $1::text
          )
        ) r$0
      ) as "citizen",
      (
        select json_build_object('nodes', coalesce(json_agg(row_to_json(r$0)), '[]'::json))
        from (
          select (
            select json_build_object('nodes', coalesce(json_agg(row_to_json(r$1)), '[]'::json))
            from (
              select (
                select string_agg(
                  case p.place
                  when 1 then p.part
                  else initcap(p.part)
                  end,
                  ''
                  order by p.place
                )
                from regexp_split_to_table(t1.subject_field, '_')
                with ordinality p(part, place)
              ) as "field",
              t1.held as "held",
              t1.recorded as "recorded"
              from link.discrepancy t1
              where t1.found_id = t0.id
              and (t1.sys_to is null)
              order by t1.id desc
              limit 2
            ) r$1
          ) as "discrepancies"
          from data."parcel" t0
          order by t0.id
          limit 1
        ) r$0
      ) as "parcels"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = '022085001234'
