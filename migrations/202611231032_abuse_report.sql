-- Who blocked whom and told the administrators why (XEP-0377). The latest word of each about each.
create table abuse_report (
  id uuid primary key,
  account_id uuid not null references account on delete cascade,
  reported text not null,
  reason text not null,
  text text,
  -- Messages of the reporter's own archive, from the one reported.
  message_ids uuid[] not null,
  reported_at timestamptz not null,
  unique (account_id, reported)
);
