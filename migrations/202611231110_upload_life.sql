-- A clean file in the store, by its content. Whoever is about to refer to one claims it first: the sweep takes away only
-- what nobody refers to and nobody has claimed for a while, and holds the row's lock while it does.
create table blob (
  sha256 bytea primary key check (octet_length(sha256) = 32),
  claimed_at timestamptz not null default now()
);
create index blob_claimed on blob (claimed_at);
insert into blob (sha256) select distinct clean_sha256 from upload where clean_sha256 is not null;

alter table upload
  -- When the file began to come: a slot takes one.
  add column put_at timestamptz,
  add column placeholder text,
  add column dominant_color text,
  add column profile_version text,
  add column decoder text,
  add column encoder text,
  add constraint upload_clean_blob foreign key (clean_sha256) references blob,
  add constraint upload_state_facts check (
    (state = 'clean') = (clean_sha256 is not null) and (state = 'refused') = (reason is not null)
  );
create index upload_clean_sha256 on upload (clean_sha256) where clean_sha256 is not null;
create index upload_queue on upload (updated_at) where state = 'quarantined';
create index upload_refused on upload (updated_at) where state = 'refused';

-- Smaller files made together with an upload's clean one, each with a public id of its own.
create table upload_derivative (
  id uuid primary key,
  upload_id uuid not null references upload on delete cascade,
  max_side_px integer not null,
  sha256 bytea not null references blob,
  bytes bigint not null,
  type text not null,
  width_px integer not null,
  height_px integer not null,
  created_at timestamptz not null default now(),
  unique (upload_id, max_side_px)
);
create index upload_derivative_sha256 on upload_derivative (sha256);

-- Files over which decoders or the whole sanitizer died, so that none dies of them again.
create table image_failure (
  raw_sha256 bytea not null,
  profile text not null,
  -- What the sanitizer said its rules were; absent while it never answered.
  policy_version text,
  -- How often the sanitizer broke while it had the file.
  strikes integer not null default 0,
  is_final boolean not null default false,
  updated_at timestamptz not null default now(),
  primary key (raw_sha256, profile)
);
create index image_failure_updated on image_failure (updated_at);
