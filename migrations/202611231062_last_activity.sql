-- When an account's last session ended, and what it said then (XEP-0012 §3).
create table last_activity (
  account_id uuid primary key references account on delete cascade,
  left_at timestamptz not null,
  status text
);
