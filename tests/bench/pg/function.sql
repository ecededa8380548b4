\set person random(1, :persons)
SELECT record_event(:person, :client_id);
