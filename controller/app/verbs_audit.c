/* What an auditor asks: is the journal what it was, and who looked, opened and overrode, why. No
 * names: those of keys alone. */
#include <string.h>

#include "common/base/must.h"
#include "controller/app/anchors.h"
#include "controller/app/entry_words.h"
#include "controller/app/exported.h"
#include "controller/app/park_sign.h"
#include "controller/app/request.h"
#include "controller/app/waiters.h"
#include "controller/journal/journal.h"
#include "controller/store/sign_key_store.h"

/* --- the head and its anchors --- */

static void note_hex(struct answer *a, const char *name, struct bytes bytes)
{
    char text[2 * SEAL_HASH_SIZE + 1];
    bytes_to_hex(bytes, text, sizeof(text));
    answer_note(a, name, text);
}

static enum err on_audit_head(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct journal_head head;
    struct answer *a = request->answer;
    uint8_t branch[ANCHOR_BRANCH_SIZE];
    char id[SIGN_KEY_ID_SIZE];
    struct sign_public key = park_sign_public(ctl);
    TRY(journal_head(ctl->txn, &head, fault));
    TRY(journal_branch(ctl->txn, branch, fault));
    sign_key_id(&key, id);
    answer_note_number(a, "seq", (int64_t)head.sequence);
    note_hex(a, "hash", BYTES_OF(head.hash.bytes));
    answer_note_number(a, "time_us", head.time.us);
    note_hex(a, "branch", BYTES_OF(branch));
    answer_note(a, "sign_key", id);
    note_hex(a, "sign_public", BYTES_OF(key.bytes));
    if (ctl->anchors.newest.sequence != 0) {
        answer_note_number(a, "anchored_seq", (int64_t)ctl->anchors.newest.sequence);
        answer_note_number(a, "anchored_us", ctl->anchors.newest.time.us);
    }
    answer_note(a, "export",
                ctl->anchors.newest.sequence == 0 ? "none"
                : ctl->anchors.export_failing     ? "failing"
                                                  : "good");
    return ERR_OK;
}

static const char *word_of(const struct session *session)
{
    static const char *const words[] = {
        [ANCHOR_SHOWN_NONE] = "none",
        [ANCHOR_SHOWN_BEHIND] = "behind",
        [ANCHOR_SHOWN_GOOD] = "fits",
        [ANCHOR_SHOWN_UNPROVED] = "unproved",
        [ANCHOR_SHOWN_CONTRADICTS] = "contradicts",
    };
    return session == NULL ? "" : words[session->anchor.word];
}

static enum err on_audit_anchors(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    struct answer *a = request->answer;
    (void)fault;
    answer_columns(a, "gate,anchor,seq,at_us,heard_us");
    for (size_t i = 0; i < ctl->park->gate_count; i++) {
        struct name gate = ctl->park->gates[i].name;
        const struct session *session = session_of_gate(&ctl->sessions, gate);
        answer_begin_row(a);
        answer_text(a, gate.text);
        answer_text(a, word_of(session));
        answer_number(a, session == NULL ? 0 : (int64_t)session->anchor.sequence);
        answer_wall(a, session == NULL ? (struct wall){0} : session->anchor.time);
        answer_wall(a, session == NULL ? (struct wall){0} : session->heard_wall);
        MUST(answer_end_row(a)); /* LIMIT_GATES rows fit */
    }
    return ERR_OK;
}

/* --- who looked, who opened --- */

enum { AUDIT_SCAN_MAX = 2000, AUDIT_DAYS = 30 }; /* entries looked at in one turn; by default */

static const uint32_t lookups[] = {ENTRY_LOOKUP, ENTRY_MUSTER, ENTRY_DISCLOSURE};
static const uint32_t opens[] = {ENTRY_COMMAND,   ENTRY_LANE_STATE, ENTRY_FORGIVE,
                                 ENTRY_EMERGENCY, ENTRY_RECOVERY,   ENTRY_APPROVAL};

struct page {
    const uint32_t *kinds;
    size_t kind_count;
    uint64_t after, head;
    uint64_t gone; /* entries up to this one were cut off */
};

static bool is_wanted(const struct page *page, uint32_t kind)
{
    for (size_t i = 0; i < page->kind_count; i++) {
        if (page->kinds[i] == kind) {
            return true;
        }
    }
    return false;
}

static enum err read_entry(struct controller *ctl, uint64_t sequence, Parkgate__Entry **ret,
                           struct fault *fault)
{
    struct bytes packed;
    struct seal_hash hash;
    TRY(journal_read(ctl->txn, sequence, &packed, &hash, fault));
    *ret = parkgate__entry__unpack(NULL, packed.size, packed.data);
    return *ret != NULL ? ERR_OK
                        : fault_set(fault, ERR_CORRUPT, "journal: entry %llu cannot be read",
                                    (unsigned long long)sequence);
}

/* The entry before the first of this moment; times rise, but for a clock that was set back. */
static enum err find_moment(struct controller *ctl, int64_t from_us, struct page *page,
                            struct fault *fault)
{
    uint64_t low = page->gone;
    uint64_t high = page->head;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        Parkgate__Entry *entry = NULL;
        TRY(read_entry(ctl, middle + 1, &entry, fault));
        bool before = entry->time_us < from_us;
        parkgate__entry__free_unpacked(entry, NULL);
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    page->after = low;
    return ERR_OK;
}

static bool add_row(struct answer *a, const Parkgate__Entry *entry)
{
    struct entry_words words;
    entry_words_of(entry, &words);
    answer_begin_row(a);
    answer_number(a, (int64_t)entry->sequence);
    answer_wall(a, (struct wall){entry->time_us});
    answer_text(a, words.kind);
    answer_text(a, entry->actor);
    answer_text(a, words.gate);
    answer_text(a, words.lane);
    answer_text(a, words.text);
    answer_text(a, words.text_zh);
    return answer_end_row(a);
}

static enum err fill(struct controller *ctl, struct answer *a, struct page *page,
                     struct fault *fault)
{
    bool fits = true;
    for (size_t i = 0; i < AUDIT_SCAN_MAX && page->after < page->head && fits; i++) {
        Parkgate__Entry *entry = NULL;
        TRY(read_entry(ctl, page->after + 1, &entry, fault));
        fits = !is_wanted(page, entry->kind) || add_row(a, entry);
        page->after += fits;
        parkgate__entry__free_unpacked(entry, NULL);
    }
    return ERR_OK;
}

static enum err answer_page(struct controller *ctl, struct request *request, struct page *page,
                            struct fault *fault)
{
    struct journal_head head;
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t cursor_size = 0;
    int64_t from_us = ctl->now.us - (int64_t)AUDIT_DAYS * 24 * 3600 * 1000000;
    if (!request_cursor(request, cursor, &cursor_size) ||
        (request_arg(request, "from") != NULL &&
         !request_moment(ctl, request, "from", false, &from_us))) {
        return ERR_OK;
    }
    TRY(journal_head(ctl->txn, &head, fault));
    page->head = head.sequence;
    TRY(journal_first(ctl->txn, &page->gone, fault));
    page->gone -= page->gone > 0;
    struct reader r = reader_of((struct bytes){.data = cursor, .size = cursor_size});
    if (cursor_size > 0) {
        page->after = reader_u64(&r);
        page->after = page->after < page->gone ? page->gone : page->after;
    } else {
        TRY(find_moment(ctl, from_us, page, fault));
    }
    answer_columns(request->answer, "seq,at_us,kind,actor,gate,lane,text,text_zh");
    TRY(fill(ctl, request->answer, page, fault));
    if (page->after < page->head) {
        struct writer w = writer_of(cursor, sizeof(cursor));
        writer_u64(&w, page->after);
        answer_more(request->answer, writer_view(&w));
    }
    return ERR_OK;
}

static enum err on_audit_lookups(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    struct page page = {.kinds = lookups, .kind_count = ARRAY_LEN(lookups)};
    return answer_page(ctl, request, &page, fault);
}

static enum err on_audit_opens(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct page page = {.kinds = opens, .kind_count = ARRAY_LEN(opens)};
    return answer_page(ctl, request, &page, fault);
}

/* --- jobs --- */

static bool is_path(struct request *request, const char *name, const char *path)
{
    return path[0] == '/' || request_refuse(request, ERROR_ARG_BAD, name, path,
                                            "a path from the root, on the controller's machine");
}

static enum err on_audit_verify(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    const char *file = request_arg(request, "anchors");
    (void)fault;
    if (file != NULL && file[0] != '\0' && !is_path(request, "anchors", file)) {
        return ERR_OK;
    }
    const char *const args[] = {"audit", file != NULL && file[0] != '\0' ? file : NULL, NULL};
    (void)waiters_start_job(ctl, request, args);
    return ERR_OK;
}

static enum err on_audit_export(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    const char *dir = NULL;
    struct journal_head head;
    Parkgate__AuditExport entry = PARKGATE__AUDIT_EXPORT__INIT;
    const char *reason = NULL;
    if (!request_need(request, "dir", &dir) || !is_path(request, "dir", dir) ||
        !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(exported_note(ctl, request, "audit", reason, NULL, fault));
    TRY(journal_head(ctl->txn, &head, fault));
    entry.dir = field_text(dir);
    entry.reason = field_text(reason);
    entry.at_sequence = head.sequence;
    TRY(controller_record(ctl, ENTRY_AUDIT_EXPORT, request->key->name, &entry.base, fault));
    const char *const args[] = {"audit-export", dir, NULL};
    (void)waiters_start_job(ctl, request, args);
    return ERR_OK;
}

const struct verb_handler verbs_of_audit[] = {
    {"audit.head",    on_audit_head   },
    {"audit.anchors", on_audit_anchors},
    {"audit.verify",  on_audit_verify },
    {"audit.lookups", on_audit_lookups},
    {"audit.opens",   on_audit_opens  },
    {"audit.export",  on_audit_export },
};
const size_t verbs_of_audit_count = ARRAY_LEN(verbs_of_audit);
