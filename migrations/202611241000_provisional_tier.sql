-- How a unit came to ask for a tier: by whom and when, what counts again unless somebody confirms it, and who has.
alter table unit add column minimum_tier_change jsonb;
-- The posture is kept in the same way.
update setting
set value = value - 'posture' || jsonb_build_object('value', value -> 'posture', 'before', 'discover')
where key = 'client-posture' and jsonb_typeof(value) = 'object';
