-- One row per time that images were made anew; the last one that has not ended goes on after a restart.
create table image_renewal (
  id uuid primary key,
  -- Also what the encoders of today made.
  is_everything boolean not null,
  started_by text not null,
  started_at timestamptz not null,
  -- Up to here, in the order of their ids, uploads are done.
  after_id uuid,
  total integer not null,
  renewed integer not null default 0,
  kept integer not null default 0,
  failed integer not null default 0,
  ended_at timestamptz,
  outcome text check (outcome in ('done', 'stopped'))
);
create unique index image_renewal_running on image_renewal ((true)) where ended_at is null;
