-- Who has done alone what takes two people, whatever it was: somebody else looks at it.
alter table suspension add column acted_alone text[] not null default '{}';
update suspension set acted_alone = array[started_by] where review_due_at is not null;

-- Whether it was large when it started: it reaches fewer when clients are gone, and takes two to end all the same.
alter table suspension add column is_large boolean not null default false;
update suspension set is_large = mode = 'cut' or 'service' = any (scopes);
