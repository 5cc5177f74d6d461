-- Senders' files, sealed. The store has the bytes, under the id, encrypted with a key that is not here.
create table evidence (
  id uuid primary key,
  -- Address of the sender when it was sealed; the account may be gone by now.
  sender text not null,
  filename text not null,
  declared_type text not null,
  raw_sha256 bytea not null,
  raw_bytes bigint not null,
  outcome text not null check (outcome in ('clean', 'not-an-image', 'refused')),
  reason text,
  sealed_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index evidence_sealed on evidence (sealed_at, id);
create index evidence_expires on evidence (expires_at);

-- Somebody wants to see sealed evidence; somebody else has to agree.
create table evidence_release (
  id uuid primary key,
  evidence_id uuid not null references evidence on delete cascade,
  reason text not null,
  requested_by text not null,
  requested_at timestamptz not null default now(),
  approved_by text,
  approved_at timestamptz,
  expires_at timestamptz not null,
  exported_at timestamptz,
  check (approved_by is null or approved_by <> requested_by)
);
create index evidence_release_evidence on evidence_release (evidence_id);
