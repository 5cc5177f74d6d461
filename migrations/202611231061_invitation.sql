-- Invitations. Only the hash of a token is kept: a dump of the database lets nobody in.
create table invitation (
  id uuid primary key,
  token_hash bytea not null unique,
  -- Becomes a contact of whoever redeems it. Absent: an administrator who is nobody's contact made it.
  inviter_id uuid references account on delete cascade,
  -- Whether it may be redeemed for an account, or only for a subscription of the inviter's.
  makes_account boolean not null,
  -- The name the account must have, reserved as long as the invitation is good.
  localpart text,
  max_uses integer not null default 1 check (max_uses between 1 and 10000),
  uses integer not null default 0 check (uses <= max_uses),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  created_by text not null,
  created_at timestamptz not null default now()
);
create index invitation_localpart on invitation (localpart) where localpart is not null;
create index invitation_expires_at on invitation (expires_at);
