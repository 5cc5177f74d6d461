-- Which messages say the subject of a room. It was kept beside the archive, written after it: a server that was killed in
-- between had lost it.
alter table message add column is_subject boolean;
update message m set is_subject = true
  from archive a join room r on r.subject_at = a.sent_at and a.owner like r.localpart || '@%'
  where m.id = a.message_id;
create index message_is_subject on message (id) where is_subject;
alter table room drop column subject, drop column subject_nick, drop column subject_at;
