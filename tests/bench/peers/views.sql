-- What a PostGraphile team would add to the hub's tables: a view of each record with the keys of what it is linked to.
create schema if not exists served;

create or replace view served.land_use_right as
select t.*, h.subject_id as holder_id, p.subject_id as parcel_id
from data.land_use_right t
left join link.land_use_right_holder h on h.record_id = t.id and h.status <> 'UNCONFIRMED'
left join link.land_use_right_parcel p on p.record_id = t.id and p.status <> 'UNCONFIRMED';

create or replace view served.tax_obligation as
select t.*, d.subject_id as debtor_id
from data.tax_obligation t
left join link.tax_obligation_debtor d on d.record_id = t.id and d.status <> 'UNCONFIRMED';

create or replace view served.business_role as
select t.*, p.subject_id as person_id
from data.business_role t
left join link.business_role_person p on p.record_id = t.id and p.status <> 'UNCONFIRMED';

-- Declared STABLE and in SQL, so that PostgreSQL inlines it and the index on full_name_key serves it.
create or replace function served.citizens_named(prefix text) returns setof data.citizen language sql stable as $$
    select * from data.citizen
    where full_name_key >= hub.name_key(prefix) and full_name_key < hub.name_key(prefix) || U&'\+10FFFF'
$$;

-- Subjects by number from 1, so that pgbench, whose variables are numbers, can ask for them at random.
create table if not exists served.numbered as
select row_number() over (order by id)::int as n, id, personal_id, full_name_key from data.citizen;
create unique index if not exists numbered_n on served.numbered (n);
