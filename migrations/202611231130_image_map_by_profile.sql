-- One image may become several: an avatar is made smaller than a photo. Raw hashes under the names of XEP-0300; those
-- that were not noted before this are not known any more.
alter table image_map add column profile text not null default 'avatar';
alter table image_map alter column profile drop default;
alter table image_map add column raw_sha512 bytea;
alter table image_map add column raw_blake2b512 bytea;
alter table image_map drop constraint image_map_pkey;
alter table image_map add primary key (raw_sha256, profile);
create index image_map_clean_sha256 on image_map (clean_sha256);

-- Who uploaded an image, or was sent it: a hash gives no access to anybody else.
create table image_reader (
  -- A bare JID.
  jid text not null,
  raw_sha256 bytea not null,
  profile text not null,
  primary key (jid, raw_sha256, profile),
  foreign key (raw_sha256, profile) references image_map on delete cascade
);

-- The sticker packs of an account by the ids they had before their images were cleaned (XEP-0449).
create table sticker_pack (
  account_id uuid not null references account on delete cascade,
  raw_id text not null,
  clean_id text not null,
  created_at timestamptz not null default now(),
  primary key (account_id, raw_id)
);
