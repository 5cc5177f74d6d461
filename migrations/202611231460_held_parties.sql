-- Between which accounts, and in which room, a message is held: whoever has one of their names later is somebody else.
-- And which suspension had it before the one that holds it now.
alter table held_message
  add column parties uuid[] not null default '{}',
  add column handed_over_by uuid;
