#include "tests/sim/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/facts/agent_store.h"
#include "common/facts/field.h"
#include "common/facts/tables.h"
#include "controller/app/recount.h"
#include "controller/journal/journal.h"
#include "controller/store/project.h"
#include "tests/sim/memory_lmdb.h"
#include "tests/sim/sim.h"

static void must(enum err err, const struct fault *fault)
{
    if (err != ERR_OK) {
        sim_fail("I4", "the journal cannot be replayed: %s: %s", err_name(err), fault->what);
    }
}

/* No event stands in the journal twice. */
static void must_be_new(struct store_txn *txn, const Parkgate__Entry *entry)
{
    Parkgate__EventIndex *index = NULL;
    if (entry->kind != ENTRY_EVENT) {
        return;
    }
    Parkgate__EventEntry *event =
        parkgate__event_entry__unpack(NULL, entry->body.len, entry->body.data);
    MUST(event != NULL);
    if (agent_event(txn, field_view(&event->public_key), event->epoch, event->event_sequence,
                    &index, NULL) != ERR_NOT_FOUND) {
        sim_fail("I2", "event %u-%llu of a gate stands in the journal twice", event->epoch,
                 (unsigned long long)event->event_sequence);
    }
    parkgate__event_entry__free_unpacked(event, NULL);
}

/* Each gate has one box here, however often it is wiped, restored and cut off. */
static void must_tell_of_no_second_box(const Parkgate__Entry *entry)
{
    if (entry->kind != ENTRY_FAULT) {
        return;
    }
    Parkgate__FaultRecord *record =
        parkgate__fault_record__unpack(NULL, entry->body.len, entry->body.data);
    MUST(record != NULL);
    if (strcmp(record->word, "two-boxes") == 0) {
        sim_fail("alarm", "%s is told, and every gate has one box", record->id);
    }
    parkgate__fault_record__free_unpacked(record, NULL);
}

static void replay_one(struct store_txn *read, struct store_txn *write, uint64_t sequence,
                       struct seal_hash *chain)
{
    struct bytes packed;
    struct seal_hash hash;
    struct fault fault = {0};
    must(journal_read(read, sequence, &packed, &hash, &fault), &fault);
    *chain = journal_hash(*chain, packed);
    if (memcmp(chain->bytes, hash.bytes, sizeof(hash.bytes)) != 0) {
        sim_fail("I12", "the journal's chain breaks at %llu", (unsigned long long)sequence);
    }
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    MUST(entry != NULL);
    must_be_new(write, entry);
    must_tell_of_no_second_box(entry);
    must(project_entry(write, entry, &fault), &fault);
    parkgate__entry__free_unpacked(entry, NULL);
}

static void compare_table(struct store_txn *a, struct store_txn *b, size_t table)
{
    struct store_iter left = {0};
    struct store_iter right = {0};
    struct bytes all = {0};
    struct bytes key_a;
    struct bytes key_b;
    struct bytes value_a;
    struct bytes value_b;
    struct fault fault = {0};
    must(store_iter_prefix(a, table, all, UINT64_MAX, &left, &fault), &fault);
    must(store_iter_prefix(b, table, all, UINT64_MAX, &right, &fault), &fault);
    enum err err_a = ERR_OK;
    while (err_a == ERR_OK) {
        err_a = store_iter_next(&left, &key_a, &value_a, &fault);
        enum err err_b = store_iter_next(&right, &key_b, &value_b, &fault);
        if (err_a != err_b ||
            (err_a == ERR_OK && (!bytes_equal(key_a, key_b) || !bytes_equal(value_a, value_b)))) {
            sim_fail("I4", "replayed, table %s has other rows", table_names[table]);
        }
    }
    store_iter_end(&left);
    store_iter_end(&right);
}

static void recount(struct store *store)
{
    static struct recount_report report;
    struct fault fault = {0};
    must(recount_run(store, &report, &fault), &fault);
    if (report.differences > 0) {
        const struct recount_difference *first = &report.listed[0];
        sim_fail("I4", "counted again, %s of %s is %lld and not %lld", first->field, first->scope,
                 (long long)first->recount, (long long)first->table);
    }
}

uint64_t replay_check(struct store *store)
{
    char dir[SIM_PATH_SIZE + 16];
    struct fault fault = {0};
    struct journal_head head;
    struct seal_hash chain = {{0}};
    struct store *copy = NULL;
    struct store_txn *read = NULL;
    struct store_txn *write = NULL;
    (void)snprintf(dir, sizeof(dir), "%s/replay", sim.dir);
    memory_lmdb_wipe(dir);
    struct store_options options = {.dir = dir,
                                    .kind = CONTROLLER_STORE_KIND,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .create = true};
    must(store_open(&options, &copy, &fault), &fault);
    must(store_begin_read(store, &read, &fault), &fault);
    must(store_begin_write(copy, &write, &fault), &fault);
    must(journal_head(read, &head, &fault), &fault);
    for (uint64_t i = 1; i <= head.sequence; i++) {
        replay_one(read, write, i, &chain);
    }
    for (size_t table = 0; table < TABLE_COUNT; table++) {
        if (table != TABLE_JOURNAL) {
            compare_table(read, write, table);
        }
    }
    store_txn_destroy(&write);
    store_txn_destroy(&read);
    store_destroy(&copy);
    recount(store);
    return head.sequence;
}
