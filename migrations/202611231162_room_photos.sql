-- A vCard can hold one picture in several formats, and each has its hash (XEP-0486 §5.1).
alter table room add column photo_sha1s text[] not null default '{}';
update room set photo_sha1s = array[photo_sha1] where photo_sha1 is not null;
alter table room drop column photo_sha1;
