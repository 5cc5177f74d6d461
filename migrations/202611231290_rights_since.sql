-- Since when an account has the rights that it has: who was made an administrator for it agrees to nothing.
alter table account add column rights_since timestamptz not null default now();
update account set rights_since = created_at;

create function note_rights() returns trigger language plpgsql as $$
begin
  new.rights_since = now();
  return new;
end;
$$;
create trigger account_rights before update on account for each row
  when (old.is_admin is distinct from new.is_admin or old.is_break_glass is distinct from new.is_break_glass
    or old.roles is distinct from new.roles or (old.is_disabled and not new.is_disabled))
  execute function note_rights();
