-- What kind of client has enabled a push service, as service discovery has it (XEP-0030): by `category/type`, a
-- conversation's notification setting may depend on it (XEP-0492).
alter table push_target add column identity text;
