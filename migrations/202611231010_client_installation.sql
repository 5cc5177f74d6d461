-- A client of an account, known by the id of its SASL2 user agent (XEP-0388): what it said of itself, and when it was here.
create table client_installation (
  id uuid primary key,
  account_id uuid not null references account on delete cascade,
  user_agent_id text not null,
  software text,
  device text,
  -- It has presented the password that is in force now, so taking back its tokens alone does not keep it out.
  knows_password boolean not null default false,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  unique (account_id, user_agent_id)
);
create index client_installation_last_seen on client_installation (last_seen_at);

-- FAST (XEP-0484): at most one token in use and one that waits for its first use, per client. Sealed like verifiers.
create table fast_token (
  id uuid primary key,
  client_id uuid not null references client_installation on delete cascade,
  mechanism text not null,
  sealed bytea not null,
  count bigint not null default 0,
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index fast_token_client on fast_token (client_id);
