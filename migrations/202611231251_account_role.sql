-- What an account may administer, beside `is_admin`, which is everything.
alter table account
  add column roles text[] not null default '{}'
    check (roles <@ array['security-officer', 'operator', 'help-desk', 'auditor', 'unit-administrator']),
  -- Names of the units that a unit administrator looks after. Names do not change, and a unit takes its own with it.
  add column administers text[] not null default '{}';
