-- Tokens of programs. Only hashes are kept; what is over stays for a while, so that a list can say what became of it.
create table api_token (
  id uuid primary key,
  token_hash bytea not null unique,
  -- Whose rights bound it, today's, not those of the day it was made.
  account_id uuid not null references account on delete cascade,
  name text not null,
  scopes text[] not null check (cardinality(scopes) > 0),
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  used_from text,
  revoked_at timestamptz
);
create index api_token_account on api_token (account_id);
