create temporary table recorded on commit drop as select t.id as record_id, t.holder_kind as kind, hub.name_key(regexp_replace(t.holder_name, '\s+', ' ', 'g')) as name_key, substring(t.holder_birth_date from '(?:^|\D)((?:18|19|20)\d\d)(?:\D|$)') as year, case when regexp_replace(t.holder_identifier, '[\s.\-_]', '', 'g') ~ '^\d{12}$' then regexp_replace(t.holder_identifier, '[\s.\-_]', '', 'g') when regexp_replace(t.holder_tax_code, '[\s.\-_]', '', 'g') ~ '^\d{12}$' then regexp_replace(t.holder_tax_code, '[\s.\-_]', '', 'g') end as personal, case when regexp_replace(t.holder_identifier, '[\s.\-_]', '', 'g') ~ '^\d{9}$' then regexp_replace(t.holder_identifier, '[\s.\-_]', '', 'g') end as former, case when regexp_replace(t.holder_tax_code, '[\s.\-_]', '', 'g') ~ '^\d{10}(\d{3})?$' then left(regexp_replace(t.holder_tax_code, '[\s.\-_]', '', 'g'), 10) end as tax from data.land_use_right t where not exists (select from link.land_use_right_holder l where l.record_id = t.id and not starts_with(l.decided_by, 'run:'));

create temporary table found (record_id bigint, subject_id bigint, subject_kind text, method text, rank int, accepted boolean, sure boolean, evidence jsonb) on commit drop;

insert into found select r.record_id, s.id, 'Citizen', 'personal_identifier', 0, hub.names_agree(r.name_key, s.full_name_key) is not false and (r.year = left(s.birth_date, 4)) is not false, true, jsonb_build_object('name', case hub.names_agree(r.name_key, s.full_name_key) when true then 'agrees' when false then 'differs' else 'missing' end, 'birthYear', case (r.year = left(s.birth_date, 4)) when true then 'agrees' when false then 'differs' else 'missing' end) from recorded r  join data.citizen s on s.personal_id = r.personal and (r.kind is null or r.kind in ('PERSON'))  where true;

insert into found select r.record_id, s.id, 'Citizen', 'former_identifier', 1, hub.names_agree(r.name_key, s.full_name_key) is not false and (r.year = left(s.birth_date, 4)) is not false, true, jsonb_build_object('name', case hub.names_agree(r.name_key, s.full_name_key) when true then 'agrees' when false then 'differs' else 'missing' end, 'birthYear', case (r.year = left(s.birth_date, 4)) when true then 'agrees' when false then 'differs' else 'missing' end) from recorded r  join data.citizen s on s.former_id = r.former and (r.kind is null or r.kind in ('PERSON'))  where true;

insert into found select r.record_id, s.id, 'Household', 'household_head', 2, hub.names_agree(r.name_key, head.full_name_key) is not false and (r.year = left(head.birth_date, 4)) is not false, true, jsonb_build_object('name', case hub.names_agree(r.name_key, head.full_name_key) when true then 'agrees' when false then 'differs' else 'missing' end, 'birthYear', case (r.year = left(head.birth_date, 4)) when true then 'agrees' when false then 'differs' else 'missing' end) from recorded r  join data.household s on s.head_personal_id = r.personal and (r.kind is null or r.kind in ('HOUSEHOLD')) left join data.citizen head on head.personal_id = s.head_personal_id where true;

insert into found select r.record_id, s.id, 'Household', 'household_head_former', 3, hub.names_agree(r.name_key, head.full_name_key) is not false and (r.year = left(head.birth_date, 4)) is not false, true, jsonb_build_object('name', case hub.names_agree(r.name_key, head.full_name_key) when true then 'agrees' when false then 'differs' else 'missing' end, 'birthYear', case (r.year = left(head.birth_date, 4)) when true then 'agrees' when false then 'differs' else 'missing' end) from recorded r join data.citizen former on former.former_id = r.former join data.household s on s.head_personal_id = former.personal_id and (r.kind is null or r.kind in ('HOUSEHOLD')) left join data.citizen head on head.personal_id = s.head_personal_id where true;

create temporary table wanted on commit drop as
with one as (
    -- One row for each subject of a record, by the best rule that found it.
    select distinct on (record_id, subject_id) * from found
    order by record_id, subject_id, accepted desc, sure desc, rank
), counted as (
    select record_id, count(*) filter (where accepted) as accepted from one group by record_id
)
select o.record_id, o.subject_id, o.subject_kind, o.method, o.evidence,
    case when c.accepted <> 1 then 'UNCONFIRMED' when o.sure then 'CONFIRMED' else 'PROBABLE' end as status
from one o join counted c using (record_id)
where c.accepted <> 1 or o.accepted;

insert into link_history.land_use_right_holder (record_id, subject_id, subject_kind, status, method, confidence, evidence, decided_by, decided_at, sys_from, sys_to) select record_id, subject_id, subject_kind, status, method, confidence, evidence, decided_by, decided_at, sys_from, %(at)s from link.land_use_right_holder l where starts_with(l.decided_by, 'run:') and not exists (select from wanted w where w.record_id = l.record_id and w.subject_id = l.subject_id and w.status = l.status and w.method = l.method and w.evidence is not distinct from l.evidence);

delete from link.land_use_right_holder l where starts_with(l.decided_by, 'run:') and not exists (select from wanted w where w.record_id = l.record_id and w.subject_id = l.subject_id and w.status = l.status and w.method = l.method and w.evidence is not distinct from l.evidence);

insert into link.land_use_right_holder (record_id, subject_id, subject_kind, status, method, confidence, evidence, decided_by, decided_at, sys_from) select w.record_id, w.subject_id, w.subject_kind, w.status, w.method, null, w.evidence, %(by)s, %(at)s, %(at)s from wanted w where not exists (select from link.land_use_right_holder l where w.record_id = l.record_id and w.subject_id = l.subject_id and w.status = l.status and w.method = l.method and w.evidence is not distinct from l.evidence);
