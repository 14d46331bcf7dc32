create temporary table recorded on commit drop as select t.id as record_id, t.parcel_identifier as identifier, t.parcel_number as number, (select u.unit_code from data.administrative_unit u where u.code = substring(t.parcel_number from '^(\d{5})@') and case when t.parcel_number like '%@..:%' then u.valid_from is null else coalesce(u.valid_from::text <= substring(t.parcel_number from '@(\d{4}-\d\d-\d\d):'), true) and coalesce(substring(t.parcel_number from '@(\d{4}-\d\d-\d\d):') < u.valid_to::text, true) end) as unit, substring(t.parcel_number from ':0*([1-9]\d*):') || ':' || substring(t.parcel_number from ':0*([1-9]\d*)$') as place from data.land_use_right t where not exists (select from link.land_use_right_parcel l where l.record_id = t.id and not starts_with(l.decided_by, 'run:'));

create temporary table found (record_id bigint, subject_id bigint, subject_kind text, method text, rank int, accepted boolean, sure boolean, evidence jsonb) on commit drop;

insert into found select r.record_id, s.id, 'Parcel', 'parcel_identifier', 0, true, true, null::jsonb from recorded r  join data.parcel s on s.parcel_identifier = r.identifier  where true;

insert into found select r.record_id, s.id, 'Parcel', 'parcel_number', 1, true, true, null::jsonb from recorded r  join data.parcel s on s.parcel_number = r.unit || ':' || r.place  where true;

create temporary table answered on commit drop as select distinct record_id from found;

insert into found select r.record_id, s.id, 'Parcel', 'parcel_number_in_successor', 2, coalesce(h.kind = 'WHOLE', false), (select count(*) = 1 from data.administrative_unit_change o where o.successor_unit_code = h.successor_unit_code), null::jsonb from recorded r join data.administrative_unit_change h on h.predecessor_unit_code = r.unit join data.parcel s on s.parcel_number = h.successor_unit_code || ':' || r.place  where true and not exists (select from answered a where a.record_id = r.record_id);

insert into found select r.record_id, s.id, 'Parcel', 'parcel_number_in_predecessor', 3, coalesce(h.kind = 'WHOLE', false), (select count(*) = 1 from data.administrative_unit_change o where o.successor_unit_code = h.successor_unit_code), null::jsonb from recorded r join data.administrative_unit_change h on h.successor_unit_code = r.unit join data.parcel s on s.parcel_number = h.predecessor_unit_code || ':' || r.place  where true and not exists (select from answered a where a.record_id = r.record_id);

create temporary table wanted on commit drop as
with one as (
    -- One row for each subject of a record, by the best rule that found it; merged subjects are one.
    select distinct on (f.record_id, coalesce(h.heir_id, f.subject_id))
        f.record_id, f.subject_id as found_id, coalesce(h.heir_id, f.subject_id) as subject_id, f.subject_kind, f.method,
        f.evidence, f.accepted, f.sure
    from found f left join link.heir h on h.subject_id = f.subject_id
    order by f.record_id, coalesce(h.heir_id, f.subject_id), f.accepted desc, f.sure desc, f.rank, f.subject_id
), counted as (
    select record_id, count(*) filter (where accepted) as accepted from one group by record_id
)
select o.record_id, o.found_id, o.subject_id, o.subject_kind, o.method, o.evidence,
    case when c.accepted <> 1 then 'UNCONFIRMED' when o.sure then 'CONFIRMED' else 'PROBABLE' end as status
from one o join counted c using (record_id)
where c.accepted <> 1 or o.accepted;

insert into link_history.land_use_right_parcel (record_id, found_id, subject_id, subject_kind, status, method, confidence, weight, evidence, decided_by, decided_at, sys_from, sys_to) select record_id, found_id, subject_id, subject_kind, status, method, confidence, weight, evidence, decided_by, decided_at, sys_from, %(at)s from link.land_use_right_parcel l where starts_with(l.decided_by, 'run:') and not exists (select from wanted w where w.record_id = l.record_id and w.found_id = l.found_id and w.subject_id = l.subject_id and w.status = l.status and w.method = l.method and w.evidence is not distinct from l.evidence);

delete from link.land_use_right_parcel l where starts_with(l.decided_by, 'run:') and not exists (select from wanted w where w.record_id = l.record_id and w.found_id = l.found_id and w.subject_id = l.subject_id and w.status = l.status and w.method = l.method and w.evidence is not distinct from l.evidence);

insert into link.land_use_right_parcel (record_id, found_id, subject_id, subject_kind, status, method, confidence, weight, evidence, decided_by, decided_at, sys_from) select w.record_id, w.found_id, w.subject_id, w.subject_kind, w.status, w.method, null, null, w.evidence, %(by)s, %(at)s, %(at)s from wanted w where not exists (select from link.land_use_right_parcel l where w.record_id = l.record_id and w.found_id = l.found_id and w.subject_id = l.subject_id and w.status = l.status and w.method = l.method and w.evidence is not distinct from l.evidence);
