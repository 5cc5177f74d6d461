-- The body of a message, once, whoever has it in an archive.
create table message (
  id uuid primary key,
  stanza text not null,
  sent_at timestamptz not null
);

-- One row per archive that holds a message. Position is counted per owner by the transaction that writes, under the
-- lock of the owner's row: no lower position appears later. No foreign key to message: both are written by one
-- statement, and the check would double the cost of the hottest insert.
create table archive (
  owner text not null,
  position bigint not null,
  message_id uuid not null,
  -- Bare JID of the conversation partner or room, and the partner's resource, if the stanza named one.
  peer text not null,
  resource text,
  direction text not null check (direction in ('in', 'out')),
  sent_at timestamptz not null,
  primary key (owner, position),
  -- This order of columns, since ids grow with time: inserts meet in one place of the index.
  unique (message_id, owner)
);
create index archive_peer on archive (owner, peer, position);
create index archive_sent_at on archive (owner, sent_at);

-- Counters of an archive. offline_position: up to here, messages were handed to some device.
create table archive_owner (
  owner text primary key,
  last_position bigint not null default 0,
  offline_position bigint not null default 0
) with (fillfactor = 50);

-- Messages that a suspension keeps from their recipients.
create table held_message (
  suspension_id uuid not null,
  position bigint generated always as identity,
  message_id uuid not null unique,
  recipients jsonb not null,
  primary key (suspension_id, position)
);

-- What was committed already, for clients that send again. Kept for some days; key = SHA-256.
create table dedup (
  key bytea primary key,
  message_id uuid not null,
  at timestamptz not null default now()
) partition by hash (key);
create table dedup_0 partition of dedup for values with (modulus 4, remainder 0);
create table dedup_1 partition of dedup for values with (modulus 4, remainder 1);
create table dedup_2 partition of dedup for values with (modulus 4, remainder 2);
create table dedup_3 partition of dedup for values with (modulus 4, remainder 3);
create index dedup_at on dedup using brin (at);

-- How far the server has handled a stream that can be resumed (XEP-0198): 64 bits, never lowered.
create table sm_session (
  id text primary key,
  account_id uuid not null references account on delete cascade,
  inbound_h bigint not null default 0,
  updated_at timestamptz not null default now()
) with (fillfactor = 70);
create index sm_session_account on sm_session (account_id);

-- Work that must follow a commit: push, other servers, jobs.
create table outbox (
  id uuid primary key,
  kind text not null,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  done_at timestamptz
);
create index outbox_waiting on outbox (id) where done_at is null;
