-- Whose a file was is known after the account is gone: what is recalled of somebody stays so.
alter table upload drop constraint upload_account_id_fkey;
-- A recall is about people, and not about whoever has their names later.
update recall r
set scope = r.scope || jsonb_build_object('senderIds', coalesce(
  (select jsonb_agg(a.id) from account a where a.localpart in (select jsonb_array_elements_text(r.scope -> 'senders'))),
  '[]'::jsonb))
where r.scope ? 'senders';
