-- When an image was last sent or published: what nobody has used for long is forgotten.
alter table image_map add column used_at timestamptz not null default now();
create index image_map_used on image_map (used_at);
-- How many images somebody has sent inside stanzas: the oldest are forgotten.
create index image_reader_sent on image_reader (jid) where is_sender and profile = 'inline';
