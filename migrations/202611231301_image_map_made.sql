-- By which version of the encoder, and when, the clean image was made, which is later than the first time that somebody
-- sent it where it was made anew. Versions that were not noted are not known.
alter table image_map add column profile_version text;
alter table image_map add column made_at timestamptz not null default now();
update image_map set made_at = created_at;
