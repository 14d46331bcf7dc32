-- Likely cases for `hub procedures rehearse`: a column for each role, in a fixed order.
with adults as (
    select personal_id, row_number() over (order by id desc) as n from data.citizen
    where death_date is null and birth_date between '1960' and '1990'
), enterprises as (
    select registration_number, row_number() over (order by status, id) as n
    from data.business
    where legal_form <> 'HOUSEHOLD_BUSINESS' and status in ('ACTIVE', 'DISSOLVED')
)
select e.registration_number as enterprise, a.personal_id as representative
from enterprises e join adults a using (n)
order by n
