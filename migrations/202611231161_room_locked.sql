-- A room whose owner has not configured it yet (XEP-0045 §10.1.3): it does not outlive a restart.
alter table room add column is_locked boolean not null default false;
