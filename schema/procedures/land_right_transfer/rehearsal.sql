-- Likely cases for `hub procedures rehearse`: a column for each role, in a fixed order.
-- A seller holds land; the buyer is anybody.
with holders as (
    select c.personal_id, min(p.parcel_number) as parcel_number, row_number() over (order by min(c.id)) as n
    from data.citizen c
    join link.land_use_right_holder h on h.subject_id = c.id and h.subject_kind = 'Citizen' and h.status = 'CONFIRMED'
    join data.land_use_right r on r.id = h.record_id and r.status = 'REGISTERED'
    left join link.land_use_right_parcel l on l.record_id = r.id and l.status = 'CONFIRMED'
    left join data.parcel p on p.id = l.subject_id
    where c.death_date is null and c.birth_date < '1990'
    group by c.personal_id
), adults as (
    select personal_id, row_number() over (order by id desc) as n from data.citizen
    where death_date is null and birth_date between '1960' and '1990'
)
select h.personal_id as transferor, a.personal_id as transferee
from holders h join adults a using (n)
where h.personal_id <> a.personal_id
order by n
