-- Whose traffic it was is known by an id: nobody inherits what was counted of another of the same name, and what a unit
-- sent stays what it was when its people move on. Files have counts of their own, in both directions.
alter table traffic
  add column uploads bigint not null default 0,
  add column upload_bytes bigint not null default 0,
  add column image_uploads bigint not null default 0,
  add column image_upload_bytes bigint not null default 0,
  add column downloads bigint not null default 0,
  add column download_bytes bigint not null default 0,
  add column image_downloads bigint not null default 0,
  add column image_download_bytes bigint not null default 0,
  add column calls bigint not null default 0;
-- Hour by hour of one subject, and whether there is anything of it left.
create index traffic_subject on traffic (kind, subject, hour);

-- What a subject was called that is known by an id: it may be gone.
create table traffic_name (
  -- account, unit or room
  kind text not null,
  subject text not null,
  name text not null,
  primary key (kind, subject)
);

-- The last batch that each process wrote, so that none is added twice when nobody knows whether it was written.
create table traffic_batch (
  writer uuid primary key,
  number bigint not null,
  written_at timestamptz not null
);

-- Whose name it is now has what was counted since it has it; what is older was somebody else's, who is gone.
create temporary table traffic_owner on commit drop as
  with named as (
    select distinct kind, subject from traffic where kind in ('account', 'room') and subject <> '*'
  ), owned as (
    select named.kind, named.subject, account.id, account.created_at from named
      join account on named.kind = 'account' and account.localpart = named.subject
    union all
    select named.kind, named.subject, room.id, room.created_at from named
      join room on named.kind = 'room' and named.subject like '%@rooms.%'
        and room.localpart = split_part(named.subject, '@', 1)
  )
  select kind, subject, owned.id::text as id, date_trunc('hour', owned.created_at) as since,
    gen_random_uuid()::text as former
  from named left join owned using (kind, subject);

insert into traffic_name (kind, subject, name)
  select distinct traffic.kind, case when hour >= since then id else former end, subject
  from traffic join traffic_owner using (kind, subject);

update traffic set subject = case when hour >= since then id else former end
  from traffic_owner where traffic_owner.kind = traffic.kind and traffic_owner.subject = traffic.subject;

-- Units were summed over their members of today, which is all that is known of the past.
insert into traffic (hour, kind, subject, messages, bytes, files, images)
  select hour, 'unit', unit_member.unit_id::text, sum(messages), sum(bytes), sum(files), sum(images)
  from traffic join unit_member on traffic.kind = 'account' and unit_member.account_id::text = traffic.subject
  group by hour, unit_member.unit_id;
insert into traffic_name (kind, subject, name)
  select 'unit', unit.id::text, unit.name from unit
  where exists (select from traffic where traffic.kind = 'unit' and traffic.subject = unit.id::text);
