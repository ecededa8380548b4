#include "controller/app/anchors.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/batch.h"
#include "controller/app/faults.h"
#include "controller/app/park_sign.h"
#include "controller/journal/journal.h"
#include "controller/store/sign_key_store.h"
#include "schema/envelope.h"

/* --- the key --- */

static bool same_key(const struct sign_public *a, const struct sign_public *b)
{
    return seal_equal(BYTES_OF(a->bytes), BYTES_OF(b->bytes));
}

static void vouch(const struct sign_key *former, const struct sign_public *key,
                  struct sign_value *ret)
{
    char hex[2 * SIGN_KEY_SIZE + 1];
    char text[sizeof(hex) + 64];
    bytes_to_hex(BYTES_OF(key->bytes), hex, sizeof(hex));
    (void)snprintf(text, sizeof(text), "parkgate sign key 1\n%s\n", hex);
    sign_make(former, bytes_of_text(text), ret);
}

/* Names the key in the journal; in ctl->txn. */
static enum err name_key(struct controller *ctl, void *ctx, struct fault *fault)
{
    Parkgate__SignKeyRecord record = PARKGATE__SIGN_KEY_RECORD__INIT;
    struct sign_public key = park_sign_public(ctl);
    struct sign_public before;
    struct sign_value value;
    (void)ctx;
    enum err err = sign_key_newest(ctl->txn, &before, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    record.public_key = field_of(BYTES_OF(key.bytes));
    struct sign_public former = sign_public_of(&ctl->anchors.former_key);
    if (err == ERR_OK && ctl->anchors.has_former_key && same_key(&former, &before)) {
        vouch(&ctl->anchors.former_key, &key, &value);
        record.vouched = field_of(BYTES_OF(value.bytes));
    } else if (err == ERR_OK) {
        TRY(fault_note(ctl, &fault_sign_key_changed, "", "", "", fault));
    }
    return controller_record(ctl, ENTRY_SIGN_KEY, "", &record.base, fault);
}

/* Is the key that signs the newest that the durable journal names? */
static enum err look_for_key(struct controller *ctl, struct store_txn *txn, struct fault *fault)
{
    struct sign_public named;
    struct sign_public key = park_sign_public(ctl);
    enum err err = sign_key_newest(txn, &named, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    ctl->anchors.key_is_named = err == ERR_OK && same_key(&named, &key);
    return ERR_OK;
}

static enum err name_at_start(struct controller *ctl, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_read(ctl->store, &txn, fault));
    TRY(look_for_key(ctl, txn, fault));
    store_txn_destroy(&txn);
    if (ctl->anchors.key_is_named) {
        return ERR_OK;
    }
    TRY(store_begin_write(ctl->store, &ctl->txn, fault));
    enum err err = name_key(ctl, NULL, fault);
    if (err == ERR_OK) {
        return store_commit(&ctl->txn, fault);
    }
    store_txn_destroy(&ctl->txn);
    return err;
}

void anchors_begin(struct controller *ctl)
{
    struct fault fault = {0};
    if (ctl->outlet.anchor != NULL && name_at_start(ctl, &fault) != ERR_OK) {
        log_error("anchor_failed", LOG_TEXT("what", fault.what));
    }
}

void anchors_use_key(struct controller *ctl, const struct sign_key *key)
{
    ctl->anchors.former_key = ctl->sign_key;
    ctl->anchors.has_former_key = true;
    ctl->anchors.key_is_named = false;
    ctl->anchors.next = ctl->mono;
    ctl->sign_key = *key;
}

bool anchors_key_is_named(const struct controller *ctl)
{
    return ctl->anchors.key_is_named;
}

/* --- the head --- */

static enum err make_anchor(struct controller *ctl, struct store_txn *txn, struct anchor *ret,
                            struct fault *fault)
{
    char text[ANCHOR_LINE_SIZE];
    struct journal_head head;
    struct anchor anchor = {.time = ctl->now};
    struct sign_public key = park_sign_public(ctl);
    TRY(journal_head(txn, &head, fault));
    TRY(journal_branch(txn, anchor.branch, fault));
    anchor.sequence = head.sequence;
    anchor.hash = head.hash;
    sign_key_id(&key, anchor.key);
    park_sign(ctl, anchor_message(&anchor, text), &anchor.value);
    *ret = anchor;
    return ERR_OK;
}

static void tell_gates(struct controller *ctl, const struct sign_public *key, const char *line)
{
    static uint8_t frame[LIMIT_FRAME_BYTES]; /* one thread */
    Parkgate__Anchor message = PARKGATE__ANCHOR__INIT;
    message.line = field_text(line);
    message.key = field_of(BYTES_OF(key->bytes));
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        if (!session->used || session->away || ctl->commits == session->welcome_commit) {
            continue;
        }
        size_t size = envelope_write(session->version, MESSAGE_ANCHOR, 0, &message.base, frame,
                                     sizeof(frame));
        ctl->outlet.send(ctl->outlet.ctx, PORT_AGENTS, &session->peer,
                         (struct bytes){.data = frame, .size = size});
    }
}

static enum err anchor_head(struct controller *ctl, struct fault *fault)
{
    struct anchor anchor;
    char line[ANCHOR_LINE_SIZE];
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_read(ctl->store, &txn, fault));
    TRY(look_for_key(ctl, txn, fault));
    if (!ctl->anchors.key_is_named) {
        return ERR_OK;
    }
    TRY(make_anchor(ctl, txn, &anchor, fault));
    if (anchor.sequence == ctl->anchors.newest.sequence) {
        return ERR_OK;
    }
    struct sign_public key = park_sign_public(ctl);
    anchor_to_line(&anchor, line);
    ctl->anchors.newest = anchor;
    ctl->anchors.newest_key = key;
    ctl->anchors.export_failing = !ctl->outlet.anchor(ctl->outlet.ctx, "park", &key, line);
    tell_gates(ctl, &key, line);
    return ERR_OK;
}

void anchors_tick(struct controller *ctl)
{
    struct fault fault = {0};
    struct anchors *a = &ctl->anchors;
    if (ctl->outlet.anchor == NULL) {
        return;
    }
    if (a->next.us == 0) {
        a->next = mono_after_ms(ctl->mono, ANCHOR_FIRST_MS);
    }
    if (mono_before(ctl->mono, a->next)) {
        return;
    }
    if (anchor_head(ctl, &fault) != ERR_OK) {
        log_error("anchor_failed", LOG_TEXT("what", fault.what));
    } else if (!a->key_is_named) {
        batch_run(ctl, name_key, NULL); /* the next tick anchors it */
        return;
    }
    a->next = mono_after_ms(ctl->mono, ANCHOR_EVERY_MS);
}

/* --- what gates show --- */

static enum err judge(struct controller *ctl, const struct anchor *anchor, enum anchor_word *ret,
                      struct fault *fault)
{
    struct sign_public key;
    struct journal_head head;
    struct bytes packed;
    struct seal_hash hash;
    uint8_t branch[ANCHOR_BRANCH_SIZE];
    enum err err = sign_key_find(ctl->txn, anchor->key, &key, fault);
    if (err != ERR_OK || !anchor_is_good(anchor, &key)) {
        *ret = ANCHOR_SHOWN_UNPROVED;
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    TRY(journal_branch(ctl->txn, branch, fault));
    TRY(journal_head(ctl->txn, &head, fault));
    *ret = ANCHOR_SHOWN_GOOD;
    if (memcmp(branch, anchor->branch, sizeof(branch)) != 0) {
        return ERR_OK; /* of before a restore, or made for another journal: the job tells */
    }
    uint64_t first = 0;
    TRY(journal_first(ctl->txn, &first, fault));
    if (anchor->sequence < first) {
        *ret = ANCHOR_SHOWN_BEHIND; /* that entry is gone, behind a checkpoint */
        return ERR_OK;
    }
    err = anchor->sequence > head.sequence
              ? ERR_NOT_FOUND
              : journal_read(ctl->txn, anchor->sequence, &packed, &hash, fault);
    if (err == ERR_NOT_FOUND ||
        (err == ERR_OK && !seal_equal(BYTES_OF(hash.bytes), BYTES_OF(anchor->hash.bytes)))) {
        *ret = ANCHOR_SHOWN_CONTRADICTS;
        return ERR_OK;
    }
    return err;
}

/* A gate that was away has the newest at once. After WELCOME, which it needs first. */
static void tell_newest(struct controller *ctl, const struct session *session)
{
    char line[ANCHOR_LINE_SIZE];
    Parkgate__Anchor message = PARKGATE__ANCHOR__INIT;
    if (ctl->anchors.newest.sequence == 0 ||
        ctl->anchors.newest.sequence == session->anchor.sequence) {
        return;
    }
    anchor_to_line(&ctl->anchors.newest, line);
    message.line = field_text(line);
    message.key = field_of(BYTES_OF(ctl->anchors.newest_key.bytes));
    batch_send(ctl, PORT_AGENTS, &session->peer, session->version, MESSAGE_ANCHOR, 0,
               &message.base);
}

/* What a gate showed is kept beside the export, for the job and as evidence: each newer one once,
 * and what contradicts when it is first told. */
static void keep(struct controller *ctl, struct name gate, const char *line)
{
    char name[NAME_SIZE + 8];
    (void)snprintf(name, sizeof(name), "gate-%s", gate.text);
    (void)ctl->outlet.anchor(ctl->outlet.ctx, name, NULL, line);
}

static enum err take_shown(struct controller *ctl, struct session *session, const char *line,
                           bool newest, bool break_is_known, struct fault *fault)
{
    struct anchor anchor = {0};
    struct anchor_shown *shown = &session->anchor;
    enum anchor_word word = ANCHOR_SHOWN_UNPROVED;
    if (anchor_from_line(line, &anchor)) {
        TRY(judge(ctl, &anchor, &word, fault));
    }
    shown->word = word > shown->word ? word : shown->word;
    if (newest && word != ANCHOR_SHOWN_UNPROVED) {
        shown->sequence = anchor.sequence;
        shown->time = anchor.time;
    }
    bool fresh =
        newest && word == ANCHOR_SHOWN_GOOD && anchor.time.us > session->guard.anchor_kept.us;
    if (fresh || (word == ANCHOR_SHOWN_CONTRADICTS && !break_is_known)) {
        session->guard.anchor_kept = fresh ? anchor.time : session->guard.anchor_kept;
        keep(ctl, session->gate, line);
    }
    return ERR_OK;
}

enum err anchors_shown(struct controller *ctl, struct session *session,
                       const Parkgate__Hello *hello, struct fault *fault)
{
    bool known = true;
    session->anchor = (struct anchor_shown){0};
    if (ctl->outlet.anchor == NULL) {
        return ERR_OK;
    }
    TRY(fault_is_open(ctl, &fault_audit_break, "", &known, fault));
    for (size_t i = 0; i < hello->n_anchor && i < ANCHOR_SAMPLES_MAX; i++) {
        TRY(take_shown(ctl, session, hello->anchor[i], i == 0, known, fault));
    }
    tell_newest(ctl, session);
    if (session->anchor.word == ANCHOR_SHOWN_UNPROVED) {
        log_warning("anchor_unproved", LOG_TEXT("gate", session->gate.text));
    }
    return session->anchor.word == ANCHOR_SHOWN_CONTRADICTS
               ? fault_raise(ctl, &fault_audit_break, "", session->gate.text, "", fault)
               : ERR_OK;
}

/* --- what the whole check found --- */

static enum err take_finding(struct controller *ctl, void *ctx, struct fault *fault)
{
    const bool *whole = ctx;
    return *whole ? fault_end(ctl, &fault_audit_break, "", fault)
                  : fault_raise(ctl, &fault_audit_break, "", "", "", fault);
}

void anchors_job_done(struct controller *ctl, const char *output)
{
    static const char word[] = "\nfinding=";
    const char *found = strstr(output, word);
    if (found != NULL) {
        found += sizeof(word) - 1;
        bool whole = strncmp(found, "whole\n", 6) == 0;
        batch_run(ctl, take_finding, &whole);
    }
}

/* --- a restored backup --- */

static enum err record_restored(struct controller *ctl, uint64_t backup_sequence, bool *ret_wrote,
                                struct fault *fault)
{
    Parkgate__Restored entry = PARKGATE__RESTORED__INIT;
    uint8_t branch[ANCHOR_BRANCH_SIZE];
    uint64_t known = 0;
    enum err err = restored_backup(ctl->txn, &known, fault);
    *ret_wrote = false;
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_OK && known == backup_sequence) {
        return ERR_OK;
    }
    entropy_fill(ctl->entropy, branch, sizeof(branch));
    entry.backup_sequence = backup_sequence;
    entry.branch = field_of(BYTES_OF(branch));
    *ret_wrote = true;
    return controller_record(ctl, ENTRY_RESTORED, "", &entry.base, fault);
}

enum err anchors_restored(struct controller *ctl, uint64_t backup_sequence, struct fault *fault)
{
    bool wrote = false;
    TRY(store_begin_write(ctl->store, &ctl->txn, fault));
    enum err err = record_restored(ctl, backup_sequence, &wrote, fault);
    if (err == ERR_OK && wrote) {
        return store_commit(&ctl->txn, fault);
    }
    store_txn_destroy(&ctl->txn);
    return err;
}
