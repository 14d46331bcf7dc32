select (
select row_to_json(d) from (
select json_build_object('totalCount', (
select count(*) from data.citizen t0)) as "citizens") d)::text
