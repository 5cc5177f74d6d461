-- What full-text search finds a message by: the words of its text, and one lexeme for each archive that may hold it.
create table message_text (
  message_id uuid primary key references message on delete cascade,
  words tsvector not null
);
create index message_text_words on message_text using gin (words);

-- Texts that are committed and not in message_text yet. Written with their messages, emptied right after.
create table message_text_queue (
  message_id uuid not null,
  owners text not null,
  configuration regconfig not null,
  text text not null
);
