-- The hats of a room (XEP-0317); who wears one refers to it.
create table room_hat_kind (
  room_id uuid not null references room on delete cascade,
  uri text not null,
  title text not null,
  -- Angle on the color wheel, 0 to 360 (XEP-0392). Null: clients choose.
  hue double precision,
  primary key (room_id, uri)
);
insert into room_hat_kind (room_id, uri, title)
  select distinct on (room_id, uri) room_id, uri, title from room_hat order by room_id, uri, jid;
alter table room_hat drop column title;
alter table room_hat add foreign key (room_id, uri) references room_hat_kind on delete cascade;
