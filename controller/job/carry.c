#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/carry.h"
#include "common/facts/field.h"
#include "common/facts/park_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/agents.h"
#include "controller/app/copies_part.h"
#include "controller/app/rekey.h"
#include "controller/job/job.h"
#include "controller/journal/journal.h"
#include "controller/store/key_store.h"

enum { CONFIG_BYTES = 40 * 1024 };

/* A file on its way. */
struct writing {
    struct carry_head head;
    const char *path;
    FILE *out;
    struct seal_key key;
    uint8_t packed_head[CARRY_HEAD_SIZE];
    uint32_t index; /* of the next chunk */
    uint64_t bytes, rows;
    uint64_t generation;
    enum copy_class class;
    uint32_t epoch;
    struct link_key identity, gate_key;
    struct park *park;
    struct store *store, *keys;
    struct store_txn *txn, *keys_txn;
};

/* NUMBER:MADE_US:GATE:FILE */
static bool read_what(struct writing *w, const char *what)
{
    char gate[NAME_SIZE];
    int at = 0;
    if (sscanf(what, "%" SCNu64 ":%" SCNd64 ":%31[^:]:%n", &w->head.number, &w->head.made.us, gate,
               &at) != 3 ||
        at == 0 || !name_from_text(gate, &w->head.gate)) {
        return false;
    }
    w->path = what + at;
    return w->path[0] == '/';
}

/* --- what is read --- */

static enum err open_stores(struct writing *w, const struct job_paths *paths, struct fault *fault)
{
    struct store_options options = {.dir = paths->store,
                                    .kind = CONTROLLER_STORE_KIND,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .read_only = true};
    struct store_options keys = {.dir = paths->keys,
                                 .kind = KEY_STORE_KIND,
                                 .version = KEY_STORE_VERSION,
                                 .tables = key_table_names,
                                 .table_count = KEY_TABLE_COUNT,
                                 .read_only = true};
    TRY(store_open(&options, &w->store, fault));
    TRY(store_open(&keys, &w->keys, fault));
    TRY(store_begin_read(w->store, &w->txn, fault));
    return store_begin_read(w->keys, &w->keys_txn, fault);
}

static enum err read_gate(struct writing *w, struct fault *fault)
{
    char name[NAME_SIZE + 8];
    Parkgate__KeyRecord *key = NULL;
    Parkgate__AgentRecord *agent = NULL;
    (void)snprintf(name, sizeof(name), "gate:%s", w->head.gate.text);
    enum err err = key_by_name(w->txn, name, &key, fault);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && key->public_key.len != LINK_KEY_SIZE)) {
        err = fault_set(fault, ERR_REFUSED, "gate %s has no key", w->head.gate.text);
    }
    if (err == ERR_OK) {
        w->identity = rekey_identity(key);
        memcpy(w->gate_key.bytes, key->public_key.data, LINK_KEY_SIZE);
        err = agent_get(w->txn, w->head.gate.text, &agent, fault);
    }
    if (err == ERR_OK) {
        w->epoch = agent->epoch;
        parkgate__agent_record__free_unpacked(agent, NULL);
    }
    if (key != NULL) {
        parkgate__key_record__free_unpacked(key, NULL);
    }
    return err;
}

/* --- what is written --- */

static enum err failed(const struct writing *w, struct fault *fault)
{
    return fault_set(fault, ERR_IO, "%s: %s", w->path, strerror(errno));
}

static enum err write_chunk(struct writing *w, enum carry_kind kind, bool last,
                            struct bytes message, struct fault *fault)
{
    static uint8_t out[CARRY_LENGTH_SIZE + CARRY_SEALED_MAX];
    size_t size = carry_chunk_close(&w->key, w->packed_head, w->index++, last, kind, message,
                                    entropy_system(), out);
    w->bytes += size;
    return fwrite(out, 1, size, w->out) == size ? ERR_OK : failed(w, fault);
}

/* Rows of the park that wait to be written. */
struct rows {
    size_t count, used;
    ProtobufCBinaryData row[LIMIT_ROWS_PER_MESSAGE];
    uint8_t bytes[CONFIG_BYTES];
};

static enum err write_config(struct writing *w, struct rows *rows, uint32_t part, uint32_t parts,
                             struct fault *fault)
{
    static uint8_t packed[LIMIT_FRAME_BYTES];
    Parkgate__Config config = PARKGATE__CONFIG__INIT;
    config.config_version = w->park->config_version;
    config.part = part;
    config.parts = parts;
    config.n_row = rows->count;
    config.row = rows->row;
    MUST(parkgate__config__get_packed_size(&config) <= sizeof(packed));
    struct bytes message = {.data = packed, .size = parkgate__config__pack(&config, packed)};
    rows->count = rows->used = 0;
    return write_chunk(w, CARRY_CONFIG, false, message, fault);
}

static void add_row(struct rows *rows, uint32_t kind, const char *name, struct bytes body)
{
    Parkgate__ParkRow row = PARKGATE__PARK_ROW__INIT;
    row.kind = kind;
    row.name = field_text(name);
    row.body = field_of(body);
    size_t size = parkgate__park_row__pack(&row, rows->bytes + rows->used);
    rows->row[rows->count++] = (ProtobufCBinaryData){.data = rows->bytes + rows->used, .len = size};
    rows->used += size;
}

/* The park's rows for this gate; with `parts` 0 they are only counted. */
static enum err walk_park(struct writing *w, uint32_t parts, uint32_t *ret_parts,
                          struct fault *fault)
{
    static struct rows rows;
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret_parts = 1;
    rows.count = rows.used = 0;
    keybuf_begin(&prefix);
    keybuf_u64(&prefix, w->park->config_version);
    TRY(store_iter_prefix(w->txn, TABLE_PARK, keybuf_view(&prefix), UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        uint32_t kind = key.data[8];
        const char *name = (const char *)key.data + 9;
        if (!agents_row_is_for(w->park, w->head.gate, kind, name_or_none(name))) {
            continue;
        }
        if (rows.count == LIMIT_ROWS_PER_MESSAGE ||
            rows.used + value.size + NAME_SIZE + 16 > CONFIG_BYTES) {
            if (parts != 0) {
                TRY(write_config(w, &rows, *ret_parts, parts, fault));
            }
            rows.count = rows.used = 0;
            ++*ret_parts;
        }
        add_row(&rows, kind, name, value);
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    return parts == 0 ? ERR_OK : write_config(w, &rows, *ret_parts, parts, fault);
}

static size_t pack_header(const struct writing *w, const struct copy_stream *stream,
                          const struct copy_covered *covered, const struct seal_key *key,
                          uint8_t *out)
{
    const struct copy_part *part = &stream->part;
    const struct copy_digest *sum = &part->digests.of[w->class];
    struct seal_hash digest;
    Parkgate__CopyPart header = PARKGATE__COPY_PART__INIT;
    header.generation = w->generation;
    header.to = part->to;
    header.snapshot = true;
    header.complete = part->complete;
    header.number = stream->number;
    header.wall_us = w->head.made.us;
    header.config_version = w->park->config_version;
    header.counts_only = w->class == COPY_COUNTS;
    if (stream->number == 1) {
        header.credential_key = field_of(BYTES_OF(key->bytes));
    }
    if (part->complete) {
        digest = copy_digest_bytes(sum);
        header.digest = field_of(BYTES_OF(digest.bytes));
        header.rows = sum->rows;
        header.covered_epoch = w->epoch;
        header.n_covered = covered->count;
        header.covered = (uint64_t *)(uintptr_t)covered->at;
    }
    return parkgate__copy_part__pack(&header, out);
}

/* The snapshot that the gate would be fed, in one reading. */
static enum err write_copy(struct writing *w, const struct seal_key *gates, struct fault *fault)
{
    static struct copy_stream stream = {.id = 1, .snapshot = true};
    static struct copy_covered covered;
    static uint8_t message[LIMIT_FRAME_BYTES];
    struct seal_key key = copy_credential_key(gates, w->head.gate.text, w->generation);
    uint64_t read = 0;
    enum err err = copies_covered(w->txn, BYTES_OF(w->identity.bytes), w->epoch, &covered, fault);
    stream.cursor = w->head.sequence;
    while (err == ERR_OK && !stream.part.complete) {
        err = copies_build(&stream, w->txn, w->keys_txn, &read, fault);
        if (err != ERR_OK || !stream.part.there) {
            continue;
        }
        size_t size = pack_header(w, &stream, &covered, &key, message);
        size +=
            copies_pack_rows(&stream.part, w->class, &key, message + size, sizeof(message) - size);
        w->rows += stream.part.rows;
        err = write_chunk(w, CARRY_COPY, stream.part.complete,
                          (struct bytes){.data = message, .size = size}, fault);
    }
    seal_wipe(&key, sizeof(key));
    seal_wipe(&stream.part, sizeof(stream.part));
    return err == ERR_FULL
               ? fault_set(fault, ERR_FULL, "gate %s: its events here have too many gaps",
                           w->head.gate.text)
               : err;
}

static enum err write_all(struct writing *w, const struct job_carry_keys *keys, struct fault *fault)
{
    uint32_t parts = 0;
    carry_head_write(&w->head, &w->key, w->packed_head);
    w->bytes = sizeof(w->packed_head);
    if (fwrite(w->packed_head, 1, sizeof(w->packed_head), w->out) != sizeof(w->packed_head)) {
        return failed(w, fault);
    }
    TRY(walk_park(w, 0, &parts, fault));
    TRY(walk_park(w, parts, &parts, fault));
    TRY(write_copy(w, &keys->gates, fault));
    return fflush(w->out) == 0 && fsync(fileno(w->out)) == 0 ? ERR_OK : failed(w, fault);
}

static enum err make(struct writing *w, const struct job_paths *paths,
                     const struct job_carry_keys *keys, struct fault *fault)
{
    struct seal_box_public to;
    struct journal_head head;
    uint32_t nonce = 0;
    uint64_t recovery = 0;
    bool recovering = false;
    TRY(open_stores(w, paths, fault));
    TRY(copies_recovery(w->txn, &recovery, &recovering, fault));
    if (recovering) {
        return fault_set(fault, ERR_REFUSED,
                         "the controller recovers, and its gates know more than it does; see: "
                         "parkgate recover show");
    }
    TRY(park_load(w->txn, w->park, fault));
    TRY(read_gate(w, fault));
    TRY(journal_head(w->txn, &head, fault));
    w->head.sequence = head.sequence;
    memcpy(to.bytes, w->gate_key.bytes, sizeof(to.bytes));
    TRY(carry_key(&keys->controller, &to, &w->key, fault));
    entropy_fill(entropy_system(), (uint8_t *)&nonce, sizeof(nonce));
    w->class = park_gate_asks_presence(w->park, w->head.gate) ? COPY_PRESENCE : COPY_COUNTS;
    struct copy_generation of = {.gate = w->head.gate.text,
                                 .key = BYTES_OF(w->gate_key.bytes),
                                 .epoch = w->epoch,
                                 .recovery = recovery,
                                 .nonce = nonce | 1,
                                 .class = w->class};
    w->generation = copies_generation(&keys->gates, &of);
    int fd = open(w->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return failed(w, fault);
    }
    w->out = fdopen(fd, "wb");
    MUST(w->out != NULL);
    enum err err = write_all(w, keys, fault);
    if (fclose(w->out) != 0 && err == ERR_OK) {
        err = failed(w, fault);
    }
    if (err != ERR_OK) {
        (void)unlink(w->path);
    }
    return err;
}

static void end(struct writing *w)
{
    store_txn_destroy(&w->txn);
    store_txn_destroy(&w->keys_txn);
    store_destroy(&w->store);
    store_destroy(&w->keys);
    seal_wipe(&w->key, sizeof(w->key));
    free(w->park);
}

int job_carry(const struct job_paths *paths, const struct job_carry_keys *keys, const char *what)
{
    struct fault fault = {0};
    struct writing w = {.park = calloc(1, sizeof(struct park))};
    MUST(w.park != NULL);
    enum err err = read_what(&w, what)
                       ? make(&w, paths, keys, &fault)
                       : fault_set(&fault, ERR_INPUT, "carry: what is to be written is not said");
    end(&w);
    if (err != ERR_OK) {
        (void)printf("failed=%s\n", fault.what);
        return 1;
    }
    (void)printf("number=%llu\nseq=%llu\nrows=%llu\nbytes=%llu\nmade_us=%lld\nfile=%s\n",
                 (unsigned long long)w.head.number, (unsigned long long)w.head.sequence,
                 (unsigned long long)w.rows, (unsigned long long)w.bytes, (long long)w.head.made.us,
                 w.path);
    return 0;
}
