create table account (
  id uuid primary key,
  localpart text not null unique,
  is_admin boolean not null default false,
  is_break_glass boolean not null default false,
  is_disabled boolean not null default false,
  -- Version of the roster, raised by every change of it (RFC 6121 §2.6). Its row lock orders those changes.
  roster_version bigint not null default 0,
  created_at timestamptz not null default now(),
  signed_in_at timestamptz
);

-- Sealed by AES-256-GCM under a key that is not in the database: a dump alone holds no usable verifier.
create table credential (
  account_id uuid not null references account on delete cascade,
  mechanism text not null,
  sealed bytea not null,
  updated_at timestamptz not null default now(),
  primary key (account_id, mechanism)
);

-- Removed items stay as subscription 'remove', so that a client with an older version learns of them.
create table roster_item (
  account_id uuid not null references account on delete cascade,
  jid text not null,
  name text,
  groups text[] not null default '{}',
  subscription text not null default 'none' check (subscription in ('none', 'to', 'from', 'both', 'remove')),
  is_ask boolean not null default false,
  is_approved boolean not null default false,
  version bigint not null,
  primary key (account_id, jid)
);
create index roster_item_version on roster_item (account_id, version);
create index roster_item_jid on roster_item (jid);

-- Inbound subscription requests that wait for an answer (RFC 6121 §3.1.3).
create table presence_request (
  account_id uuid not null references account on delete cascade,
  jid text not null,
  stanza text not null,
  received_at timestamptz not null default now(),
  primary key (account_id, jid)
);

create table block_item (
  account_id uuid not null references account on delete cascade,
  jid text not null,
  created_at timestamptz not null default now(),
  primary key (account_id, jid)
);

create table private_xml (
  account_id uuid not null references account on delete cascade,
  xmlns text not null,
  name text not null,
  element text not null,
  primary key (account_id, xmlns, name)
);

create table vcard (
  account_id uuid primary key references account on delete cascade,
  element text not null,
  photo_sha1 text,
  updated_at timestamptz not null default now()
);

create table pep_node (
  account_id uuid not null references account on delete cascade,
  node text not null,
  access_model text not null default 'presence',
  max_items integer not null default 1 check (max_items > 0),
  primary key (account_id, node)
);

create table pep_item (
  account_id uuid not null,
  node text not null,
  item_id text not null,
  payload text not null,
  published_at timestamptz not null default now(),
  -- Order of publication; published_at alone may tie.
  revision bigint generated always as identity,
  primary key (account_id, node, item_id),
  foreign key (account_id, node) references pep_node on delete cascade
);
create index pep_item_revision on pep_item (account_id, node, revision);
