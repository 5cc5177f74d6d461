-- The client that enabled a push service, where it has an id: with its access, its push ends (XEP-0494).
alter table push_target add column client_id uuid;
