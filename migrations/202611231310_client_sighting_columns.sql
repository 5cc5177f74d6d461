-- Where a client was seen, why nobody knows what it is, and that it was refused: what the inventory is asked for.
alter table client_sighting add column node text not null default '';
alter table client_sighting add column unknown_because text;
alter table client_sighting add column refused_at timestamptz;
-- As far as SQL can tell; whoever comes again is noted as the rules see it.
update client_sighting set unknown_because = case
  when family is null then 'no evidence of the client'
  when (identity ->> 'isSuspect')::boolean then 'the client contradicts itself'
  when version is null then family || ' names no version'
end;
