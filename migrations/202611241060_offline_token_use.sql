-- Tokens on paper that were used, on whatever node: each works once.
create table offline_token_use (
  nonce text primary key,
  scope text not null check (scope in ('cut', 'end')),
  used_by text not null,
  used_at timestamptz not null,
  expires_at timestamptz not null
);
