-- Keys of devices that are managed, as whoever manages them has exported them: only the public part is known here.
create table device_key (
  -- RFC 7638, in base64url.
  thumbprint text primary key,
  account_id uuid not null references account on delete cascade,
  label text not null,
  mdm text not null,
  not_after timestamptz not null,
  imported_at timestamptz not null,
  imported_by text not null,
  revoked_at timestamptz,
  revoked_by text,
  -- Of the policy when it was last changed: nodes read what is newer than what they know.
  epoch bigint not null
);
create index device_key_epoch on device_key (epoch);
create index device_key_account on device_key (account_id);

-- Below this tier a client of somebody in the unit counts as unknown, and is not let in.
alter table unit add column minimum_tier text check (minimum_tier in ('E2', 'E3', 'E4'));
