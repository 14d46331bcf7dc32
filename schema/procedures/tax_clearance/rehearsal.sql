-- Likely cases for `hub procedures rehearse`: a column for each role, in a fixed order.
select c.personal_id as transferor
from data.citizen c
join link.land_transfer_slip_transferor t on t.subject_id = c.id and t.subject_kind = 'Citizen' and t.status = 'CONFIRMED'
where c.death_date is null
group by c.id
order by c.id
