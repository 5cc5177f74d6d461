-- What may pass as media, for the service (no unit) and for units that say otherwise. Part of the policy and its epoch.
create table media_policy (
  id uuid primary key,
  unit_id uuid unique nulls not distinct references unit on delete cascade,
  policy jsonb not null,
  changed_by text not null,
  changed_at timestamptz not null
);
