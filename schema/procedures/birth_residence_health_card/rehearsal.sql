-- Likely cases for `hub procedures rehearse`: a column for each role, in a fixed order.
-- Mothers with a birth notice; the married first.
select c.personal_id as mother
from data.citizen c
join link.birth_notice_mother b on b.subject_id = c.id and b.status = 'CONFIRMED'
left join link.marital_status_person l on l.subject_id = c.id and l.status = 'CONFIRMED'
left join data.marital_status m on m.id = l.record_id and m.state = 'MARRIED' and m.until is null
where c.death_date is null
group by c.id
order by count(m.id) desc, c.id
