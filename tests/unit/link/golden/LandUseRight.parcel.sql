select t.id as record_id, t.parcel_identifier as identifier, t.parcel_number as number, (select u.unit_code from data.administrative_unit u where u.code = substring(t.parcel_number from '^(\d{5})@') and case when t.parcel_number like '%@..:%' then u.valid_from is null else coalesce(u.valid_from::text <= substring(t.parcel_number from '@(\d{4}-\d\d-\d\d):'), true) and coalesce(substring(t.parcel_number from '@(\d{4}-\d\d-\d\d):') < u.valid_to::text, true) end) as unit, t.area as area, hub.name_key(regexp_replace(null::text, '\s+', ' ', 'g')) as holder_key, substring(t.parcel_number from ':0*([1-9]\d*):') || ':' || substring(t.parcel_number from ':0*([1-9]\d*)$') as place from data.land_use_right t where not exists (select from link.land_use_right_parcel l where l.record_id = t.id and not starts_with(l.decided_by, 'run:'));

create temporary table found_land_use_right_parcel (record_id bigint, subject_id bigint, subject_kind text, method text, rank int, accepted boolean, sure boolean, evidence jsonb);

insert into found_land_use_right_parcel select r.record_id, s.id, 'Parcel', 'parcel_identifier', 0, true, true, null::jsonb from recorded_land_use_right_parcel r  join data.parcel s on s.parcel_identifier = r.identifier  where true;

insert into found_land_use_right_parcel select r.record_id, s.id, 'Parcel', 'parcel_number', 1, coalesce(not exists (select from data.administrative_unit_change o join data.parcel p on p.parcel_number = o.predecessor_unit_code || ':' || r.place where o.successor_unit_code = r.unit) or coalesce(case when abs(r.area - s.area) <= greatest(0.5, 0.01 * s.area) then true when abs(r.area - s.area) > 0.1 * s.area then false end, false) or coalesce((select bool_or(hub.names_agree(r.holder_key, hub.name_key(regexp_replace(h.name, '\s+', ' ', 'g')))) from holder_of h where h.found_id = s.id), false), false), not exists (select from data.administrative_unit_change o join data.parcel p on p.parcel_number = o.predecessor_unit_code || ':' || r.place where o.successor_unit_code = r.unit), null::jsonb from recorded_land_use_right_parcel r  join data.parcel s on s.parcel_number = r.unit || ':' || r.place  where true;

create temporary table answered as select distinct record_id from found_land_use_right_parcel where accepted;

insert into found_land_use_right_parcel select r.record_id, s.id, 'Parcel', 'parcel_number_in_successor', 2, case when abs(r.area - s.area) <= greatest(0.5, 0.01 * s.area) then true when abs(r.area - s.area) > 0.1 * s.area then false end is not false and (select bool_or(hub.names_agree(r.holder_key, hub.name_key(regexp_replace(h.name, '\s+', ' ', 'g')))) from holder_of h where h.found_id = s.id) is not false and coalesce((h.kind = 'WHOLE' and (select count(*) = 1 from data.administrative_unit_change o where o.successor_unit_code = h.successor_unit_code)) or coalesce(case when abs(r.area - s.area) <= greatest(0.5, 0.01 * s.area) then true when abs(r.area - s.area) > 0.1 * s.area then false end, false) or coalesce((select bool_or(hub.names_agree(r.holder_key, hub.name_key(regexp_replace(h.name, '\s+', ' ', 'g')))) from holder_of h where h.found_id = s.id), false), false), (h.kind = 'WHOLE' and (select count(*) = 1 from data.administrative_unit_change o where o.successor_unit_code = h.successor_unit_code)), jsonb_build_array(jsonb_build_object('comparison', 'area', 'outcome', case case when abs(r.area - s.area) <= greatest(0.5, 0.01 * s.area) then true when abs(r.area - s.area) > 0.1 * s.area then false end when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null), jsonb_build_object('comparison', 'holder', 'outcome', case (select bool_or(hub.names_agree(r.holder_key, hub.name_key(regexp_replace(h.name, '\s+', ' ', 'g')))) from holder_of h where h.found_id = s.id) when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null)) from recorded_land_use_right_parcel r join data.administrative_unit_change h on h.predecessor_unit_code = r.unit join data.parcel s on s.parcel_number = h.successor_unit_code || ':' || r.place  where true and not exists (select from answered a where a.record_id = r.record_id);

insert into found_land_use_right_parcel select r.record_id, s.id, 'Parcel', 'parcel_number_in_predecessor', 3, case when abs(r.area - s.area) <= greatest(0.5, 0.01 * s.area) then true when abs(r.area - s.area) > 0.1 * s.area then false end is not false and (select bool_or(hub.names_agree(r.holder_key, hub.name_key(regexp_replace(h.name, '\s+', ' ', 'g')))) from holder_of h where h.found_id = s.id) is not false and coalesce((h.kind = 'WHOLE' and (select count(*) = 1 from data.administrative_unit_change o where o.successor_unit_code = h.successor_unit_code)) or coalesce(case when abs(r.area - s.area) <= greatest(0.5, 0.01 * s.area) then true when abs(r.area - s.area) > 0.1 * s.area then false end, false) or coalesce((select bool_or(hub.names_agree(r.holder_key, hub.name_key(regexp_replace(h.name, '\s+', ' ', 'g')))) from holder_of h where h.found_id = s.id), false), false), (h.kind = 'WHOLE' and (select count(*) = 1 from data.administrative_unit_change o where o.successor_unit_code = h.successor_unit_code)), jsonb_build_array(jsonb_build_object('comparison', 'area', 'outcome', case case when abs(r.area - s.area) <= greatest(0.5, 0.01 * s.area) then true when abs(r.area - s.area) > 0.1 * s.area then false end when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null), jsonb_build_object('comparison', 'holder', 'outcome', case (select bool_or(hub.names_agree(r.holder_key, hub.name_key(regexp_replace(h.name, '\s+', ' ', 'g')))) from holder_of h where h.found_id = s.id) when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null)) from recorded_land_use_right_parcel r join data.administrative_unit_change h on h.successor_unit_code = r.unit join data.parcel s on s.parcel_number = h.predecessor_unit_code || ':' || r.place  where true and not exists (select from answered a where a.record_id = r.record_id);

drop table answered;

create temporary table one_land_use_right_parcel as select distinct on (f.record_id, coalesce(h.heir_id, f.subject_id)) f.record_id, f.subject_id as found_id, coalesce(h.heir_id, f.subject_id) as subject_id, f.subject_kind, f.method, f.evidence, f.accepted, f.sure from found_land_use_right_parcel f left join link.heir h on h.subject_id = f.subject_id where not exists (select from link.decision d where d.field = 'LandUseRight.parcel' and d.record_id = f.record_id and d.verdict = 'DIFFERENT' and d.undone_at is null and d.second_of is null and coalesce((select h.heir_id from link.heir h where h.subject_id = d.subject_id), d.subject_id) = coalesce((select h.heir_id from link.heir h where h.subject_id = f.subject_id), f.subject_id)) order by f.record_id, coalesce(h.heir_id, f.subject_id), f.accepted desc, f.sure desc, f.rank, f.subject_id;

select r.record_id from recorded_land_use_right_parcel r where (select count(*) from one_land_use_right_parcel o where o.record_id = r.record_id and o.accepted) <> 1;

create temporary table wanted_land_use_right_parcel as
with ruled as (
    select o.* from one_land_use_right_parcel o join (
        select record_id from one_land_use_right_parcel where accepted group by record_id having count(*) = 1
    ) c using (record_id) where o.accepted
), modelled as (
    -- Of rows that are one subject by now the likeliest.
    select distinct on (s.record_id, coalesce(h.heir_id, s.found_id)) s.*, coalesce(h.heir_id, s.found_id) as subject_id
    from scored_land_use_right_parcel s left join link.heir h on h.subject_id = s.found_id
    where not exists (select from ruled r where r.record_id = s.record_id) and not exists (select from link.decision d where d.field = 'LandUseRight.parcel' and d.record_id = s.record_id and d.verdict = 'DIFFERENT' and d.undone_at is null and d.second_of is null and coalesce((select h.heir_id from link.heir h where h.subject_id = d.subject_id), d.subject_id) = coalesce((select h.heir_id from link.heir h where h.subject_id = s.found_id), s.found_id))
    order by s.record_id, coalesce(h.heir_id, s.found_id), s.chosen desc, s.weight desc, s.found_id
), chosen as (
    select * from modelled where chosen
)
select record_id, found_id, subject_id, subject_kind, case when sure then 'CONFIRMED' else 'PROBABLE' end as status,
    method, null::real as confidence, null::real as weight, evidence, false as by_model
from ruled
union all
select record_id, found_id, subject_id, subject_kind, 'PROBABLE', %(model)s::text, confidence, weight, evidence, true
from chosen
union all
select record_id, coalesce(o.found_id, m.found_id), subject_id, coalesce(o.subject_kind, m.subject_kind), 'UNCONFIRMED',
    coalesce(o.method, %(model)s::text), m.confidence, m.weight, coalesce(m.evidence, o.evidence), m.record_id is not null
from one_land_use_right_parcel o full join modelled m using (record_id, subject_id)
where not exists (select from ruled r where r.record_id = coalesce(o.record_id, m.record_id))
    and not exists (select from chosen c where c.record_id = coalesce(o.record_id, m.record_id));

with claims as (
    select w.record_id, w.subject_id, row(t.status) as grouped, w.by_model, w.weight
    from wanted_land_use_right_parcel w join data.land_use_right t on t.id = w.record_id
    where w.status <> 'UNCONFIRMED' and t.status is not null
    union all
    select l.record_id, l.subject_id, row(t.status), l.weight is not null, l.weight
    from link.land_use_right_parcel l join data.land_use_right t on t.id = l.record_id
    where l.status <> 'UNCONFIRMED' and t.status is not null and not exists (select from touched_land_use_right_parcel o where o.record_id = l.record_id)
)
update wanted_land_use_right_parcel w set status = 'UNCONFIRMED' from claims mine
where w.record_id = mine.record_id and w.subject_id = mine.subject_id and w.status <> 'UNCONFIRMED' and w.by_model
    and exists (
        select from claims other where other.subject_id = mine.subject_id and other.grouped = mine.grouped
        and other.record_id <> mine.record_id and (not other.by_model or other.weight >= mine.weight)
    );

select distinct l.record_id from link.land_use_right_parcel l where not exists (select from touched_land_use_right_parcel o where o.record_id = l.record_id) and l.subject_id in (select w.subject_id from wanted_land_use_right_parcel w union select b.subject_id from link.land_use_right_parcel b join touched_land_use_right_parcel o using (record_id) union select b.subject_id from (select b.record_id, b.found_id, b.subject_id from link_history.land_use_right_parcel b join changed n on n.id = b.record_id where b.sys_to >= (select max(started_at) from hub.link_run where ended_at is not null and mode in ('FULL', 'CHANGES'))) b);

delete from wanted_land_use_right_parcel w where exists (select from link.land_use_right_parcel l where l.record_id = w.record_id and not starts_with(l.decided_by, 'run:')) or exists (select from link.decision d where d.field = 'LandUseRight.parcel' and d.record_id = w.record_id and d.verdict = 'DIFFERENT' and d.undone_at is null and d.second_of is null and coalesce((select h.heir_id from link.heir h where h.subject_id = d.subject_id), d.subject_id) = coalesce((select h.heir_id from link.heir h where h.subject_id = w.found_id), w.found_id)) or not exists (select from data.land_use_right t where t.id = w.record_id);

update wanted_land_use_right_parcel w set subject_id = coalesce((select h.heir_id from link.heir h where h.subject_id = w.found_id), w.found_id) where w.subject_id <> coalesce((select h.heir_id from link.heir h where h.subject_id = w.found_id), w.found_id);

create temporary table wrong_land_use_right_parcel as select l.record_id, l.found_id from (select l.* from link.land_use_right_parcel l join touched_land_use_right_parcel o using (record_id)) l where starts_with(l.decided_by, 'run:') and not exists (select from wanted_land_use_right_parcel w where w.record_id = l.record_id and w.found_id = l.found_id and w.subject_id = l.subject_id and w.status = l.status and w.method = l.method and w.weight is not distinct from l.weight and w.evidence is not distinct from l.evidence) union select l.record_id, l.found_id from (select l.* from link.land_use_right_parcel l join touched_land_use_right_parcel o using (record_id)) l where not exists (select from data.land_use_right t where t.id = l.record_id) union select l.record_id, l.found_id from (select l.* from link.land_use_right_parcel l join touched_land_use_right_parcel o using (record_id)) l where l.subject_kind = 'Parcel' and not exists (select from data.parcel s where s.id = l.found_id);

insert into link_history.land_use_right_parcel (record_id, found_id, subject_id, subject_kind, status, method, confidence, weight, evidence, decided_by, decided_at, sys_from, sys_to) select l.record_id, l.found_id, l.subject_id, l.subject_kind, l.status, l.method, l.confidence, l.weight, l.evidence, l.decided_by, l.decided_at, l.sys_from, %(at)s from link.land_use_right_parcel l join wrong_land_use_right_parcel x on l.record_id = x.record_id and l.found_id = x.found_id;

delete from link.land_use_right_parcel l using wrong_land_use_right_parcel x where l.record_id = x.record_id and l.found_id = x.found_id;

insert into link.land_use_right_parcel (record_id, found_id, subject_id, subject_kind, status, method, confidence, weight, evidence, decided_by, decided_at, sys_from) select w.record_id, w.found_id, w.subject_id, w.subject_kind, w.status, w.method, w.confidence, w.weight, w.evidence, %(by)s, %(at)s, %(at)s from wanted_land_use_right_parcel w where not exists (select from link.land_use_right_parcel l where w.record_id = l.record_id and w.found_id = l.found_id and w.subject_id = l.subject_id and w.status = l.status and w.method = l.method and w.weight is not distinct from l.weight and w.evidence is not distinct from l.evidence);
