\set person random(1, :persons)
\set tenant mod(:person, 50)
BEGIN;
SELECT person, valid_until FROM credential WHERE hash = md5(:person::text)::uuid;
SELECT tenant, suspended, sealed FROM person WHERE id = :person;
SELECT authority FROM watch WHERE hash = md5(:person::text)::uuid;
UPDATE box SET sequence = sequence + 1 WHERE id = :client_id;
INSERT INTO event (box, sequence, person, granted, at, sealed) VALUES (:client_id, 1, :person, true, now(), decode(repeat('5a', 200), 'hex'));
INSERT INTO presence VALUES (:person, true, now()) ON CONFLICT (person) DO UPDATE SET inside = NOT presence.inside, since = now();
UPDATE headcount SET passages = passages + 1 WHERE tenant = :tenant;
COMMIT;
