-- Who sent an image, and what goes with it when it is forgotten: both are asked by image, and the primary key begins with the reader.
create index image_reader_image on image_reader (raw_sha256, profile);
