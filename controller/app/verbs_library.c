/* What parkgate-viid may say (role library): hand over, look at what it handed over, ask what is
 * due. It sees what came by its own key alone. */
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/app/disposition_entry.h"
#include "controller/store/hit_store.h"
#include "schema/kinds.h"
#include "schema/limits.h"

/* Of one answer; what else is due comes with the next. */
enum { DUE_ROWS = 16, DUE_LOOKED = 200 };

/* ---- hand ---- */

static bool is_whole(const Parkgate__ViidDisposition *said, const char *id, struct wall now)
{
    const char *const texts[] = {
        said->id,           said->title,        said->category, said->feature, said->value,
        said->applicant,    said->organisation, said->contact,  said->reason,  said->range,
        said->receive_addr, said->begin_text,   said->end_text,
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (strlen(texts[i]) >= VIID_TEXT_SIZE || !request_is_plain(bytes_of_text(texts[i]))) {
            return false;
        }
    }
    return strcmp(said->id, id) == 0 && strlen(said->id) < VIID_ID_SIZE && said->value[0] != '\0' &&
           said->end_us > now.us && said->end_us > said->begin_us &&
           said->target <= VIID_TARGET_KEYWORD && (said->doubts & ~(uint32_t)VIID_DOUBTS) == 0;
}

/* NULL: refused. Free with parkgate__viid_disposition__free_unpacked(). */
static Parkgate__ViidDisposition *read_row(struct controller *ctl, struct request *request,
                                           const char *id)
{
    const Parkgate__Request *message = request->message;
    if (message->n_row != 1 || message->row[0].len + SEAL_OVERHEAD > DISPOSITION_PLAIN_MAX) {
        (void)request_refuse(request, ERROR_VIID_ROW, "its size", NULL, NULL);
        return NULL;
    }
    Parkgate__ViidDisposition *said =
        parkgate__viid_disposition__unpack(NULL, message->row[0].len, message->row[0].data);
    if (said == NULL || !is_whole(said, id, ctl->now)) {
        (void)request_refuse(request, ERROR_VIID_ROW, "a field is missing, too long or past", NULL,
                             NULL);
        if (said != NULL) {
            parkgate__viid_disposition__free_unpacked(said, NULL);
        }
        return NULL;
    }
    return said;
}

static bool has_room(struct controller *ctl, struct request *request, enum err *ret_err,
                     struct fault *fault)
{
    uint64_t count = 0;
    char most[16];
    *ret_err = disposition_count_open(ctl->txn, &count, fault);
    (void)snprintf(most, sizeof(most), "%d", LIMIT_DISPOSITIONS_OPEN);
    return *ret_err == ERR_OK && (count < LIMIT_DISPOSITIONS_OPEN ||
                                  request_refuse(request, ERROR_VIID_FULL, most, NULL, NULL));
}

/* Says `before` the very same? */
static enum err compare(struct controller *ctl, const Parkgate__DispositionRecord *before,
                        struct bytes row, bool *ret_same, struct fault *fault)
{
    uint8_t plain[DISPOSITION_PLAIN_MAX];
    size_t size = 0;
    TRY(disposition_open(ctl, before, plain, &size, fault));
    *ret_same = bytes_equal(row, (struct bytes){.data = plain, .size = size});
    seal_wipe(plain, sizeof(plain));
    return ERR_OK;
}

static enum err keep(struct controller *ctl, struct request *request,
                     const Parkgate__ViidDisposition *said,
                     const Parkgate__DispositionRecord *before, struct fault *fault)
{
    struct bytes row = field_view(&request->message->row[0]);
    char number[24];
    bool same = false;
    enum err err = ERR_OK;
    bool lives = before != NULL && disposition_lives(before->state);
    if (!lives) {
        return has_room(ctl, request, &err, fault)
                   ? disposition_keep(ctl, request, said, row, NULL, fault)
                   : err;
    }
    TRY(compare(ctl, before, row, &same, fault));
    if (same) {
        answer_note_number(request->answer, "disposition", (int64_t)before->number);
        return ERR_OK;
    }
    if (before->state == VIID_STATE_CONFIRMED) {
        (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)before->number);
        (void)request_refuse(request, ERROR_VIID_ACTS, number, NULL, NULL);
        return ERR_OK;
    }
    return disposition_keep(ctl, request, said, row, before, fault);
}

static enum err withdraw(struct controller *ctl, struct request *request, const char *peer,
                         const char *id, const Parkgate__DispositionRecord *before,
                         struct fault *fault)
{
    if (before == NULL || id[0] == '\0') {
        (void)request_refuse(request, ERROR_VIID_UNKNOWN, peer, id, NULL);
        return ERR_OK;
    }
    answer_note_number(request->answer, "disposition", (int64_t)before->number);
    if (before->state == VIID_STATE_CONFIRMED) {
        TRY(disposition_undo(ctl, request, before, fault));
        if (request->answer->complaint.number != ERROR_NONE) {
            return ERR_OK;
        }
    }
    return disposition_lives(before->state) ? disposition_end(ctl, before, VIID_STATE_WITHDRAWN,
                                                              request->key->name, "", "", fault)
                                            : ERR_OK;
}

static enum err hand(struct controller *ctl, struct request *request, const char *peer,
                     const char *id, bool withdraws, struct fault *fault)
{
    Parkgate__DispositionRecord *before = NULL;
    Parkgate__ViidDisposition *said = withdraws ? NULL : read_row(ctl, request, id);
    if (!withdraws && said == NULL) {
        return ERR_OK;
    }
    struct bytes row = withdraws ? (struct bytes){0} : field_view(&request->message->row[0]);
    enum err err = disposition_find(ctl, request->key->name, peer, id, row, &before, fault);
    if (err == ERR_OK || err == ERR_NOT_FOUND) {
        err = withdraws ? withdraw(ctl, request, peer, id, before, fault)
                        : keep(ctl, request, said, before, fault);
    }
    if (before != NULL) {
        parkgate__disposition_record__free_unpacked(before, NULL);
    }
    if (said != NULL) {
        parkgate__viid_disposition__free_unpacked(said, NULL);
    }
    return err;
}

static enum err on_hand(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct name peer;
    const char *operate = NULL;
    const char *id = request_arg(request, "id");
    id = id == NULL ? "" : id;
    if (!request_name(request, "peer", &peer) || !request_need(request, "operate", &operate)) {
        return ERR_OK;
    }
    bool withdraws = strcmp(operate, "withdraw") == 0;
    if (!withdraws && strcmp(operate, "set") != 0) {
        (void)request_refuse(request, ERROR_ARG_BAD, "operate", operate, "set or withdraw");
        return ERR_OK;
    }
    return hand(ctl, request, request_arg(request, "peer"), id, withdraws, fault);
}

/* ---- look ---- */

/* DispositionStatus as the standard has it. */
static const char *status_of(uint32_t state)
{
    switch (state) {
    case VIID_STATE_CONFIRMED:
        return "0";
    case VIID_STATE_WITHDRAWN:
        return "1";
    case VIID_STATE_ENDED:
        return "2";
    default:
        return "9";
    }
}

static enum err on_look(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct name peer;
    const char *id = NULL;
    Parkgate__DispositionRecord *record = NULL;
    if (!request_name(request, "peer", &peer) || !request_need(request, "id", &id)) {
        return ERR_OK;
    }
    enum err err =
        disposition_find(ctl, request->key->name, peer.text, id, (struct bytes){0}, &record, fault);
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_VIID_UNKNOWN, peer.text, id, NULL);
        return ERR_OK;
    }
    TRY(err);
    answer_note(request->answer, "status", status_of(record->state));
    answer_note(request->answer, "operate", record->state == VIID_STATE_WITHDRAWN ? "1" : "0");
    parkgate__disposition_record__free_unpacked(record, NULL);
    return ERR_OK;
}

/* ---- due ---- */

static enum err hit_at(struct controller *ctl, const Parkgate__DispositionNotice *notice,
                       struct wall *ret_at, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(ctl->txn, TABLE_WATCH_HIT, hit_key(&key, notice->authority, notice->hit),
                          &parkgate__watch_hit__descriptor, &message, fault));
    ret_at->us = ((const Parkgate__WatchHit *)(const void *)message)->at_us;
    store_message_destroy(&message);
    return ERR_OK;
}

static bool put_row(struct answer *a, uint64_t number, struct wall at,
                    const Parkgate__ViidDisposition *said, const struct watch_entry *entry)
{
    char plate[CREDENTIAL_BYTES_MAX + 1] = "";
    bool vehicle = entry->matcher == WATCH_MATCHER_PLATE;
    if (vehicle) {
        memcpy(plate, entry->match, entry->match_size);
    }
    answer_begin_row(a);
    answer_number(a, (int64_t)number);
    answer_text(a, said->id);
    answer_text(a, said->title);
    answer_wall(a, at);
    answer_text(a, vehicle ? "vehicle" : "person");
    answer_text(a, plate);
    answer_text(a, said->receive_addr);
    return answer_end_row(a);
}

/* One notice as a row: what the peer itself asked for, and when. */
static enum err due_row(struct controller *ctl, struct answer *a,
                        const Parkgate__DispositionNotice *notice,
                        const Parkgate__DispositionRecord *record, bool *ret_fits,
                        struct fault *fault)
{
    uint8_t plain[DISPOSITION_PLAIN_MAX];
    size_t size = 0;
    struct wall at;
    struct watch_entry entry;
    TRY(disposition_entered(ctl, record, &entry, fault));
    TRY(disposition_open(ctl, record, plain, &size, fault));
    TRY(hit_at(ctl, notice, &at, fault));
    Parkgate__ViidDisposition *said = parkgate__viid_disposition__unpack(NULL, size, plain);
    seal_wipe(plain, sizeof(plain));
    if (said == NULL) {
        return fault_set(fault, ERR_CORRUPT, "disposition: what it says is damaged");
    }
    *ret_fits = put_row(a, notice->number, at, said, &entry);
    parkgate__viid_disposition__free_unpacked(said, NULL);
    return ERR_OK;
}

static bool is_of(struct request *request, const Parkgate__DispositionRecord *record)
{
    return strcmp(record->library, request->key->name) == 0 &&
           strcmp(record->peer, request_arg(request, "peer")) == 0;
}

static enum err due_one(struct controller *ctl, struct request *request,
                        const Parkgate__DispositionNotice *notice, size_t *rows,
                        struct fault *fault)
{
    bool fits = false;
    Parkgate__DispositionRecord *record = NULL;
    TRY(disposition_get(ctl->txn, notice->disposition, &record, fault));
    enum err err = ERR_OK;
    if (is_of(request, record) && disposition_lives(record->state)) {
        err = due_row(ctl, request->answer, notice, record, &fits, fault);
        *rows += fits ? 1 : 0;
    }
    parkgate__disposition_record__free_unpacked(record, NULL);
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* erased meanwhile */
}

static enum err on_due(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct name peer;
    uint64_t number = 0;
    size_t rows = 0;
    Parkgate__DispositionNotice *notice = NULL;
    answer_columns(request->answer, "notice,disposition,title,time_us,target,plate,receive_addr");
    if (!request_name(request, "peer", &peer) ||
        !request_number_or_none(request, "from", UINT64_MAX - 1, &number)) {
        return ERR_OK;
    }
    enum err err = ERR_OK;
    for (size_t looked = 0; looked < DUE_LOOKED && rows < DUE_ROWS && err == ERR_OK; looked++) {
        err = disposition_next_due(ctl->txn, number, &notice, fault);
        if (err == ERR_OK) {
            number = notice->number;
            err = due_one(ctl, request, notice, &rows, fault);
            parkgate__disposition_notice__free_unpacked(notice, NULL);
        }
    }
    answer_note_number(request->answer, "from", err == ERR_NOT_FOUND ? 0 : (int64_t)number);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- sent ---- */

/* The notice of the request, with its disposition; ERR_OK with NULL: refused. */
static enum err named_notice(struct controller *ctl, struct request *request,
                             Parkgate__DispositionNotice **ret, struct fault *fault)
{
    struct name peer;
    uint64_t number = 0;
    const char *text = NULL;
    Parkgate__DispositionRecord *record = NULL;
    if (!request_name(request, "peer", &peer) || !request_need(request, "notice", &text) ||
        !request_number_or_none(request, "notice", UINT64_MAX - 1, &number)) {
        return ERR_OK;
    }
    enum err err = disposition_notice_get(ctl->txn, number, ret, fault);
    if (err == ERR_OK) {
        err = disposition_get(ctl->txn, (*ret)->disposition, &record, fault);
        if (err == ERR_OK) {
            err = is_of(request, record) ? ERR_OK : ERR_NOT_FOUND;
            parkgate__disposition_record__free_unpacked(record, NULL);
        }
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    (void)request_refuse(request, ERROR_NOT_FOUND, "notice", text, NULL);
    if (*ret != NULL) {
        parkgate__disposition_notice__free_unpacked(*ret, NULL);
        *ret = NULL;
    }
    return ERR_OK;
}

static enum err on_sent(struct controller *ctl, struct request *request, struct fault *fault)
{
    Parkgate__DispositionNotice *notice = NULL;
    TRY(named_notice(ctl, request, &notice, fault));
    if (notice == NULL) {
        return ERR_OK;
    }
    enum err err = ERR_OK;
    if (notice->sent_us == 0 && !notice->dropped) {
        notice->sent_us = ctl->now.us;
        err = controller_record(ctl, ENTRY_DISPOSITION_NOTICE, request->key->name, &notice->base,
                                fault);
    }
    parkgate__disposition_notice__free_unpacked(notice, NULL);
    return err;
}

const struct verb_handler verbs_of_library[] = {
    {"library.hand", on_hand},
    {"library.look", on_look},
    {"library.due",  on_due },
    {"library.sent", on_sent},
};
const size_t verbs_of_library_count = ARRAY_LEN(verbs_of_library);
