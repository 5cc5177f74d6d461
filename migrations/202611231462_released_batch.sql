-- What has left hold queues within the last minutes, in the order in which it did: every node delivers it to the sessions
-- that it carries. One row for each transaction; written under a lock, so that no lower position appears later.
create table released_batch (
  position bigint generated always as identity primary key,
  -- The node that released it, and has delivered to its own sessions.
  node_id uuid not null,
  -- [{id, archives}]
  messages jsonb not null,
  at timestamptz not null default now()
);
