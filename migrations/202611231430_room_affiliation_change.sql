-- Versions of a room's lists (XEP-0463): what has changed since which, so that a client is told only that.
alter table room add column affiliation_version integer not null default 0;
-- Versions of another epoch are unknown: whoever names one gets the whole list.
alter table room add column affiliation_epoch integer not null default 0;

-- The latest change of each JID. One without an affiliation has been taken off the lists.
create table room_affiliation_change (
  room_id uuid not null references room on delete cascade,
  jid text not null,
  version integer not null,
  -- The version from which on it was no owner, admin or member any longer; 0 for never.
  unlisted_at integer not null,
  primary key (room_id, jid)
);
