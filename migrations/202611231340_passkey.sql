-- Passkeys of administrators (WebAuthn): only the public part is here.
create table passkey (
  id uuid primary key,
  account_id uuid not null references account on delete cascade,
  credential_id bytea not null unique,
  -- SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
  public_key bytea not null,
  name text not null,
  -- The authenticator's count of signatures; one that goes back betrays a copy of it. Most count nothing.
  sign_count bigint not null,
  created_at timestamptz not null,
  used_at timestamptz
);
create index passkey_account on passkey (account_id, created_at);

-- Challenges that were answered. Until it expires by itself, each is good once.
create table spent_challenge (
  nonce bytea primary key,
  expires_at timestamptz not null
);
create index spent_challenge_expires_at on spent_challenge (expires_at);
