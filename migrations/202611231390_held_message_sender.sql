-- Whose message is held: people are told how many of theirs still wait, also after the suspension has ended.
alter table held_message add column sender text
  generated always as (split_part(coalesce(facts ->> 'from', recipients -> 0 ->> 'peer', ''), '/', 1)) stored;
create index held_message_sender on held_message (sender);
