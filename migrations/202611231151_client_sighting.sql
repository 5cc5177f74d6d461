-- Which clients people use: one row per account and client, kept while it is seen now and then.
create table client_sighting (
  account_id uuid not null references account on delete cascade,
  -- SHA-256 of everything that tells one client from another.
  client_key bytea not null,
  family text,
  version text,
  identity jsonb not null,
  address text,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  primary key (account_id, client_key)
);
create index client_sighting_seen on client_sighting (last_seen_at);

-- How many people used each version on each day, for 400 days.
create table client_day (
  day date not null,
  -- Empty for what could not be named.
  family text not null,
  version text not null,
  people integer not null,
  primary key (day, family, version)
);
