#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/entry_words.h"
#include "controller/app/headcount_query.h"
#include "controller/app/sight.h"
#include "controller/app/waiters.h"
#include "controller/journal/journal.h"
#include "controller/store/hidden_store.h"

/* --- events --- */

enum { EVENTS_SCAN_MAX = 2000, EVENTS_DEFAULT = 50 }; /* entries looked at in one turn */

struct event_filter {
    const char *kind, *lane;
};

static bool passes(const struct event_filter *filter, const struct entry_words *words)
{
    return (filter->kind == NULL || filter->kind[0] == '\0' ||
            strcmp(filter->kind, words->kind) == 0) &&
           (filter->lane == NULL || filter->lane[0] == '\0' ||
            strcmp(filter->lane, words->lane) == 0);
}

static enum err read_entry(struct controller *ctl, uint64_t sequence, Parkgate__Entry **ret,
                           struct seal_hash *ret_hash, struct fault *fault)
{
    struct bytes packed;
    TRY(journal_read(ctl->txn, sequence, &packed, ret_hash, fault));
    *ret = parkgate__entry__unpack(NULL, packed.size, packed.data);
    return *ret != NULL ? ERR_OK
                        : fault_set(fault, ERR_CORRUPT, "journal: entry %llu cannot be read",
                                    (unsigned long long)sequence);
}

/* An entry older than LIMIT_LIVE_S says who passed only to a look-up: with a reason, of one lane,
 * for an hour of entries at a time, each person counted. */
struct event_page {
    struct request *request;
    bool hits;            /* those that tell of hits, too */
    uint64_t after, head; /* sequences; without hits numbers of shown entries (hidden_store.h) */
    uint64_t limit, shown;
    uint64_t gone; /* the same of the last entry that was cut off; 0: none was */
    bool looks_up;
    int64_t first_us; /* of the first entry shown; the hour begins there */
    size_t seen_count;
    struct handle seen[LIMIT_ROWS_PER_MESSAGE];
};

static bool is_past(const struct controller *ctl, const Parkgate__Entry *entry)
{
    return entry->kind == ENTRY_EVENT &&
           entry->time_us < ctl->now.us - (int64_t)LIMIT_LIVE_S * 1000000;
}

static void see(struct event_page *page, const char *who)
{
    struct handle handle;
    if (!handle_from_text(who, &handle)) {
        return;
    }
    for (size_t i = 0; i < page->seen_count; i++) {
        if (handle_equal(page->seen[i], handle)) {
            return;
        }
    }
    MUST(page->seen_count < ARRAY_LEN(page->seen));
    page->seen[page->seen_count++] = handle;
}

/* Hides or counts who it is. */
static void guard_who(const struct controller *ctl, const Parkgate__Entry *entry,
                      struct entry_words *words, struct event_page *page)
{
    if (!words->of_holder || !is_past(ctl, entry)) {
        return;
    }
    if (page->looks_up) {
        see(page, words->who);
    } else {
        words->who[0] = '\0';
    }
}

static bool ends_the_hour(struct event_page *page, const Parkgate__Entry *entry)
{
    if (!page->looks_up) {
        return false;
    }
    page->first_us = page->shown == 0 ? entry->time_us : page->first_us;
    return entry->time_us >= page->first_us + (int64_t)LIMIT_LANE_HOUR_S * 1000000;
}

/* The entry of this place of the page. Entries of hits are passed over unread: how many there are
 * makes no difference to who may not see them, in work neither. */
static enum err read_place(struct controller *ctl, const struct event_page *page, uint64_t place,
                           Parkgate__Entry **ret, struct fault *fault)
{
    struct seal_hash hash;
    uint64_t sequence = place;
    if (!page->hits) {
        TRY(hidden_sequence(ctl->txn, place, &sequence, fault));
    }
    return read_entry(ctl, sequence, ret, &hash, fault);
}

/* False: it did not fit. */
static enum err show_entry(struct controller *ctl, const struct event_page *page,
                           const Parkgate__Entry *entry, const struct entry_words *words,
                           bool *ret_fits, struct fault *fault)
{
    uint64_t number = 0;
    struct answer *a = page->request->answer;
    TRY(sight_told(ctl, page->request, entry->sequence, &number, fault));
    answer_begin_row(a);
    answer_number(a, (int64_t)number);
    entry_words_row(a, entry, words);
    *ret_fits = answer_end_row(a);
    return ERR_OK;
}

/* Fills rows from page->after on; page->after becomes the last entry looked at. */
static enum err fill_events(struct controller *ctl, const struct event_filter *filter,
                            struct event_page *page, struct fault *fault)
{
    enum err err = ERR_OK;
    for (size_t scanned = 0;
         page->after < page->head && page->shown < page->limit && scanned < EVENTS_SCAN_MAX;
         scanned++) {
        Parkgate__Entry *entry = NULL;
        struct entry_words words;
        bool fits = true;
        TRY(read_place(ctl, page, page->after + 1, &entry, fault));
        entry_words_of(entry, &words);
        if (ends_the_hour(page, entry)) {
            parkgate__entry__free_unpacked(entry, NULL);
            return ERR_OK;
        }
        if (passes(filter, &words)) {
            guard_who(ctl, entry, &words, page);
            err = show_entry(ctl, page, entry, &words, &fits, fault);
            page->shown += fits;
        }
        parkgate__entry__free_unpacked(entry, NULL);
        TRY(err);
        if (!fits) {
            return ERR_OK;
        }
        page->after++;
    }
    return ERR_OK;
}

/* Where to begin so that the newest `limit` fitting entries are shown: looks back over at most
 * EVENTS_SCAN_MAX. */
static enum err look_back(struct controller *ctl, const struct event_filter *filter,
                          struct event_page *page, struct fault *fault)
{
    uint64_t found = 0;
    uint64_t lowest = page->head > EVENTS_SCAN_MAX ? page->head - EVENTS_SCAN_MAX : 0;
    lowest = lowest < page->gone ? page->gone : lowest;
    page->after = page->head;
    while (page->after > lowest && found < page->limit) {
        Parkgate__Entry *entry = NULL;
        struct entry_words words;
        TRY(read_place(ctl, page, page->after, &entry, fault));
        entry_words_of(entry, &words);
        found += passes(filter, &words);
        parkgate__entry__free_unpacked(entry, NULL);
        page->after--;
    }
    return ERR_OK;
}

/* The entry before the first one of this moment or later. Times in the journal rise, but for a
 * clock that was set back: then it is near by. */
static enum err find_moment(struct controller *ctl, int64_t from_us, struct event_page *page,
                            struct fault *fault)
{
    uint64_t low = page->gone;
    uint64_t high = page->head;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        Parkgate__Entry *entry = NULL;
        TRY(read_place(ctl, page, middle + 1, &entry, fault));
        bool before = entry->time_us < from_us;
        parkgate__entry__free_unpacked(entry, NULL);
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    page->after = low;
    return ERR_OK;
}

/* Where the page begins. False: refused. */
static bool read_start(struct controller *ctl, struct request *request,
                       const struct event_filter *filter, int64_t *ret_from_us,
                       struct event_page *page)
{
    const char *reason = request_arg(request, "reason");
    page->looks_up = reason != NULL && reason[0] != '\0';
    if (page->looks_up && (filter->lane == NULL || filter->lane[0] == '\0')) {
        return request_refuse(request, ERROR_ARG_MISSING, "lane", NULL, NULL);
    }
    return request_number_or_none(request, "after", INT64_MAX, &page->after) &&
           request_number_or_none(request, "limit", LIMIT_ROWS_PER_MESSAGE, &page->limit) &&
           (request_arg(request, "from") == NULL ||
            request_moment(ctl, request, "from", false, ret_from_us));
}

/* The marks that lead on; whoever is told sequences as the chain has them gets these. */
static enum err note_places(struct controller *ctl, const struct event_page *page,
                            struct fault *fault)
{
    uint64_t after = page->after;
    uint64_t head = page->head;
    if (!page->hits && sight_of_chain(page->request)) {
        TRY(hidden_sequence(ctl->txn, page->after, &after, fault));
        TRY(hidden_sequence(ctl->txn, page->head, &head, fault));
    }
    answer_note_number(page->request->answer, "after", (int64_t)after);
    answer_note_number(page->request->answer, "head", (int64_t)head);
    return ERR_OK;
}

static enum err find_head(struct controller *ctl, struct event_page *page, struct fault *fault)
{
    struct journal_head head;
    TRY(journal_head(ctl->txn, &head, fault));
    TRY(journal_first(ctl->txn, &page->gone, fault));
    page->gone -= page->gone > 0;
    page->head = head.sequence;
    if (page->hits) {
        return ERR_OK;
    }
    if (page->after != UINT64_MAX && sight_of_chain(page->request)) {
        TRY(hidden_shown(ctl->txn, page->after, &page->after, fault));
    }
    TRY(hidden_shown(ctl->txn, page->gone, &page->gone, fault));
    return hidden_shown(ctl->txn, head.sequence, &page->head, fault);
}

static enum err on_events(struct controller *ctl, struct request *request, struct fault *fault)
{
    int64_t from_us = 0;
    enum err err = ERR_OK;
    struct event_page page = {.request = request,
                              .hits = sight_of_hits(request),
                              .after = UINT64_MAX,
                              .limit = EVENTS_DEFAULT};
    struct event_filter filter = {.kind = request_arg(request, "kind"),
                                  .lane = request_arg(request, "lane")};
    const char *follow = request_arg(request, "follow");
    bool follows = follow != NULL && strcmp(follow, "yes") == 0;
    if (!read_start(ctl, request, &filter, &from_us, &page)) {
        return ERR_OK;
    }
    TRY(find_head(ctl, &page, fault));
    page.after = page.after < page.gone ? page.gone : page.after;
    if (page.after == UINT64_MAX) {
        TRY(from_us != 0 ? find_moment(ctl, from_us, &page, fault)
                         : look_back(ctl, &filter, &page, fault));
    }
    answer_columns(request->answer, ENTRY_WORD_COLUMNS);
    TRY(fill_events(ctl, &filter, &page, fault));
    if (follows && page.shown == 0 && page.after >= page.head && !waiters_is_last_time(ctl) &&
        waiters_follow(ctl, request)) {
        return ERR_OK;
    }
    TRY(note_places(ctl, &page, fault));
    if (page.seen_count > 0) {
        (void)request_lookup_lane(ctl, request, page.seen, page.seen_count,
                                  request_arg(request, "reason"), &err, fault);
    }
    return err;
}

/* --- headcount --- */

static enum err on_headcount_show(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    struct headcount_question question = {.date = controller_today(ctl)};
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t cursor_size = 0;
    const char *by = request_arg(request, "by");
    const char *bound = request_bound_tenant(request);
    if (!request_date_or_none(request, "date", &question.date) ||
        !request_name_or_none(request, "tenant", &question.tenant) ||
        !request_name_or_none(request, "zone", &question.zone) ||
        !request_cursor(request, cursor, &cursor_size)) {
        return ERR_OK;
    }
    if (!headcount_by_from_text(by == NULL ? "" : by, &question.by)) {
        (void)request_refuse(request, ERROR_ARG_BAD, "by", by, "kind or hour");
        return ERR_OK;
    }
    if (bound != NULL) {
        if (question.zone.text[0] != '\0' ||
            (question.tenant.text[0] != '\0' && strcmp(question.tenant.text, bound) != 0)) {
            (void)request_refuse(request, ERROR_NOT_YOUR_TENANT, bound, NULL, NULL);
            return ERR_OK;
        }
        (void)name_from_text(bound, &question.tenant);
    }
    if (question.tenant.text[0] != '\0' && park_tenant(ctl->park, question.tenant) == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "tenant", question.tenant.text, NULL);
        return ERR_OK;
    }
    if (question.zone.text[0] != '\0' && park_zone(ctl->park, question.zone) == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "zone", question.zone.text, NULL);
        return ERR_OK;
    }
    question.after = (struct bytes){.data = cursor, .size = cursor_size};
    return headcount_show(ctl->txn, &ctl->tz, &question, request->answer, fault);
}

static enum err on_headcount_why(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    struct handle person;
    int32_t date = 0;
    const char *given = request_arg(request, "date");
    const char *reason = NULL;
    enum err err = ERR_OK;
    Parkgate__HolderRecord *holder = NULL;
    if (!request_handle(request, "person", &person) || !request_need(request, "reason", &reason) ||
        !request_date_or_none(request, "date", &date)) {
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, person, "person", &holder, fault));
    if (holder == NULL) {
        return ERR_OK;
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    if (!request_lookup(ctl, request, &person, 1, reason, &err, fault)) {
        return err;
    }
    const char *bound = request_bound_tenant(request);
    struct name own = {{0}};
    if (bound != NULL) {
        (void)name_from_text(bound, &own);
    }
    return headcount_why(ctl->txn, &ctl->tz, person, bound == NULL ? NULL : &own,
                         given == NULL || given[0] == '\0' ? NULL : &date, request->answer, fault);
}

/* --- who --- */

struct named {
    struct controller *ctl;
    size_t count;
    struct handle shown[LIMIT_NAMES_PER_LOOKUP];
};

static void name_of_person(void *ctx, struct handle person, char *out, size_t size)
{
    struct named *named = ctx;
    Parkgate__HolderRecord *holder = NULL;
    Parkgate__Identity *identity = NULL;
    struct fault fault;
    (void)snprintf(out, size, "(erased)");
    if (people_holder(named->ctl->txn, person, &holder, &fault) != ERR_OK) {
        return;
    }
    if (request_identity(named->ctl, holder, &identity, &fault) == ERR_OK) {
        (void)snprintf(out, size, "%s", identity->name);
        parkgate__identity__free_unpacked(identity, NULL);
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    if (named->count < LIMIT_NAMES_PER_LOOKUP) {
        named->shown[named->count++] = person;
    }
}

static enum err on_who(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct who_question question = {0};
    struct named named = {.ctl = ctl};
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t cursor_size = 0;
    const char *names = request_arg(request, "names");
    const char *reason = NULL;
    const char *bound = request_bound_tenant(request);
    bool with_names = names != NULL && strcmp(names, "yes") == 0;
    enum err err = ERR_OK;
    if (!request_name_or_none(request, "tenant", &question.tenant) ||
        !request_name_or_none(request, "zone", &question.zone) ||
        !request_cursor(request, cursor, &cursor_size) ||
        (with_names && !request_need(request, "reason", &reason))) {
        return ERR_OK;
    }
    if (bound != NULL) {
        if (question.tenant.text[0] != '\0' && !request_owns(request, question.tenant.text)) {
            return ERR_OK;
        }
        (void)name_from_text(bound, &question.tenant);
    }
    if (question.tenant.text[0] != '\0' && park_tenant(ctl->park, question.tenant) == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "tenant", question.tenant.text, NULL);
        return ERR_OK;
    }
    question.after = (struct bytes){.data = cursor, .size = cursor_size};
    if (with_names) {
        question.row_limit = LIMIT_NAMES_PER_LOOKUP;
        question.name_of = name_of_person;
        question.ctx = &named;
    }
    TRY(who_list(ctl->txn, &question, request->answer, fault));
    if (named.count > 0) {
        (void)request_lookup(ctl, request, named.shown, named.count, reason, &err, fault);
    }
    return err;
}

/* --- the journal --- */

static void note_hash(struct answer *a, const char *name, const struct seal_hash *hash)
{
    char text[2 * SEAL_HASH_SIZE + 1];
    bytes_to_hex(BYTES_OF(hash->bytes), text, sizeof(text));
    answer_note(a, name, text);
}

static enum err on_journal_head(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    struct journal_head head;
    TRY(journal_head(ctl->txn, &head, fault));
    answer_note_number(request->answer, "seq", (int64_t)head.sequence);
    note_hash(request->answer, "hash", &head.hash);
    answer_note_number(request->answer, "time_us", head.time.us);
    return ERR_OK;
}

/* Of an entry that is past: to who gives a reason, counted; to others not. */
static enum err show_who(struct controller *ctl, struct request *request, struct entry_words *words,
                         struct fault *fault)
{
    struct handle who;
    enum err err = ERR_OK;
    const char *reason = request_arg(request, "reason");
    if (reason == NULL || reason[0] == '\0') {
        words->who[0] = '\0';
    } else if (handle_from_text(words->who, &who)) {
        (void)request_lookup(ctl, request, &who, 1, reason, &err, fault);
    }
    return err;
}

/* One that never was, or that was cut off. */
static enum err refuse_entry(struct controller *ctl, struct request *request, uint64_t sequence,
                             struct fault *fault)
{
    uint64_t first = 0;
    char text[24];
    TRY(journal_first(ctl->txn, &first, fault));
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)first);
    if (sequence > 0 && sequence < first) {
        (void)request_refuse(request, ERROR_ENTRY_GONE, request_arg(request, "seq"), text, NULL);
    } else {
        (void)request_refuse(request, ERROR_NOT_FOUND, "entry", request_arg(request, "seq"), NULL);
    }
    return ERR_OK;
}

static enum err on_journal_show(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    uint64_t sequence = 0;
    Parkgate__Entry *entry = NULL;
    struct seal_hash hash;
    struct entry_words words;
    if (!request_number_or_none(request, "seq", UINT64_MAX - 1, &sequence)) {
        return ERR_OK;
    }
    enum err err = read_entry(ctl, sequence, &entry, &hash, fault);
    if (err == ERR_NOT_FOUND) {
        return refuse_entry(ctl, request, sequence, fault);
    }
    TRY(err);
    entry_words_of(entry, &words);
    if (hidden_kind(entry->kind) && !sight_of_hits(request)) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "entry", request_arg(request, "seq"), NULL);
    } else if (words.of_holder && is_past(ctl, entry)) {
        err = show_who(ctl, request, &words, fault);
    }
    if (err != ERR_OK || request->answer->complaint.number != 0) {
        parkgate__entry__free_unpacked(entry, NULL);
        return err;
    }
    answer_note_number(request->answer, "seq", (int64_t)entry->sequence);
    answer_note_number(request->answer, "time_us", entry->time_us);
    answer_note(request->answer, "kind", words.kind);
    answer_note(request->answer, "actor", entry->actor);
    answer_note(request->answer, "gate", words.gate);
    answer_note(request->answer, "lane", words.lane);
    answer_note(request->answer, "tenant", words.tenant);
    answer_note(request->answer, "who", words.who);
    answer_note(request->answer, "verdict", words.verdict);
    answer_note(request->answer, "reason", words.reason);
    answer_note(request->answer, "text", words.text);
    answer_note_number(request->answer, "config_version", (int64_t)entry->config_version);
    answer_note_number(request->answer, "body_bytes", (int64_t)(entry->body.len - words.hidden));
    note_hash(request->answer, "hash", &hash);
    parkgate__entry__free_unpacked(entry, NULL);
    return ERR_OK;
}

/* --- jobs: processes of their own --- */

static enum err on_journal_verify(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    static const char *const args[] = {"verify", NULL};
    (void)fault;
    (void)waiters_start_job(ctl, request, args);
    return ERR_OK;
}

static enum err on_headcount_verify(struct controller *ctl, struct request *request,
                                    struct fault *fault)
{
    static const char *const args[] = {"recount", NULL};
    (void)fault;
    (void)waiters_start_job(ctl, request, args);
    return ERR_OK;
}

static enum err on_backup(struct controller *ctl, struct request *request, struct fault *fault)
{
    const char *dir = NULL;
    struct journal_head head;
    Parkgate__BackupEntry entry = PARKGATE__BACKUP_ENTRY__INIT;
    if (!request_need(request, "dir", &dir)) {
        return ERR_OK;
    }
    if (dir[0] != '/') {
        (void)request_refuse(request, ERROR_ARG_BAD, "dir", dir,
                             "a path from the root, on the controller's machine");
        return ERR_OK;
    }
    TRY(journal_head(ctl->txn, &head, fault));
    entry.dir = field_text(dir);
    entry.at_sequence = head.sequence;
    TRY(controller_record(ctl, ENTRY_BACKUP, request->key->name, &entry.base, fault));
    const char *const args[] = {"backup", dir, NULL};
    (void)waiters_start_job(ctl, request, args);
    return ERR_OK;
}

const struct verb_handler verbs_of_records[] = {
    {"events",           on_events          },
    {"headcount.show",   on_headcount_show  },
    {"headcount.why",    on_headcount_why   },
    {"headcount.verify", on_headcount_verify},
    {"who",              on_who             },
    {"journal.head",     on_journal_head    },
    {"journal.verify",   on_journal_verify  },
    {"journal.show",     on_journal_show    },
    {"backup",           on_backup          },
};
const size_t verbs_of_records_count = ARRAY_LEN(verbs_of_records);
