-- One row per start of a server process.
create table policy_node (
  id uuid primary key,
  name text not null,
  started_at timestamptz not null default now(),
  -- When it last said that it holds its lease, by this database's clock like every instant here.
  seen_at timestamptz not null default now(),
  lease_ms integer not null,
  -- The newest epoch that it applies.
  epoch bigint not null,
  stopped_at timestamptz
);
create index policy_node_seen on policy_node (seen_at);

-- When each epoch was committed: the trigger below runs as the last thing before that.
create table policy_change (
  epoch bigint primary key,
  committed_at timestamptz not null
);
create index policy_change_committed on policy_change (committed_at);

create function note_policy_change() returns trigger language plpgsql as $$
begin
  insert into policy_change (epoch, committed_at) values (new.epoch, clock_timestamp());
  return null;
end
$$;

create constraint trigger policy_change after update on policy_epoch
  deferrable initially deferred for each row execute function note_policy_change();

-- Which node applied which epoch when, and to how many sessions. A node that finds several changes at once applies the
-- last of them only: it has a row for that one.
create table policy_application (
  node_id uuid not null references policy_node (id) on delete cascade,
  epoch bigint not null references policy_change (epoch) on delete cascade,
  applied_at timestamptz not null,
  disconnected integer not null,
  notified integer not null,
  primary key (epoch, node_id)
);
create index policy_application_node on policy_application (node_id);
