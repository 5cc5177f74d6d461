-- What exemptions were used for (control §4.9): how often each let somebody do what the suspension stops.
alter table suspension add column exemption_uses jsonb not null default '{}';
