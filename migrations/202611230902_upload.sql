create table upload (
  id uuid primary key,
  account_id uuid references account on delete set null,
  filename text not null,
  declared_bytes bigint not null check (declared_bytes >= 0),
  declared_type text not null,
  -- SHA-256 of the secret in the upload URL.
  token_hash bytea not null,
  state text not null default 'slot' check (state in ('slot', 'quarantined', 'clean', 'refused')),
  reason text,
  clean_sha256 bytea,
  clean_bytes bigint,
  clean_type text,
  width_px integer,
  height_px integer,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index upload_account on upload (account_id, created_at);
create index upload_unfinished on upload (created_at) where state in ('slot', 'quarantined');

-- Which clean image an image became, so that references by hash (avatars, Bits of Binary) can be rewritten.
create table image_map (
  raw_sha256 bytea primary key,
  raw_sha1 bytea not null,
  clean_sha1 bytea not null,
  clean_sha256 bytea not null,
  clean_type text not null,
  clean_bytes bigint not null,
  width_px integer not null,
  height_px integer not null,
  created_at timestamptz not null default now()
);
create index image_map_raw_sha1 on image_map (raw_sha1);
create index image_map_clean_sha1 on image_map (clean_sha1);
