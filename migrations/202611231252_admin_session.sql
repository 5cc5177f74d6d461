-- Sign-ins of administrators. Only the hash of a token is kept: a dump of the database signs nobody in.
create table admin_session (
  id uuid primary key,
  token_hash bytea not null unique,
  account_id uuid not null references account on delete cascade,
  -- Whether a browser sends it by itself: then each request has to prove that our own page made it.
  is_cookie boolean not null,
  has_second_factor boolean not null,
  address text not null,
  user_agent text not null,
  created_at timestamptz not null,
  -- When password or passkey were last shown.
  proved_at timestamptz not null,
  seen_at timestamptz not null,
  expires_at timestamptz not null
);
create index admin_session_account on admin_session (account_id, created_at);
create index admin_session_expires_at on admin_session (expires_at);

-- The secret of codes by time (RFC 6238), sealed. Without `confirmed_at` it is being enrolled and asks nobody for a code.
create table totp (
  account_id uuid primary key references account on delete cascade,
  sealed bytea not null,
  created_at timestamptz not null,
  confirmed_at timestamptz,
  -- The last period of which a code was taken: none is taken twice.
  last_step bigint not null default 0
);

-- Codes on paper, each good once.
create table recovery_code (
  account_id uuid not null references account on delete cascade,
  code_hash bytea not null,
  primary key (account_id, code_hash)
);
