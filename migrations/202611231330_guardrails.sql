-- Whom client rules that block have kept out, as every node saw it: the limits count for all nodes together.
create table client_rule_hit (
  rule_id uuid not null references client_rule on delete cascade,
  localpart text not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  -- Let in all the same.
  is_break_glass boolean not null default false,
  -- Has been here since with a client that is allowed.
  has_returned boolean not null default false,
  primary key (rule_id, localpart)
);

-- Two people may take the guardrails from a rule that must not fall back.
alter table client_rule add column is_guarded boolean not null default true;

-- How a node bears what a change of the rules brings about; what it says is as old as its lease.
alter table policy_node
  add column active_people integer not null default 0,
  add column sign_in_p95_ms integer,
  add column page_requests integer not null default 0,
  add column page_errors integer not null default 0;
