-- Rooms (XEP-0045). Who is in a room now is in memory only.
create table room (
  id uuid primary key,
  localpart text not null unique,
  -- Bare JID of whoever made it: counts towards that account's quota.
  created_by text not null,
  created_at timestamptz not null,
  config jsonb not null,
  -- Key of the occupant ids (XEP-0421): another room, another id for the same person.
  secret bytea not null,
  subject text,
  subject_nick text,
  subject_at timestamptz,
  -- The room's vCard (XEP-0486) and the SHA-1 of its photo in hex.
  vcard text,
  photo_sha1 text
);
create index room_created_by on room (created_by);

-- Affiliations (XEP-0045 §5.2), with the nick that a member has reserved (§7.10) as it is compared (RFC 8266).
create table room_affiliation (
  room_id uuid not null references room on delete cascade,
  -- Bare JID; for outcasts also a domain.
  jid text not null,
  affiliation text not null check (affiliation in ('owner', 'admin', 'member', 'outcast')),
  nick text,
  nick_key text,
  reason text,
  primary key (room_id, jid),
  unique (room_id, nick_key)
);

-- Hats (XEP-0317).
create table room_hat (
  room_id uuid not null references room on delete cascade,
  jid text not null,
  uri text not null,
  title text not null,
  primary key (room_id, jid, uri)
);
