-- Devices of our own push service (Web Push, RFC 8030): what is needed to reach one is sealed.
create table push_device (
  node text primary key,
  account_id uuid not null references account on delete cascade,
  -- SHA-256 of the endpoint: registering it again is the same device.
  endpoint_hash bytea not null,
  sealed bytea not null,
  registered_at timestamptz not null default now(),
  unique (account_id, endpoint_hash)
);

-- What clients have enabled (XEP-0357 §5).
create table push_target (
  account_id uuid not null references account on delete cascade,
  service text not null,
  node text not null,
  -- The client that enabled it, as of now.
  resource text not null,
  -- Publish options, serialized.
  options text,
  -- Errors in a row, and the last of them (XEP-0357 §7.1).
  failures integer not null default 0,
  failed_at timestamptz,
  enabled_at timestamptz not null default now(),
  primary key (account_id, service, node)
);
