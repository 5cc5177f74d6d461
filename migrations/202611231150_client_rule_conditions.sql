-- A rule is one document, checked by one schema; what administrators do to it later stands beside it.
alter table client_rule
  add column rule jsonb,
  add column ceiling text,
  add column ceiling_reason text,
  add column confirmed_at timestamptz,
  add column confirmed_by text,
  -- Rules made before there was a confirmation need none.
  add column is_final boolean not null default true,
  -- What was simulated before it was saved, for the record.
  add column simulation jsonb;
update client_rule set rule = jsonb_strip_nulls(jsonb_build_object(
  'family', family, 'below', below, 'action', action, 'url', url,
  'preset', case when is_now then 'now' else 'routine' end));
alter table client_rule
  alter column rule set not null,
  alter column is_final drop default,
  drop column family,
  drop column below,
  drop column action,
  drop column url,
  drop column is_now;

-- Whom client rules leave alone for a while.
create table client_exception (
  id uuid primary key,
  -- Absent: any rule, the one for unknown clients included.
  rule_id uuid references client_rule on delete cascade,
  conditions jsonb not null,
  reason text not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  approved_by text,
  until_at timestamptz not null
);
create index client_exception_until on client_exception (until_at);
