-- What the server says once to everybody (message of the day) or to whoever is new (welcome), XEP-0133.
create table standing_message (
  kind text primary key check (kind in ('motd', 'welcome')),
  -- Another one with each message, the same for a correction.
  id uuid not null,
  text text not null check (length(text) between 1 and 10000),
  set_by text not null,
  set_at timestamptz not null
);
-- Which of them an account has had last.
create table standing_message_receipt (
  account_id uuid not null references account on delete cascade,
  kind text not null check (kind in ('motd', 'welcome')),
  message_id uuid not null,
  primary key (account_id, kind)
);
