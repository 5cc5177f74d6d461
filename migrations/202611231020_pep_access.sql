-- Everything a node can be told (XEP-0060 §16.4.4), beside who reads it and how much it keeps.
alter table pep_node add column options jsonb;
update pep_node set options = jsonb_build_object(
  'publishModel', 'publishers',
  'persistItems', true,
  'sendLast', case when max_items = 1 then 'on_sub_and_presence' else 'never' end,
  'deliverNotifications', true,
  'deliverPayloads', true,
  'notifyRetract', true,
  'notifyDelete', true,
  'notifyConfig', false,
  'rosterGroups', '[]'::jsonb,
  'itemExpireS', 'max',
  'title', '',
  'description', '',
  'type', ''
);
alter table pep_node alter column options set not null;

-- Bare JID of whoever published the item, if that was not the owner of the account.
alter table pep_item add column publisher text;

create table pep_affiliation (
  account_id uuid not null,
  node text not null,
  -- Bare JID; never the account's own.
  jid text not null,
  affiliation text not null,
  primary key (account_id, node, jid),
  foreign key (account_id, node) references pep_node on delete cascade
);

create table pep_subscription (
  account_id uuid not null,
  node text not null,
  -- Bare or full JID that gets the notifications.
  jid text not null,
  subid text not null,
  state text not null,
  is_delivered boolean not null default true,
  created_at timestamptz not null default now(),
  primary key (account_id, node, jid),
  foreign key (account_id, node) references pep_node on delete cascade
);
