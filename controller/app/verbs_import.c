#include <stdio.h>
#include <string.h>

#include "common/access/credential.h"
#include "common/access/idnumber.h"
#include "common/access/plate.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "common/store/keybuf.h"
#include "controller/app/request.h"
#include "controller/app/roster.h"
#include "controller/journal/journal.h"
#include "controller/store/hidden_store.h"
#include "schema/kinds.h"

/* One slice's records on their way into journal entries. An entry stays well under the bound of a
 * stored record, so a slice of LIMIT_ROWS_PER_MESSAGE rows becomes a few entries. */
enum {
    PART_BYTES = 40 * 1024,
    PART_ITEMS = 2 * LIMIT_ROWS_PER_MESSAGE, /* a row gives at most a plate and a badge */
    SEEN_MAX = 4 * LIMIT_ROWS_PER_MESSAGE,   /* with an identity number and the tenant's own */
    ROW_BYTES_MAX = 16 * 1024, /* its records: a long identity, many suspensions and zones */
    ROW_DAY_MAX = 2932896,     /* 9999-12-31 */
};

struct part {
    Parkgate__ImportSlice entry;
    struct seal_hash digest;
    size_t used;
    ProtobufCBinaryData holders[PART_ITEMS], credentials[PART_ITEMS], assignments[PART_ITEMS];
    uint8_t bytes[PART_BYTES + ROW_BYTES_MAX];
    size_t seen_count; /* identities and credentials of the slice, which may take several parts */
    struct seal_hash seen[SEEN_MAX];
};

static struct bytes stage_key(struct keybuf *key, uint64_t stage)
{
    keybuf_begin(key);
    keybuf_u64(key, stage);
    return keybuf_view(key);
}

/* The open import of this number, begun by this key: a shown one of the journal
 * (store/hidden_store.h). ERR_OK with NULL: refused. */
static enum err open_import(struct controller *ctl, struct request *request, uint64_t *ret_stage,
                            Parkgate__StageRecord **ret, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    uint64_t number = 0;
    *ret = NULL;
    *ret_stage = 0;
    if (!request_number_or_none(request, "import", INT64_MAX, &number)) {
        return ERR_OK;
    }
    TRY(hidden_sequence(ctl->txn, number, ret_stage, fault));
    enum err err = store_get_message(ctl->txn, TABLE_STAGE, stage_key(&key, *ret_stage),
                                     &parkgate__stage_record__descriptor, &message, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    Parkgate__StageRecord *record = (void *)message;
    if (err == ERR_OK && record->state == STAGE_OPEN &&
        strcmp(record->actor, request->key->name) == 0) {
        *ret = record;
        return ERR_OK;
    }
    store_message_destroy(&message);
    (void)request_refuse(request, ERROR_NOT_FOUND, "open import", request_arg(request, "import"),
                         NULL);
    return ERR_OK;
}

static enum err on_import_begin(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    struct journal_head head;
    uint64_t rows = 0;
    uint64_t number = 0;
    const char *bound = request_bound_tenant(request);
    const char *named = request_arg(request, "tenant");
    Parkgate__StageBegin begin = PARKGATE__STAGE_BEGIN__INIT;
    if (!request_number_or_none(request, "rows", LIMIT_IMPORT_ROWS, &rows)) {
        return ERR_OK;
    }
    if (named != NULL && named[0] != '\0' && !request_owns(request, named)) {
        return ERR_OK;
    }
    TRY(journal_head(ctl->txn, &head, fault));
    begin.stage = head.sequence + 1;
    begin.tenant = field_text(bound != NULL ? bound : named != NULL ? named : "");
    begin.rows = (uint32_t)rows;
    TRY(controller_record(ctl, ENTRY_IMPORT_BEGIN, request->key->name, &begin.base, fault));
    TRY(hidden_shown(ctl->txn, begin.stage, &number, fault));
    answer_note_number(request->answer, "import", (int64_t)number);
    return ERR_OK;
}

/* --- rows --- */

static enum err stage_is_open(struct controller *ctl, uint64_t stage, bool *ret_open,
                              struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(ctl->txn, TABLE_STAGE, stage_key(&key, stage),
                          &parkgate__stage_record__descriptor, &message, fault));
    *ret_open = ((Parkgate__StageRecord *)(void *)message)->state == STAGE_OPEN;
    store_message_destroy(&message);
    return ERR_OK;
}

static bool row_bad(struct request *request, const Parkgate__RosterRow *row, const char *column,
                    const char *why)
{
    char line[16];
    (void)snprintf(line, sizeof(line), "%u", row->line);
    return request_refuse(request, ERROR_ROW_BAD, line, column, why);
}

/* What only the controller can know of a row: the command line has not said it before. */
static bool row_refused(struct request *request, const Parkgate__RosterRow *row, const char *column,
                        enum error_number number, const char *what)
{
    char line[16];
    (void)snprintf(line, sizeof(line), "%u", row->line);
    return request_refuse(request, number, line, column, what);
}

static void begin_part(struct part *part, uint64_t stage, uint32_t first)
{
    parkgate__import_slice__init(&part->entry);
    part->entry.stage = stage;
    part->entry.first = first;
    part->entry.holder = part->holders;
    part->entry.credential = part->credentials;
    part->entry.assignment = part->assignments;
    part->used = 0;
}

static void add_item(struct part *part, ProtobufCBinaryData *items, size_t *count,
                     const ProtobufCMessage *record)
{
    size_t size = protobuf_c_message_get_packed_size(record);
    MUST(part->used + size <= sizeof(part->bytes) && *count < PART_ITEMS);
    items[*count] = (ProtobufCBinaryData){.data = part->bytes + part->used, .len = size};
    part->used += protobuf_c_message_pack(record, part->bytes + part->used);
    (*count)++;
}

static enum err flush_part(struct controller *ctl, struct request *request, struct part *part,
                           struct fault *fault)
{
    part->entry.digest = field_of(BYTES_OF(part->digest.bytes));
    TRY(controller_record(ctl, ENTRY_IMPORT_SLICE, request->key->name, &part->entry.base, fault));
    begin_part(part, part->entry.stage, part->entry.first + part->entry.rows);
    return ERR_OK;
}

static bool row_tenant(struct controller *ctl, struct request *request,
                       const Parkgate__RosterRow *row)
{
    const char *bound = request_bound_tenant(request);
    if (park_tenant(ctl->park, name_or_none(row->tenant)) == NULL) {
        return row_refused(request, row, "tenant", ERROR_ROW_TENANT, row->tenant);
    }
    return bound == NULL || strcmp(bound, row->tenant) == 0 ||
           request_refuse(request, ERROR_NOT_YOUR_TENANT, bound, NULL, NULL);
}

static bool is_text(const char *text, size_t limit)
{
    return strlen(text) <= limit && request_is_plain(bytes_of_text(text));
}

/* Everything that is kept of a person and is not read by a rule of its own. */
static bool row_texts(struct request *request, const Parkgate__RosterRow *row)
{
    const struct {
        const char *column, *text;
    } texts[] = {
        {"name",     row->person_name},
        {"phone",    row->phone      },
        {"agency",   row->agency     },
        {"external", row->external   },
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (!is_text(texts[i].text, LIMIT_TEXT_BYTES)) {
            return row_bad(request, row, texts[i].column, "over 256 bytes, or not plain text");
        }
    }
    return true;
}

/* The command line checked the same; a foreign program's rows are checked here. */
static bool row_person(struct request *request, const Parkgate__RosterRow *row,
                       struct roster_person *ret, struct plate *plate, struct idnumber *id)
{
    plate->text[0] = '\0';
    id->text[0] = '\0';
    if (row->plate[0] != '\0' &&
        (plate_read(bytes_of_text(row->plate), PLATE_SOURCE_TEXT, plate) != PLATE_OK ||
         !plate_is_exact(plate))) {
        return row_bad(request, row, "plate", "not a whole Chinese plate");
    }
    if (row->id_number[0] != '\0' &&
        idnumber_read(bytes_of_text(row->id_number), id) != IDNUMBER_OK) {
        return row_bad(request, row, "id_number", "not a valid number");
    }
    *ret = (struct roster_person){.tenant = row->tenant,
                                  .name = row->person_name,
                                  .id_number = id->text,
                                  .phone = row->phone,
                                  .agency = row->agency,
                                  .external = row->external,
                                  .plate = plate->text};
    if (row->plate[0] == '\0' && !roster_kind(row->kind, &ret->kind)) {
        return row_bad(request, row, "kind", "staff, day, driver or visitor");
    }
    if (row->from_date < 0 || row->from_date > ROW_DAY_MAX) {
        return row_bad(request, row, "from", "not a day of the calendar");
    }
    if (row->to_date < 0 || row->to_date > ROW_DAY_MAX) {
        return row_bad(request, row, "to", "not a day of the calendar");
    }
    if (row->plate[0] == '\0' && row->person_name[0] == '\0') {
        return row_bad(request, row, "name", "it is empty");
    }
    return true;
}

/* Adds a hash of the slice. False: it stood there before. */
static bool is_first(struct part *part, const struct seal_hash *hash)
{
    for (size_t i = 0; i < part->seen_count; i++) {
        if (memcmp(part->seen[i].bytes, hash->bytes, SEAL_HASH_SIZE) == 0) {
            return false;
        }
    }
    MUST(part->seen_count < SEEN_MAX);
    part->seen[part->seen_count++] = *hash;
    return true;
}

/* Did a former slice of this import bring this person or vehicle? */
static enum err was_brought(struct controller *ctl, const struct part *part, struct handle holder,
                            bool *ret_brought, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    enum err err =
        versioned_newest(ctl->txn, VERSIONED_HOLDER, BYTES_OF(holder.bytes), &message, fault);
    *ret_brought =
        err == ERR_OK && ((Parkgate__HolderRecord *)(void *)message)->stage == part->entry.stage;
    store_message_destroy(&message);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* One row a person. ERR_OK with a complaint: it stands in the import already. */
static enum err check_holder(struct controller *ctl, struct request *request, struct part *part,
                             const Parkgate__RosterRow *row, const struct roster_holder *holder,
                             struct fault *fault)
{
    bool brought = false;
    const char *column = row->plate[0] != '\0'       ? "plate"
                         : row->id_number[0] != '\0' ? "id_number"
                                                     : "external";
    TRY(was_brought(ctl, part, holder->handle, &brought, fault));
    bool own_id = row->plate[0] != '\0' || row->id_number[0] != '\0';
    brought |= own_id && !is_first(part, &holder->id_hash);
    if (!brought && row->external[0] != '\0' && !is_first(part, &holder->external_hash)) {
        brought = true;
        column = "external";
    }
    if (brought) {
        (void)row_bad(request, row, column, "it stands twice in the import");
    } else if (holder->clashes) {
        (void)row_bad(request, row, "external", "it is the number of somebody else");
    }
    return ERR_OK;
}

/* A credential that an import gives to somebody else, this one or another that is open. */
static enum err check_credential(struct controller *ctl, struct request *request, struct part *part,
                                 const Parkgate__RosterRow *row, const char *column,
                                 const struct roster_credential *made, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    enum err err = versioned_newest(ctl->txn, VERSIONED_CREDENTIAL, BYTES_OF(made->hash.bytes),
                                    &message, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    const Parkgate__CredentialRecord *newest = (void *)message;
    bool ours = newest != NULL && newest->stage == part->entry.stage;
    bool twice = ours || !is_first(part, &made->hash);
    bool open = false;
    if (newest != NULL && newest->stage != 0 && !ours &&
        !handle_equal(people_handle(&newest->holder), made->holder)) {
        err = stage_is_open(ctl, newest->stage, &open, fault);
    }
    store_message_destroy(&message);
    if (twice) {
        (void)row_bad(request, row, column, "it stands twice in the import");
    } else if (open) {
        (void)row_bad(request, row, column,
                      "another import that is not closed gives it to somebody else");
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err add_credential(struct controller *ctl, struct request *request, struct part *part,
                               const Parkgate__RosterRow *row, const struct roster_holder *holder,
                               uint32_t kind, const struct credential *credential,
                               struct fault *fault)
{
    const char *column = kind == CREDENTIAL_KIND_PLATE ? "plate" : "badge";
    struct roster_credential made;
    struct complaint c = {0};
    enum err err = ERR_OK;
    if (!roster_make_credential(ctl, holder->handle, kind, credential_view(credential), &made, &c,
                                &err, fault)) {
        if (err == ERR_OK) {
            (void)row_refused(request, row, column, ERROR_ROW_TAKEN, NULL);
        }
        return err;
    }
    if (made.was_revoked) {
        (void)row_refused(request, row, column, ERROR_ROW_REVOKED, NULL);
        return ERR_OK;
    }
    if (!made.was_live && holder->foreign && request_bound_tenant(request) != NULL) {
        (void)row_bad(request, row, column, "the home tenant or the park gives it");
        return ERR_OK;
    }
    TRY(check_credential(ctl, request, part, row, column, &made, fault));
    if (!made.was_live && request->answer->complaint.number == 0) {
        made.record.stage = part->entry.stage;
        add_item(part, part->credentials, &part->entry.n_credential, &made.record.base);
    }
    return ERR_OK;
}

static enum err add_assignment(struct controller *ctl, struct request *request, struct part *part,
                               const Parkgate__RosterRow *row, struct handle person,
                               struct fault *fault)
{
    bool exists = false;
    size_t overlapping = 0;
    struct handle handle = controller_draw_handle(ctl);
    Parkgate__AssignmentRecord record = PARKGATE__ASSIGNMENT_RECORD__INIT;
    if (park_shift(ctl->park, name_or_none(row->shift)) == NULL) {
        (void)row_refused(request, row, "shift", ERROR_ROW_SHIFT, row->shift);
        return ERR_OK;
    }
    int32_t from = row->from_date != 0 ? row->from_date : controller_today(ctl);
    int32_t to = row->to_date != 0 ? row->to_date : from;
    if (to < from) {
        (void)row_bad(request, row, "to", "it is before the first day");
        return ERR_OK;
    }
    TRY(roster_assignment_exists(ctl, person, row->tenant, row->shift, from, to, &exists,
                                 &overlapping, fault));
    if (overlapping >= LIMIT_ASSIGNMENTS_PER_PERSON && !exists) {
        char most[16];
        (void)snprintf(most, sizeof(most), "%d", LIMIT_ASSIGNMENTS_PER_PERSON);
        (void)row_refused(request, row, "shift", ERROR_ROW_ASSIGNMENTS, most);
        return ERR_OK;
    }
    record.assignment = people_field(&handle);
    record.person = people_field(&person);
    record.tenant = row->tenant;
    record.shift = row->shift;
    record.from_day = from;
    record.to_day = to;
    record.stage = part->entry.stage;
    if (!exists) {
        add_item(part, part->assignments, &part->entry.n_assignment, &record.base);
    }
    return ERR_OK;
}

static enum err add_belongings(struct controller *ctl, struct request *request, struct part *part,
                               const Parkgate__RosterRow *row, const struct roster_holder *holder,
                               const struct plate *plate, struct fault *fault)
{
    struct credential credential;
    if (plate->text[0] != '\0') {
        MUST(credential_from_plate(plate, &credential));
        TRY(add_credential(ctl, request, part, row, holder, CREDENTIAL_KIND_PLATE, &credential,
                           fault));
    }
    if (row->badge[0] != '\0') {
        if (!credential_from_uid_text(bytes_of_text(row->badge), &credential)) {
            (void)row_bad(request, row, "badge", "4, 7 or 10 bytes in hex");
            return ERR_OK;
        }
        TRY(add_credential(ctl, request, part, row, holder, CREDENTIAL_KIND_BADGE, &credential,
                           fault));
    }
    bool is_person = plate->text[0] == '\0';
    return is_person && row->shift[0] != '\0'
               ? add_assignment(ctl, request, part, row, holder->handle, fault)
               : ERR_OK;
}

static void fill_vehicle_days(const struct controller *ctl, const Parkgate__RosterRow *row,
                              Parkgate__HolderRecord *record)
{
    if (row->from_date != 0) {
        record->from_us = civil_to_wall(&ctl->tz, row->from_date, 0).us;
    }
    if (row->to_date != 0) {
        record->until_us = civil_to_wall(&ctl->tz, row->to_date + 1, 0).us;
    }
}

static bool row_age(const struct controller *ctl, struct request *request,
                    const Parkgate__RosterRow *row, const struct idnumber *id)
{
    char line[16];
    (void)snprintf(line, sizeof(line), "%u", row->line);
    return !roster_is_too_young(ctl, id) ||
           request_refuse(request, ERROR_ROW_TOO_YOUNG, line, "id_number", ROSTER_AGE_MIN);
}

static enum err add_row(struct controller *ctl, struct request *request, struct part *part,
                        const Parkgate__RosterRow *row, struct fault *fault)
{
    struct roster_person person;
    struct roster_holder holder;
    struct plate plate;
    struct idnumber id;
    Parkgate__HolderRecord *before = NULL;
    if (!row_tenant(ctl, request, row) || !row_texts(request, row) ||
        !row_person(request, row, &person, &plate, &id) || !row_age(ctl, request, row, &id)) {
        return ERR_OK;
    }
    enum err err = roster_make_holder(ctl, &person, &holder, &before, fault);
    if (err == ERR_OK) {
        err = check_holder(ctl, request, part, row, &holder, fault);
    }
    if (err == ERR_OK && request->answer->complaint.number == 0) {
        if (holder.record.vehicle && !holder.foreign) {
            fill_vehicle_days(ctl, row, &holder.record);
        }
        holder.record.stage = part->entry.stage;
        part->entry.updated += holder.existed;
        add_item(part, part->holders, &part->entry.n_holder, &holder.record.base);
        err = add_belongings(ctl, request, part, row, &holder, &plate, fault);
    }
    if (before != NULL) {
        parkgate__holder_record__free_unpacked(before, NULL);
    }
    return err;
}

static void chain_digest(struct seal_hash *digest, const ProtobufCBinaryData *row)
{
    struct seal_hasher hasher;
    seal_hasher_begin(&hasher);
    seal_hasher_add(&hasher, BYTES_OF(digest->bytes));
    seal_hasher_add(&hasher, field_view(row));
    *digest = seal_hasher_end(&hasher);
}

static enum err add_rows(struct controller *ctl, struct request *request, struct part *part,
                         struct fault *fault)
{
    const Parkgate__Request *message = request->message;
    if (message->n_row > LIMIT_ROWS_PER_MESSAGE) {
        (void)request_refuse(request, ERROR_FRAME_BODY, "32", "it has over 200 rows", NULL);
        return ERR_OK;
    }
    for (size_t i = 0; i < message->n_row; i++) {
        Parkgate__RosterRow *row =
            parkgate__roster_row__unpack(NULL, message->row[i].len, message->row[i].data);
        if (row == NULL) {
            (void)request_refuse(request, ERROR_FRAME_BODY, "32", "a row cannot be read", NULL);
            return ERR_OK;
        }
        enum err err = add_row(ctl, request, part, row, fault);
        parkgate__roster_row__free_unpacked(row, NULL);
        TRY(err);
        if (request->answer->complaint.number != 0) {
            return ERR_OK;
        }
        chain_digest(&part->digest, &message->row[i]);
        gauges_rows(&ctl->gauges, 1);
        part->entry.rows++;
        if (part->used > PART_BYTES - 2048) {
            TRY(flush_part(ctl, request, part, fault));
        }
    }
    return part->entry.rows > 0 ? flush_part(ctl, request, part, fault) : ERR_OK;
}

static enum err on_import_slice(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    static struct part part; /* one thread; too large for the stack */
    Parkgate__StageRecord *stage = NULL;
    uint64_t number = 0;
    uint64_t first = 0;
    TRY(open_import(ctl, request, &number, &stage, fault));
    if (stage == NULL) {
        return ERR_OK;
    }
    bool in_order =
        request_number_or_none(request, "first", LIMIT_IMPORT_ROWS, &first) &&
        (first == stage->rows || request_refuse(request, ERROR_IMPORT_MISMATCH,
                                                request_arg(request, "import"), NULL, NULL));
    begin_part(&part, number, stage->rows);
    part.seen_count = 0;
    memset(&part.digest, 0, sizeof(part.digest));
    if (stage->digest.len == SEAL_HASH_SIZE) {
        memcpy(part.digest.bytes, stage->digest.data, SEAL_HASH_SIZE);
    }
    parkgate__stage_record__free_unpacked(stage, NULL);
    if (!in_order) {
        return ERR_OK;
    }
    controller_cluster_begin(ctl);
    enum err err = add_rows(ctl, request, &part, fault);
    controller_cluster_end(ctl);
    return err;
}

/* --- the end --- */

static enum err close_import(struct controller *ctl, struct request *request, bool cancel,
                             struct fault *fault)
{
    Parkgate__StageRecord *stage = NULL;
    uint64_t number = 0;
    uint64_t rows = 0;
    uint8_t digest[SEAL_HASH_SIZE] = {0};
    const char *text = request_arg(request, "digest");
    Parkgate__StageClose close = PARKGATE__STAGE_CLOSE__INIT;
    TRY(open_import(ctl, request, &number, &stage, fault));
    if (stage == NULL) {
        return ERR_OK;
    }
    bool fits = cancel || (request_number_or_none(request, "rows", LIMIT_IMPORT_ROWS, &rows) &&
                           rows == stage->rows && text != NULL &&
                           bytes_from_hex(text, digest, sizeof(digest)) &&
                           bytes_equal(BYTES_OF(digest), field_view(&stage->digest)));
    close.stage = number;
    close.rows = stage->rows;
    close.digest = stage->digest;
    close.cancelled = cancel;
    enum err err = ERR_OK;
    if (fits) {
        err = controller_record(ctl, ENTRY_IMPORT_CLOSE, request->key->name, &close.base, fault);
        answer_note_number(request->answer, "persons", stage->holders);
        answer_note_number(request->answer, "updated", stage->updated);
        answer_note_number(request->answer, "credentials", stage->credentials);
        answer_note_number(request->answer, "assignments", stage->assignments);
    } else {
        (void)request_refuse(request, ERROR_IMPORT_MISMATCH, request_arg(request, "import"), NULL,
                             NULL);
    }
    parkgate__stage_record__free_unpacked(stage, NULL);
    return err;
}

static enum err on_import_close(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    return close_import(ctl, request, false, fault);
}

static enum err on_import_cancel(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    return close_import(ctl, request, true, fault);
}

const struct verb_handler verbs_of_import[] = {
    {"import.begin",  on_import_begin },
    {"import.slice",  on_import_slice },
    {"import.close",  on_import_close },
    {"import.cancel", on_import_cancel},
};
const size_t verbs_of_import_count = ARRAY_LEN(verbs_of_import);
