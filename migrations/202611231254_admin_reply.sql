-- Answers to requests with an idempotency key, sealed: some have a password in them. Forgotten after a day.
create table admin_reply (
  actor text not null,
  key_hash bytea not null,
  -- Of the whole request: the same key with another one is refused.
  fingerprint bytea not null,
  started_at timestamptz not null,
  -- Absent while the first request is under way, or when nobody knows how it ended.
  status smallint,
  sealed bytea,
  primary key (actor, key_hash)
);
create index admin_reply_started_at on admin_reply (started_at);
