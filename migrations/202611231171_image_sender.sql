-- Who sent an image, among those who may find it by its hash: a recall may name a sender. Of what was noted before nobody
-- knows any more who of them it was.
alter table image_reader add column is_sender boolean not null default false;
