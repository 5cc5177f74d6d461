-- How far each receiver of the audit log has it. One server process at a time delivers: the one with the lease.
create table event_sink (
  name text primary key,
  seq bigint not null default 0,
  owner uuid,
  leased_until timestamptz,
  error text not null default ''
);
