-- Who is counted in client_day, so that everybody is counted once on a day, and on the day they were seen, by whichever
-- node. Gone two days later.
create table client_day_account (
  day date not null,
  account_id uuid not null references account (id) on delete cascade,
  family text not null,
  version text not null,
  primary key (day, account_id, family, version)
);

-- Who was counted today already.
insert into client_day_account (day, account_id, family, version)
select distinct (last_seen_at at time zone 'utc')::date, account_id, coalesce(family, ''), coalesce(version, '')
from client_sighting
where (last_seen_at at time zone 'utc')::date = (now() at time zone 'utc')::date;

-- Some are counted here that the last count of the day, a few minutes ago, had not seen yet.
update client_day set people = greatest(client_day.people, counted.people)
from (
  select day, family, version, count(*) as people from client_day_account group by day, family, version
) as counted
where client_day.day = counted.day and client_day.family = counted.family and client_day.version = counted.version;
insert into client_day (day, family, version, people)
select day, family, version, count(*) from client_day_account group by day, family, version
on conflict do nothing;
