-- The name the company gives a person: in the directory, and in rosters that units share. Absent: what the vCard says.
alter table account add column display_name text;

-- Units of the company. `roster`: in whose contact lists its members are; `directory`: who finds them by searching.
create table unit (
  id uuid primary key,
  name text not null unique,
  display_name text not null,
  roster text not null default 'members' check (roster in ('members', 'everybody', 'nobody')),
  directory text not null default 'everybody' check (directory in ('everybody', 'members')),
  created_at timestamptz not null default now()
);

create table unit_member (
  unit_id uuid not null references unit on delete cascade,
  account_id uuid not null references account on delete cascade,
  primary key (unit_id, account_id)
);
create index unit_member_account on unit_member (account_id);
