-- An advisory is looked up by one spelling of each name: a CPE and the vendor and product of a CVE record are the same,
-- whatever separates their words (packages/advisories/src/identifiers.ts, keyOf).
update advisory set identifiers = array(
  select distinct case when part is null then name else
    'name:' || regexp_replace(regexp_replace(lower(part[1]), '[[:space:]_.-]+', '-', 'g'), '-project$', '')
      || '/' || regexp_replace(lower(part[2]), '[[:space:]_.-]+', '-', 'g') end
  from unnest(identifiers) as name,
    lateral (select coalesce(regexp_match(name, '^cpe:([^:]*):(.+)$'), regexp_match(name, '^name:([^/]*)/(.+)$'))) as words (part)
);
