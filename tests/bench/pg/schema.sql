-- What somebody would build in place of Parkgate: the same look-ups and the same records, one
-- transaction an event. psql variable: persons.
CREATE TABLE credential (hash uuid PRIMARY KEY, person bigint NOT NULL, valid_until timestamptz);
CREATE TABLE person (id bigint PRIMARY KEY, tenant int NOT NULL, suspended boolean NOT NULL, sealed bytea NOT NULL);
CREATE TABLE watch (hash uuid PRIMARY KEY, authority int NOT NULL, sealed bytea NOT NULL);
CREATE TABLE event (id bigserial PRIMARY KEY, box int NOT NULL, sequence bigint NOT NULL, person bigint,
                    granted boolean NOT NULL, at timestamptz NOT NULL, sealed bytea NOT NULL);
CREATE INDEX event_of_person ON event (person, id);
CREATE TABLE presence (person bigint PRIMARY KEY, inside boolean NOT NULL, since timestamptz NOT NULL);
CREATE TABLE headcount (tenant int PRIMARY KEY, passages bigint NOT NULL);
CREATE TABLE box (id int PRIMARY KEY, sequence bigint NOT NULL);

INSERT INTO credential SELECT md5(n::text)::uuid, n, NULL FROM generate_series(1, :persons) n;
INSERT INTO person SELECT n, n % 50, false, decode(repeat('5a', 200), 'hex') FROM generate_series(1, :persons) n;
-- One row a person, as many as there are look-ups that could hit; every look-up of the run misses.
INSERT INTO watch SELECT md5('w' || n)::uuid, 1, decode(repeat('5a', 80), 'hex') FROM generate_series(1, :persons) n;
INSERT INTO presence SELECT n, false, now() FROM generate_series(1, :persons) n;
INSERT INTO headcount SELECT n, 0 FROM generate_series(0, 49) n;
INSERT INTO box SELECT n, 0 FROM generate_series(0, 199) n;
VACUUM ANALYZE;

CREATE FUNCTION record_event(who bigint, from_box int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    holder bigint;
    home int;
    stopped boolean;
    number bigint;
BEGIN
    SELECT person INTO holder FROM credential WHERE hash = md5(who::text)::uuid;
    SELECT tenant, suspended INTO home, stopped FROM person WHERE id = holder;
    PERFORM 1 FROM watch WHERE hash = md5(who::text)::uuid;
    UPDATE box SET sequence = sequence + 1 WHERE id = from_box RETURNING sequence INTO number;
    INSERT INTO event (box, sequence, person, granted, at, sealed)
        VALUES (from_box, number, holder, NOT stopped, now(), decode(repeat('5a', 200), 'hex'));
    INSERT INTO presence VALUES (holder, true, now())
        ON CONFLICT (person) DO UPDATE SET inside = NOT presence.inside, since = now();
    UPDATE headcount SET passages = passages + 1 WHERE tenant = home;
    RETURN NOT stopped;
END
$$;
