-- Files that were delivered and are taken back; ended ones are kept for the record.
create table recall (
  id uuid primary key,
  -- What it is about, as `packages/policy` checks it.
  scope jsonb not null,
  reason text not null,
  since_at timestamptz not null,
  started_by text not null,
  ended_at timestamptz,
  ended_by text
);
create index recall_active on recall (since_at) where ended_at is null;

-- What came in and what became of it, per day: counted in memory and added in batches.
create table image_census (
  day date not null,
  profile text not null,
  -- What the bytes looked like; empty when nobody could tell.
  input_format text not null,
  outcome text not null,
  reason text not null default '',
  features text not null default '',
  decoder text not null default '',
  encoder text not null default '',
  images bigint not null,
  bytes_in bigint not null,
  bytes_out bigint not null,
  primary key (day, profile, input_format, outcome, reason, features, decoder, encoder)
);
