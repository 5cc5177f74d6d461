-- Every node hears what is done: the action only, in the order in which it is committed.
create function notify_audit() returns trigger language plpgsql as $$
begin
  perform pg_notify('drawbridge_audit', left(new.action, 64));
  return null;
end
$$;

create trigger audit_notify after insert on audit for each row execute function notify_audit();
