-- What the sender's image was, for whoever wonders what became of it. Null: no image, or of a time when nobody noted it.
alter table upload add column source_features text[];
alter table upload add column is_animation_dropped boolean;
alter table upload add column frames integer;
