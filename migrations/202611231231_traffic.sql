-- What was sent, by the hour: counted in memory and added in batches. Units are summed over their members when asked for.
create table traffic (
  hour timestamptz not null,
  -- service, account, room, peer or format
  kind text not null,
  -- Localpart, bare JID, domain or format; empty for the service.
  subject text not null,
  messages bigint not null,
  bytes bigint not null,
  files bigint not null,
  images bigint not null,
  primary key (hour, kind, subject)
);
