-- Who wrote a message, and what the author's client calls it: hash of the conversation and the client's id. With the id
-- in the index, the newest of several comes first however often a client repeats an id.
alter table message
  add column author text,
  add column client_key bigint;
create index message_client_key on message (client_key, id) where client_key is not null;

-- Which message is about which. The target of a correction or retraction is the first version of what it is about.
create table message_reference (
  message_id uuid not null references message on delete cascade,
  kind text not null check (kind in ('correction', 'retraction', 'reaction', 'reply')),
  target_id uuid not null,
  primary key (message_id, kind)
);
create index message_reference_target on message_reference (target_id, kind, message_id);
