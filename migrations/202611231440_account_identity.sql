-- Who an account is at an OpenID Connect issuer: the issuer and the subject of its tokens, and nothing else of them.
create table account_identity (
  issuer text not null,
  subject text not null,
  account_id uuid not null references account on delete cascade,
  linked_at timestamptz not null,
  -- Tokens issued before that do not count any more: what was signed in with them was ended here.
  tokens_valid_from timestamptz,
  primary key (issuer, subject),
  unique (account_id, issuer)
);

-- The client has signed in by a token of an issuer, not by the password.
alter table client_installation add column has_grant boolean not null default false;
-- When the sign-in by an issuer's token ends that this token came of; null: it came of the password.
alter table fast_token add column grant_ends_at timestamptz;
