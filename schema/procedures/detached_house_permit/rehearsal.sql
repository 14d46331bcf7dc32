-- Likely cases for `hub procedures rehearse`: a column for each role, in a fixed order.
with holders as (
    select c.personal_id, min(p.parcel_number) as parcel_number, row_number() over (order by min(c.id)) as n
    from data.citizen c
    join link.land_use_right_holder h on h.subject_id = c.id and h.subject_kind = 'Citizen' and h.status = 'CONFIRMED'
    join data.land_use_right r on r.id = h.record_id and r.status = 'REGISTERED'
    left join link.land_use_right_parcel l on l.record_id = r.id and l.status = 'CONFIRMED'
    left join data.parcel p on p.id = l.subject_id
    where c.death_date is null and c.birth_date < '1990'
    group by c.personal_id
)
select personal_id as applicant from holders order by n
