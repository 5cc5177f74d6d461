-- One end at a time, on whatever node: whose it is, and when it was last heard of. What it found half done goes on as it began.
alter table suspension
  add column ending_id uuid,
  add column ending_by text,
  add column ending_at timestamptz;
