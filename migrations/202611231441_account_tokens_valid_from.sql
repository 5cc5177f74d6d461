-- Access tokens of an issuer that were issued before do not count any more: what was signed in with them was ended here. It
-- is of the account, so that it holds as well for who it is next at the issuer.
alter table account add column tokens_valid_from timestamptz;
update account set tokens_valid_from = (
  select max(identity.tokens_valid_from) from account_identity identity where identity.account_id = account.id
);
alter table account_identity drop column tokens_valid_from;
