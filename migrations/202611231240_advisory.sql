-- What the world says about vulnerable software, as `packages/advisories` reads it.
create table advisory (
  id text not null,
  kind text not null,
  document jsonb not null,
  -- Names of its products, so that only what concerns clients here is ever read again.
  identifiers text[] not null,
  imported_at timestamptz not null,
  imported_by text not null,
  primary key (id, kind)
);
create index advisory_identifiers on advisory using gin (identifiers);

-- Flaws that are used in attacks.
create table exploited_flaw (
  id text primary key,
  since text not null,
  due_date text
);

-- Products that do not have a flaw, by the word of their vendors.
create table flaw_denial (
  id text not null,
  identifier text not null,
  primary key (id, identifier)
);

-- What was imported, newest last. The sequence of signed bundles only rises.
create table feed_import (
  id uuid primary key,
  at timestamptz not null,
  by text not null,
  name text not null,
  sha256 bytea not null,
  sequence bigint
);

-- Builds of clients with what they are made of.
create table client_build (
  family text not null,
  version text not null,
  build text not null default '',
  components jsonb not null,
  registered_at timestamptz not null,
  registered_by text not null,
  primary key (family, version, build)
);

-- What might be done about one client family because of one flaw, and what somebody has decided.
create table advisory_proposal (
  flaw text not null,
  family text not null,
  document jsonb not null,
  -- open, accepted, dismissed, or moot when no affected client is in use any more
  state text not null,
  found_at timestamptz not null,
  decided_at timestamptz,
  decided_by text,
  reason text,
  rule_id uuid references client_rule (id) on delete set null,
  primary key (flaw, family)
);
