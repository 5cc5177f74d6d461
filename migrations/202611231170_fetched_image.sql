-- Images on other hosts that people linked to, and the upload that each became. Who links to one again, or sends the same
-- message again, gets the same upload for a while.
create table fetched_image (
  account_id uuid not null references account on delete cascade,
  -- SHA-256 of the URL: nobody has to know from here who linked to what.
  url_sha256 bytea not null,
  upload_id uuid not null references upload on delete cascade,
  fetched_at timestamptz not null,
  primary key (account_id, url_sha256)
);
create index fetched_image_upload on fetched_image (upload_id);
