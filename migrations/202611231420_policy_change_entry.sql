-- What each epoch changed: every row of the audit log that its transaction wrote, whoever wrote it.
create table policy_change_entry (
  epoch bigint not null references policy_change (epoch) on delete cascade deferrable initially deferred,
  audit_seq bigint not null,
  target text not null,
  primary key (epoch, audit_seq)
);
create index policy_change_entry_target on policy_change_entry (target, epoch);

-- The transaction that raises the epoch says so to itself, for as long as it lasts.
create function note_policy_change_entry() returns trigger language plpgsql as $$
declare
  raised bigint := nullif(current_setting('drawbridge.raised_epoch', true), '');
begin
  if raised is not null then
    insert into policy_change_entry (epoch, audit_seq, target) values (raised, new.seq, new.target);
  end if;
  return null;
end
$$;

create trigger policy_change_entry after insert on audit for each row execute function note_policy_change_entry();

-- Since when a node had refused everything, where it had lost its lease before it applied the change.
alter table policy_application add column lapsed_at timestamptz;
-- The first epoch from one on that a node has applied, and the starts of a node.
create index policy_application_of_node on policy_application (node_id, epoch);
drop index policy_application_node;
create index policy_node_name on policy_node (name, started_at);
