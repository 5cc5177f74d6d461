-- What an image was before it was made anew, so that a recall by an older hash still finds it.
alter table upload add column former_sha256 bytea[] not null default '{}';
create index upload_former on upload using gin (former_sha256) where former_sha256 <> '{}';
