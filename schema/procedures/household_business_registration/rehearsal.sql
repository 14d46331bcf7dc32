-- Likely cases for `hub procedures rehearse`: a column for each role, in a fixed order.
-- Whoever has a part in a business comes first: then there is something that the register holds.
with adults as (
    select personal_id, row_number() over (order by id desc) as n from data.citizen
    where death_date is null and birth_date between '1960' and '1990'
), owners as (
    select c.personal_id, row_number() over (order by count(l.subject_id) desc, c.id) as n
    from data.citizen c
    left join link.business_role_person l on l.subject_id = c.id and l.status = 'CONFIRMED'
    where c.death_date is null and c.birth_date < '2005'
    group by c.id
)
select o.personal_id as owner, case when a.personal_id <> o.personal_id then a.personal_id end as member
from owners o left join adults a using (n)
order by n
