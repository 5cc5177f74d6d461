-- Images are counted in batches like traffic, and each batch is added once.
alter table traffic_batch rename to counted_batch;
