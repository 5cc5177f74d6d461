-- Signatures of the server on the end of the audit log at some time: whoever can rewrite every row and its hash cannot
-- make these.
create table audit_checkpoint (
  seq bigint primary key,
  hash bytea not null,
  at timestamptz(3) not null,
  key_id text not null,
  signature bytea not null
);
create trigger audit_checkpoint_append_only before update or delete or truncate on audit_checkpoint
  for each statement execute function refuse_change();
