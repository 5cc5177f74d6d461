-- By which version of the image filter what is shown to others was let in; what was there before passes it once more.
alter table presence_request add column filter_version smallint not null default 0;
alter table room add column vcard_filter_version smallint not null default 0;
