select case
when octet_length(j) <= 10000000 then j
end
from (
  select (
    select row_to_json(d$)
    from (
      select (
        select json_build_object(
          'totalCount', (
            select count(*)
            from hub.source_correction t0
            where (t0.connector = $1::text)
            and (t0.state = any($2::text[]))
          ),
          'nodes', coalesce(json_agg(row_to_json(r$0)), '[]'::json)
        )
        from (
          select hub.global_id('Correction', t0.id) as "id",
          t0.state as "state",
          (
            select row_to_json(g$0)
            from (
              select case t0.state
              when 'OPEN' then 'Chờ cơ quan quản lý dữ liệu tiếp nhận'::text
              when 'SENT' then 'Đã gửi cơ quan quản lý dữ liệu'::text
              when 'ACKNOWLEDGED' then 'Cơ quan quản lý dữ liệu đã tiếp nhận'::text
              when 'REFUSED' then 'Cơ quan quản lý dữ liệu từ chối'::text
              when 'RESOLVED' then 'Đã chỉnh sửa'::text
              when 'REOPENED' then 'Chỉnh sửa chưa đúng, yêu cầu lại'::text
              when 'WITHDRAWN' then 'Đã rút yêu cầu'::text
              end as "vi",
              case t0.state
              when 'OPEN' then 'Waiting for the owner of the data'::text
              when 'SENT' then 'Sent to the owner of the data'::text
              when 'ACKNOWLEDGED' then 'Accepted by the owner of the data'::text
              when 'REFUSED' then 'Refused by the owner of the data'::text
              when 'RESOLVED' then 'Corrected'::text
              when 'REOPENED' then 'Corrected wrongly, asked again'::text
              when 'WITHDRAWN' then 'Withdrawn'::text
              end as "en"
            ) g$0
          ) as "label",
          t0.field as "field",
          t0.held as "held",
          t0.claimed as "claimed",
          (t0.state in ('ACKNOWLEDGED', 'OPEN', 'REOPENED', 'SENT') and t0.due_at < now()) as "overdue",
          t0.due_at as "dueAt",
          (select d.code from hub.dossier d where d.id = t0.dossier_id) as "dossier"
          from hub.source_correction t0
          where (t0.connector = $1::text)
          and (t0.state = any($2::text[]))
          order by t0.id
          limit 5
        ) r$0
      ) as "corrections"
    ) d$
  )::text as j
  offset 0
) result
-- $1 = 'land'
-- $2 = ['OPEN', 'REOPENED']
