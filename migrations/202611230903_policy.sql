create table client_rule (
  id uuid primary key,
  family text not null,
  below text not null,
  action text not null,
  url text,
  is_now boolean not null default false,
  created_by text not null,
  created_at timestamptz not null default now()
);

create table suspension (
  id uuid primary key,
  scope text not null,
  mode text not null,
  reason text not null,
  since_at timestamptz not null default now(),
  until_at timestamptz,
  started_by text not null,
  ended_at timestamptz,
  ended_by text
);
create index suspension_active on suspension (since_at) where ended_at is null;

-- One row: raised by every change of client rules or suspensions.
create table policy_epoch (
  singleton boolean primary key default true check (singleton),
  epoch bigint not null,
  at timestamptz not null default now()
);
insert into policy_epoch (epoch) values (0);

-- Each row's hash covers the row and the hash before it. No identity column: numbers without gaps.
create table audit (
  seq bigint primary key check (seq > 0),
  at timestamptz not null,
  actor text not null,
  action text not null,
  target text not null,
  detail jsonb not null,
  prev_hash bytea not null,
  hash bytea not null
);
create index audit_at on audit (at);

-- The newest audit row. Its lock orders the writers; without it, rows cut from the end would not be missed.
create table audit_head (
  singleton boolean primary key default true check (singleton),
  seq bigint not null,
  hash bytea not null
);
insert into audit_head (seq, hash) values (0, decode(repeat('00', 32), 'hex'));

create table setting (
  key text primary key,
  value jsonb not null,
  updated_at timestamptz not null default now()
);
