-- What the client of a push target is, since rules ask about it when its device is told (control §3.4); and which rule
-- its user has been told of already.
alter table push_target add column client jsonb;
alter table push_target add column update_told text;
