-- By which version of the image filter this was let in; 0: by none that is known. What is older than the filter in force
-- passes it again before anybody sees it.
alter table message add column filter_version smallint not null default 0;
alter table pep_item add column filter_version smallint not null default 0;
alter table vcard add column filter_version smallint not null default 0;
