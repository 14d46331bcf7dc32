-- The same table in PostgreSQL (idc_postgresql.toml, INC_URL) and in MariaDB (idm_mariadb.toml, MY_URL). Each row comes before a read of its own.
create table b4 (id serial primary key, tb varchar(20), tien numeric(15), ngay date);
insert into b4 (tb, tien, ngay) values ('T', 100, '2026-01-05'), ('T', 100, '2026-01-05'), ('T', 100, '2026-01-05');
insert into b4 (tb, tien, ngay) values ('T', 400, '2026-01-05');
