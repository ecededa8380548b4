/* Who is inside, by tenant and zone, and which gates may know of more. */
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/emergency_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/headcount_query.h"
#include "controller/app/muster.h"
#include "controller/app/sight.h"
#include "controller/journal/journal.h"
#include "controller/store/hidden_store.h"

/* A cursor is the entry under which names were opened (by its shown number; 0: none), and the cursor
 * of the list. */
struct page {
    bool names;
    uint64_t opened;
    struct bytes after;
};

static void write_name(void *ctx, struct handle person, char *out, size_t size)
{
    muster_name(ctx, person, out, size);
}

/* --- names --- */

/* Names are opened by an emergency that is more than one gate's word, by a guard's key, else with a
 * reason; each time on record. */
static enum err open_names(struct controller *ctl, struct request *request, uint64_t *ret_opened,
                           struct fault *fault)
{
    Parkgate__MusterEntry entry = PARKGATE__MUSTER_ENTRY__INIT;
    struct journal_head head;
    bool emergency = false;
    bool sure = false;
    uint64_t inside = 0;
    const char *reason = request_arg(request, "reason");
    *ret_opened = 0;
    TRY(muster_is_on(ctl, &emergency, &sure, fault));
    if (!sure && (request->key->roles & 1U << ROLE_GUARD) == 0 &&
        !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(store_count(ctl->txn, TABLE_INSIDE, &inside, fault));
    entry.reason = field_text(reason == NULL ? "" : reason);
    entry.emergency = emergency;
    entry.inside = (uint32_t)inside;
    TRY(controller_record(ctl, ENTRY_MUSTER, request->key->name, &entry.base, fault));
    TRY(journal_head(ctl->txn, &head, fault));
    return hidden_shown(ctl->txn, head.sequence, ret_opened, fault);
}

/* Was this list's first page given to this key a moment ago? */
static enum err is_open(struct controller *ctl, const struct request *request, uint64_t opened,
                        bool *ret_open, struct fault *fault)
{
    struct bytes packed;
    struct seal_hash hash;
    uint64_t sequence = 0;
    *ret_open = false;
    TRY(hidden_sequence(ctl->txn, opened, &sequence, fault));
    enum err err = journal_read(ctl->txn, sequence, &packed, &hash, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    if (entry == NULL) {
        return fault_set(fault, ERR_CORRUPT, "journal: entry %llu cannot be read",
                         (unsigned long long)sequence);
    }
    *ret_open = entry->kind == ENTRY_MUSTER && strcmp(entry->actor, request->key->name) == 0 &&
                ctl->now.us - entry->time_us <= MUSTER_OPEN_S * INT64_C(1000000);
    parkgate__entry__free_unpacked(entry, NULL);
    return ERR_OK;
}

/* --- pages --- */

/* False: refused, or *ret_err. */
static bool begin_page(struct controller *ctl, struct request *request,
                       uint8_t cursor[ANSWER_CURSOR_MAX], struct page *page, enum err *ret_err,
                       struct fault *fault)
{
    size_t size = 0;
    bool open = true;
    const char *names = request_arg(request, "names");
    *page = (struct page){.names = names != NULL && strcmp(names, "yes") == 0};
    if (!request_cursor(request, cursor, &size)) {
        return false;
    }
    if (size == 0) {
        *ret_err = page->names ? open_names(ctl, request, &page->opened, fault) : ERR_OK;
        return *ret_err == ERR_OK && (!page->names || page->opened != 0);
    }
    struct reader r = reader_of((struct bytes){.data = cursor, .size = size});
    page->opened = reader_u64(&r);
    page->after = (struct bytes){.data = cursor + r.at, .size = size - r.at};
    if (page->names) {
        *ret_err = is_open(ctl, request, page->opened, &open, fault);
    }
    if (*ret_err != ERR_OK || r.bad || page->after.size == 0 || !open) {
        return request_refuse(request, ERROR_ARG_BAD, "after", "", "no cursor of this list");
    }
    return true;
}

/* The cursor of who_list() gets the entry's number before it. */
static void number_cursor(struct answer *a, uint64_t opened)
{
    uint8_t cursor[ANSWER_CURSOR_MAX];
    struct writer w = writer_of(cursor, sizeof(cursor));
    writer_u64(&w, opened);
    size_t size = a->cursor_size / 2;
    MUST(8 + size <= sizeof(cursor) && bytes_from_hex(a->cursor, cursor + 8, size));
    answer_more(a, (struct bytes){.data = cursor, .size = 8 + size});
}

static enum err on_muster(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct who_question question = {0};
    struct journal_head head;
    uint64_t told = 0;
    struct page page;
    uint8_t cursor[ANSWER_CURSOR_MAX];
    enum err err = ERR_OK;
    if (!begin_page(ctl, request, cursor, &page, &err, fault)) {
        return err;
    }
    question.after = page.after;
    question.name_of = page.names ? write_name : NULL;
    question.ctx = ctl;
    TRY(who_list(ctl->txn, &question, request->answer, fault));
    if (request->answer->more) {
        number_cursor(request->answer, page.opened);
    }
    if (page.after.size == 0) {
        Parkgate__EmergencyRecord *record = NULL;
        TRY(journal_head(ctl->txn, &head, fault));
        TRY(sight_told(ctl, request, head.sequence, &told, fault));
        TRY(emergency_get(ctl->txn, &record, fault));
        answer_note_number(request->answer, "time_us", ctl->now.us);
        answer_note_number(request->answer, "journal_seq", (int64_t)told);
        answer_note(request->answer, "emergency",
                    emergency_name(record == NULL ? 0 : record->state));
        if (record != NULL) {
            parkgate__emergency_record__free_unpacked(record, NULL);
        }
    }
    return ERR_OK;
}

/* --- gates --- */

/* What a gate has not told yet may be people who went in or out. */
static enum err gate_row(struct controller *ctl, const struct park_gate *gate, struct answer *a,
                         struct fault *fault)
{
    bool enrolled = false;
    bool told = false;
    const struct session *session = session_of_gate(&ctl->sessions, gate->name);
    TRY(muster_gate_enrolled(ctl, gate, &enrolled, fault));
    TRY(muster_gate_told(ctl, gate, &told, fault));
    bool online = session != NULL && !session->away;
    answer_begin_row(a);
    answer_text(a, gate->name.text);
    answer_text(a, online ? "online" : enrolled ? "away" : "not-enrolled");
    answer_wall(a, session == NULL ? (struct wall){0} : session->heard_wall);
    answer_number(a, session == NULL ? 0 : (int64_t)session->pending);
    answer_text(a, told ? "yes" : "no");
    (void)answer_end_row(a);
    return ERR_OK;
}

static enum err on_muster_gates(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    answer_columns(request->answer, "gate,state,heard_us,pending,told");
    for (size_t i = 0; i < ctl->park->gate_count; i++) {
        TRY(gate_row(ctl, &ctl->park->gates[i], request->answer, fault));
    }
    answer_note_number(request->answer, "time_us", ctl->now.us);
    return ERR_OK;
}

const struct verb_handler verbs_of_muster[] = {
    {"muster",       on_muster      },
    {"muster.gates", on_muster_gates},
};
const size_t verbs_of_muster_count = ARRAY_LEN(verbs_of_muster);
