-- No device has had this message, though the owner's cursor (archive_owner.offline_position) is past it, since a later one
-- was had. Null for all others, which costs nothing: rows have a bitmap of nulls as it is.
alter table archive add column is_passed_over boolean;
create index archive_passed_over on archive (owner, position) where is_passed_over;
