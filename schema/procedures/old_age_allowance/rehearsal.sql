-- Likely cases for `hub procedures rehearse`: a column for each role, in a fixed order.
select personal_id as applicant
from data.citizen
where death_date is null and birth_date < '1955'
order by birth_date, id
