select t.id as record_id, t.holder_kind as kind, t.holder_name as name, hub.name_key(regexp_replace(t.holder_name, '\s+', ' ', 'g')) as name_key, substring(t.holder_birth_date from '(?:^|\D)((?:18|19|20)\d\d)(?:\D|$)') as year, case when regexp_replace(t.holder_identifier, '[\s.\-_]', '', 'g') ~ '^\d{12}$' then regexp_replace(t.holder_identifier, '[\s.\-_]', '', 'g') when regexp_replace(t.holder_tax_code, '[\s.\-_]', '', 'g') ~ '^\d{12}$' then regexp_replace(t.holder_tax_code, '[\s.\-_]', '', 'g') end as personal, case when regexp_replace(t.holder_identifier, '[\s.\-_]', '', 'g') ~ '^\d{9}$' then regexp_replace(t.holder_identifier, '[\s.\-_]', '', 'g') end as former, case when regexp_replace(t.holder_tax_code, '[\s.\-_]', '', 'g') ~ '^\d{10}(\d{3})?$' then left(regexp_replace(t.holder_tax_code, '[\s.\-_]', '', 'g'), 10) end as tax from data.land_use_right t where not exists (select from link.land_use_right_holder l where l.record_id = t.id and not starts_with(l.decided_by, 'run:'));

create temporary table found_land_use_right_holder (record_id bigint, subject_id bigint, subject_kind text, method text, rank int, accepted boolean, sure boolean, strength real, evidence jsonb);

insert into found_land_use_right_holder select r.record_id, s.id, 'Citizen', 'personal_identifier', 0, hub.names_agree(r.name_key, s.full_name_key) is not false and (r.year = left(s.birth_date, 4)) is not false, case when r.name = s.full_name then true else coalesce(regexp_replace(lower(translate(normalize(btrim(regexp_replace(r.name, '\s+', ' ', 'g')), nfd), 'ĐÐð', 'đđđ') collate "C"), '([̣̀́̃̉])([a-zđ̛̂̆]+)', '\2\1', 'g') = regexp_replace(lower(translate(normalize(s.full_name, nfd), 'ĐÐð', 'đđđ') collate "C"), '([̣̀́̃̉])([a-zđ̛̂̆]+)', '\2\1', 'g'), false) end, 0 + 0, jsonb_build_array(jsonb_build_object('comparison', 'name', 'outcome', case hub.names_agree(r.name_key, s.full_name_key) when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null), jsonb_build_object('comparison', 'birthYear', 'outcome', case (r.year = left(s.birth_date, 4)) when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null)) from recorded_land_use_right_holder r  join data.citizen s on s.personal_id = r.personal and (r.kind is null or r.kind in ('PERSON'))  where true;

insert into found_land_use_right_holder select r.record_id, s.id, 'Citizen', 'former_identifier', 1, hub.names_agree(r.name_key, s.full_name_key) is not false and (r.year = left(s.birth_date, 4)) is not false, case when r.name = s.full_name then true else coalesce(regexp_replace(lower(translate(normalize(btrim(regexp_replace(r.name, '\s+', ' ', 'g')), nfd), 'ĐÐð', 'đđđ') collate "C"), '([̣̀́̃̉])([a-zđ̛̂̆]+)', '\2\1', 'g') = regexp_replace(lower(translate(normalize(s.full_name, nfd), 'ĐÐð', 'đđđ') collate "C"), '([̣̀́̃̉])([a-zđ̛̂̆]+)', '\2\1', 'g'), false) end, 0 + 0, jsonb_build_array(jsonb_build_object('comparison', 'name', 'outcome', case hub.names_agree(r.name_key, s.full_name_key) when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null), jsonb_build_object('comparison', 'birthYear', 'outcome', case (r.year = left(s.birth_date, 4)) when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null)) from recorded_land_use_right_holder r  join data.citizen s on s.former_id = r.former and (r.kind is null or r.kind in ('PERSON'))  where true;

insert into found_land_use_right_holder select r.record_id, s.id, 'Household', 'household_head', 2, hub.names_agree(r.name_key, head.full_name_key) is not false and (r.year = left(head.birth_date, 4)) is not false, case when r.name = head.full_name then true else coalesce(regexp_replace(lower(translate(normalize(btrim(regexp_replace(r.name, '\s+', ' ', 'g')), nfd), 'ĐÐð', 'đđđ') collate "C"), '([̣̀́̃̉])([a-zđ̛̂̆]+)', '\2\1', 'g') = regexp_replace(lower(translate(normalize(head.full_name, nfd), 'ĐÐð', 'đđđ') collate "C"), '([̣̀́̃̉])([a-zđ̛̂̆]+)', '\2\1', 'g'), false) end, 0 + 0, jsonb_build_array(jsonb_build_object('comparison', 'name', 'outcome', case hub.names_agree(r.name_key, head.full_name_key) when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null), jsonb_build_object('comparison', 'birthYear', 'outcome', case (r.year = left(head.birth_date, 4)) when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null)) from recorded_land_use_right_holder r  join data.household s on s.head_personal_id = r.personal and (r.kind is null or r.kind in ('HOUSEHOLD')) left join data.citizen head on head.personal_id = s.head_personal_id where true;

insert into found_land_use_right_holder select r.record_id, s.id, 'Household', 'household_head_former', 3, hub.names_agree(r.name_key, head.full_name_key) is not false and (r.year = left(head.birth_date, 4)) is not false, case when r.name = head.full_name then true else coalesce(regexp_replace(lower(translate(normalize(btrim(regexp_replace(r.name, '\s+', ' ', 'g')), nfd), 'ĐÐð', 'đđđ') collate "C"), '([̣̀́̃̉])([a-zđ̛̂̆]+)', '\2\1', 'g') = regexp_replace(lower(translate(normalize(head.full_name, nfd), 'ĐÐð', 'đđđ') collate "C"), '([̣̀́̃̉])([a-zđ̛̂̆]+)', '\2\1', 'g'), false) end, 0 + 0, jsonb_build_array(jsonb_build_object('comparison', 'name', 'outcome', case hub.names_agree(r.name_key, head.full_name_key) when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null), jsonb_build_object('comparison', 'birthYear', 'outcome', case (r.year = left(head.birth_date, 4)) when true then 'agrees' when false then 'differs' else 'missing' end, 'bits', null)) from recorded_land_use_right_holder r join data.citizen former on former.former_id = r.former join data.household s on s.head_personal_id = former.personal_id and (r.kind is null or r.kind in ('HOUSEHOLD')) left join data.citizen head on head.personal_id = s.head_personal_id where true;

create temporary table one_land_use_right_holder as select distinct on (f.record_id, coalesce(h.heir_id, f.subject_id)) f.record_id, f.subject_id as found_id, coalesce(h.heir_id, f.subject_id) as subject_id, f.subject_kind, f.method, f.evidence, f.accepted, f.sure, f.strength from found_land_use_right_holder f left join link.heir h on h.subject_id = f.subject_id where not exists (select from link.decision d where d.field = 'LandUseRight.holder' and d.record_id = f.record_id and d.verdict = 'DIFFERENT' and d.undone_at is null and d.second_of is null and coalesce((select h.heir_id from link.heir h where h.subject_id = d.subject_id), d.subject_id) = coalesce((select h.heir_id from link.heir h where h.subject_id = f.subject_id), f.subject_id)) order by f.record_id, coalesce(h.heir_id, f.subject_id), f.accepted desc, f.sure desc, f.strength desc, f.rank, f.subject_id;

select r.record_id from recorded_land_use_right_holder r where (select count(*) from one_land_use_right_holder o where o.record_id = r.record_id and o.accepted) <> 1;

create temporary table wanted_land_use_right_holder as
with ruled as (
    select o.* from one_land_use_right_holder o join (
        select record_id from one_land_use_right_holder where accepted group by record_id having count(*) = 1
    ) c using (record_id) where o.accepted
), modelled as (
    -- Of rows that are one subject by now the likeliest.
    select distinct on (s.record_id, coalesce(h.heir_id, s.found_id)) s.*, coalesce(h.heir_id, s.found_id) as subject_id
    from scored_land_use_right_holder s left join link.heir h on h.subject_id = s.found_id
    where not exists (select from ruled r where r.record_id = s.record_id) and not exists (select from link.decision d where d.field = 'LandUseRight.holder' and d.record_id = s.record_id and d.verdict = 'DIFFERENT' and d.undone_at is null and d.second_of is null and coalesce((select h.heir_id from link.heir h where h.subject_id = d.subject_id), d.subject_id) = coalesce((select h.heir_id from link.heir h where h.subject_id = s.found_id), s.found_id))
    order by s.record_id, coalesce(h.heir_id, s.found_id), s.chosen desc, s.weight desc, s.found_id
), chosen as (
    select * from modelled where chosen
)
select record_id, found_id, subject_id, subject_kind, case when sure then 'CONFIRMED' else 'PROBABLE' end as status,
    method, null::real as confidence, null::real as weight, evidence, false as by_model
from ruled
union all
select record_id, found_id, subject_id, subject_kind, 'PROBABLE', case when chosen.subject_kind = 'Business' then 'business_likeness' else %(model)s::text end, confidence, weight, evidence, true
from chosen
union all
select record_id, coalesce(o.found_id, m.found_id), subject_id, coalesce(o.subject_kind, m.subject_kind), 'UNCONFIRMED',
    coalesce(o.method, case when m.subject_kind = 'Business' then 'business_likeness' else %(model)s::text end), m.confidence, m.weight, coalesce(m.evidence, o.evidence), m.record_id is not null
from one_land_use_right_holder o full join modelled m using (record_id, subject_id)
where not exists (select from ruled r where r.record_id = coalesce(o.record_id, m.record_id))
    and not exists (select from chosen c where c.record_id = coalesce(o.record_id, m.record_id));

with claims as (
    select w.record_id, w.subject_id, row(t.status) as grouped, w.by_model, w.weight
    from wanted_land_use_right_holder w join data.land_use_right t on t.id = w.record_id
    where w.status <> 'UNCONFIRMED' and t.status is not null
    union all
    select l.record_id, l.subject_id, row(t.status), l.weight is not null, l.weight
    from link.land_use_right_holder l join data.land_use_right t on t.id = l.record_id
    where l.status <> 'UNCONFIRMED' and t.status is not null and not exists (select from touched_land_use_right_holder o where o.record_id = l.record_id)
)
update wanted_land_use_right_holder w set status = 'UNCONFIRMED' from claims mine
where w.record_id = mine.record_id and w.subject_id = mine.subject_id and w.status <> 'UNCONFIRMED' and w.by_model
    and exists (
        select from claims other where other.subject_id = mine.subject_id and other.grouped = mine.grouped
        and other.record_id <> mine.record_id and (not other.by_model or other.weight >= mine.weight)
    );

select distinct l.record_id from link.land_use_right_holder l where not exists (select from touched_land_use_right_holder o where o.record_id = l.record_id) and l.subject_id in (select w.subject_id from wanted_land_use_right_holder w union select b.subject_id from link.land_use_right_holder b join touched_land_use_right_holder o using (record_id) union select b.subject_id from (select b.record_id, b.found_id, b.subject_id from link_history.land_use_right_holder b join changed n on n.id = b.record_id where b.sys_to >= (select max(started_at) from hub.link_run where ended_at is not null and mode in ('FULL', 'CHANGES'))) b);

delete from wanted_land_use_right_holder w where exists (select from link.land_use_right_holder l where l.record_id = w.record_id and not starts_with(l.decided_by, 'run:')) or exists (select from link.decision d where d.field = 'LandUseRight.holder' and d.record_id = w.record_id and d.verdict = 'DIFFERENT' and d.undone_at is null and d.second_of is null and coalesce((select h.heir_id from link.heir h where h.subject_id = d.subject_id), d.subject_id) = coalesce((select h.heir_id from link.heir h where h.subject_id = w.found_id), w.found_id)) or not exists (select from data.land_use_right t where t.id = w.record_id);

update wanted_land_use_right_holder w set subject_id = coalesce((select h.heir_id from link.heir h where h.subject_id = w.found_id), w.found_id) where w.subject_id <> coalesce((select h.heir_id from link.heir h where h.subject_id = w.found_id), w.found_id);

create temporary table wrong_land_use_right_holder as select l.record_id, l.found_id from (select l.* from link.land_use_right_holder l join touched_land_use_right_holder o using (record_id)) l where starts_with(l.decided_by, 'run:') and not exists (select from wanted_land_use_right_holder w where w.record_id = l.record_id and w.found_id = l.found_id and w.subject_id = l.subject_id and w.status = l.status and w.method = l.method and w.weight is not distinct from l.weight and w.evidence is not distinct from l.evidence) union select l.record_id, l.found_id from (select l.* from link.land_use_right_holder l join touched_land_use_right_holder o using (record_id)) l where not exists (select from data.land_use_right t where t.id = l.record_id) union select l.record_id, l.found_id from (select l.* from link.land_use_right_holder l join touched_land_use_right_holder o using (record_id)) l where l.subject_kind = 'Citizen' and not exists (select from data.citizen s where s.id = l.found_id) union select l.record_id, l.found_id from (select l.* from link.land_use_right_holder l join touched_land_use_right_holder o using (record_id)) l where l.subject_kind = 'Household' and not exists (select from data.household s where s.id = l.found_id);

insert into link_history.land_use_right_holder (record_id, found_id, subject_id, subject_kind, status, method, confidence, weight, evidence, decided_by, decided_at, sys_from, sys_to) select l.record_id, l.found_id, l.subject_id, l.subject_kind, l.status, l.method, l.confidence, l.weight, l.evidence, l.decided_by, l.decided_at, l.sys_from, %(at)s from link.land_use_right_holder l join wrong_land_use_right_holder x on l.record_id = x.record_id and l.found_id = x.found_id;

delete from link.land_use_right_holder l using wrong_land_use_right_holder x where l.record_id = x.record_id and l.found_id = x.found_id;

insert into link.land_use_right_holder (record_id, found_id, subject_id, subject_kind, status, method, confidence, weight, evidence, decided_by, decided_at, sys_from) select w.record_id, w.found_id, w.subject_id, w.subject_kind, w.status, w.method, w.confidence, w.weight, w.evidence, %(by)s, %(at)s, %(at)s from wanted_land_use_right_holder w where not exists (select from link.land_use_right_holder l where w.record_id = l.record_id and w.found_id = l.found_id and w.subject_id = l.subject_id and w.status = l.status and w.method = l.method and w.weight is not distinct from l.weight and w.evidence is not distinct from l.evidence);
