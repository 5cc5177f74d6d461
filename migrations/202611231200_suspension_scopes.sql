-- A suspension has several scopes, texts for each language, a start that may lie ahead, and people who approve it.
alter table suspension
  add column scopes text[] not null default '{}',
  add column reasons jsonb not null default '{}',
  add column internal_reason text not null default '',
  add column is_scheduled boolean not null default false,
  add column is_drill boolean not null default false,
  add column is_emergency boolean not null default false,
  add column exemptions jsonb not null default '{}',
  add column review_at timestamptz,
  -- What an emergency was meant to last until, once a second person agrees.
  add column wanted_until_at timestamptz,
  add column approved_by text[] not null default '{}',
  add column playbook_id uuid,
  -- Alerts that were given, each once.
  add column alerted text[] not null default '{}',
  -- One person alone has started, changed or ended it: somebody else has to look at it by then.
  add column review_due_at timestamptz,
  add column reviewed_at timestamptz,
  add column reviewed_by text,
  add column review_note text,
  -- What became of what it held, and since when the rest waits for a person.
  add column release text,
  add column released bigint not null default 0,
  add column discarded bigint not null default 0,
  add column measured jsonb not null default '{}';
update suspension set scopes = array[scope], approved_by = array[started_by];
alter table suspension
  drop column scope,
  alter column scopes drop default,
  add check (cardinality(scopes) > 0);

-- What was known of a held message when it was accepted: asked again when a suspension ends.
alter table held_message add column facts jsonb;

-- What one person asked for and another has to agree to.
create table approval_request (
  id uuid primary key,
  action text not null,
  target text not null,
  payload jsonb not null,
  requested_by text not null,
  requested_at timestamptz not null,
  expires_at timestamptz not null,
  decided_by text,
  decided_at timestamptz,
  outcome text
);
create index approval_request_open on approval_request (requested_at) where decided_at is null;

create table playbook (
  id uuid primary key,
  name text not null unique,
  playbook jsonb not null,
  changed_by text not null,
  changed_at timestamptz not null
);

-- What is on record about one suspension.
create index audit_target on audit (target, seq) where target <> '';
