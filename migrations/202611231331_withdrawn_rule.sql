-- What time has brought is told once, whichever node sees it first.
alter table client_rule add column withdrawn_at timestamptz;
alter table client_exception add column reminded_at timestamptz;
