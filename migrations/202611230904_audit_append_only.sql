-- The hash of a row covers its instant in milliseconds: nothing finer may be stored, or a change of it goes unnoticed.
alter table audit alter column at type timestamptz(3);

-- Rows are added and never changed. The owner of the table can disable this trigger; the chain of hashes then tells.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % is refused', tg_table_name, tg_op using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_append_only before update or delete or truncate on audit
  for each statement execute function refuse_change();
