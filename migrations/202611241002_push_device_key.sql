-- The enrolled key that the client of a push target had proved when it was last here: revoked, it is E4 no more.
alter table push_target add column device_key text;
