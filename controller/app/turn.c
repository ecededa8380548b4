#include "controller/app/turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "controller/app/agents.h"
#include "controller/app/alerts.h"
#include "controller/app/anchors.h"
#include "controller/app/approaches.h"
#include "controller/app/ballast.h"
#include "controller/app/batch.h"
#include "controller/app/candidates.h"
#include "controller/app/checkpoints.h"
#include "controller/app/copies.h"
#include "controller/app/disclosure.h"
#include "controller/app/dispositions.h"
#include "controller/app/emergency.h"
#include "controller/app/erasure.h"
#include "controller/app/muster_feed.h"
#include "controller/app/notices.h"
#include "controller/app/own_clock.h"
#include "controller/app/park_change.h"
#include "controller/app/recall.h"
#include "controller/app/request.h"
#include "controller/app/retention.h"
#include "controller/app/subjects.h"
#include "controller/app/waiters.h"
#include "controller/app/watch.h"
#include "controller/journal/journal.h"
#include "controller/store/key_store.h"
#include "schema/verbs.h"

static enum err genesis(struct controller *ctl, const Parkgate__Genesis *park, struct fault *fault)
{
    struct complaint c = {0};
    enum err err = ERR_OK;
    if (park == NULL) {
        return fault_set(fault, ERR_NOT_FOUND,
                         "the store is empty and genesis.pb is missing; run parkgate init");
    }
    TRY(store_begin_write(ctl->store, &ctl->txn, fault));
    if (!park_change_genesis(ctl, park, &c, &err, fault)) {
        char why[512];
        store_txn_destroy(&ctl->txn);
        error_sentence_en(&c, why, sizeof(why));
        return err != ERR_OK ? err : fault_set(fault, ERR_INPUT, "genesis.pb: %s", why);
    }
    return store_commit(&ctl->txn, fault);
}

static enum err load_or_begin(struct controller *ctl, const struct turn_options *options,
                              struct fault *fault)
{
    struct journal_head head;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_read(ctl->store, &txn, fault));
    TRY(journal_head(txn, &head, fault));
    own_clock_begin(ctl, head.time);
    if (head.sequence > 0) {
        return controller_reload(ctl, txn, fault);
    }
    store_txn_destroy(&txn);
    return genesis(ctl, options->genesis, fault);
}

enum err turn_create(const struct turn_options *options, struct controller **ret_ctl,
                     struct fault *fault)
{
    static input_worker *const workers[PORT_COUNT] = {
        [PORT_AGENTS] = agents_input,
        [PORT_OPERATORS] = requests_input,
        [PORT_ENROL] = agents_enrol_input,
        [PORT_STATIONS] = requests_input,
    };
    struct controller *ctl = calloc(1, sizeof(*ctl));
    if (ctl != NULL) {
        ctl->park = calloc(1, sizeof(*ctl->park));
        ctl->batch = batch_create(workers);
        ctl->waiters = waiters_create();
        ctl->copies = copies_create(&options->gates_key);
        ctl->muster = muster_feed_create();
    }
    if (ctl == NULL || ctl->park == NULL || ctl->batch == NULL || ctl->waiters == NULL ||
        ctl->copies == NULL || ctl->muster == NULL) {
        return fault_set(fault, ERR_IO, "controller: out of memory");
    }
    ctl->store = options->store;
    ctl->keys = options->keys;
    ctl->entropy = options->entropy;
    ctl->index_keys = options->index_keys;
    ctl->recovery_key = options->recovery_key;
    ctl->sign_key = options->sign_key;
    ctl->anchors.has_former_key = options->has_former_sign_key;
    ctl->anchors.former_key = options->former_sign_key;
    ctl->outlet = options->outlet;
    ctl->endpoints = options->endpoints;
    ctl->in_work = options->in_work;
    ctl->now = options->now;
    ctl->mono = options->mono;
    ctl->started = options->mono;
    ctl->emergency_waits = true;
    (void)snprintf(ctl->zoneinfo, sizeof(ctl->zoneinfo), "%s", options->zoneinfo);
    tz_utc(&ctl->tz);
    enum err err = load_or_begin(ctl, options, fault);
    if (err != ERR_OK) {
        turn_destroy(&ctl);
        return err;
    }
    *ret_ctl = ctl;
    return ERR_OK;
}

void turn_destroy(struct controller **ctl)
{
    if (*ctl == NULL) {
        return;
    }
    store_txn_destroy(&(*ctl)->txn);
    store_txn_destroy(&(*ctl)->keys_txn);
    erasure_end(*ctl);
    batch_destroy(&(*ctl)->batch);
    waiters_destroy(&(*ctl)->waiters);
    copies_destroy(&(*ctl)->copies);
    muster_feed_destroy(&(*ctl)->muster);
    disclosing_destroy(&(*ctl)->disclosing);
    seal_wipe(&(*ctl)->index_keys, sizeof((*ctl)->index_keys));
    seal_wipe(&(*ctl)->recall_day, sizeof((*ctl)->recall_day));
    seal_wipe(&(*ctl)->recovery_key, sizeof((*ctl)->recovery_key));
    seal_wipe(&(*ctl)->sign_key, sizeof((*ctl)->sign_key));
    seal_wipe(&(*ctl)->anchors, sizeof((*ctl)->anchors));
    free((*ctl)->park);
    free(*ctl);
    *ctl = NULL;
}

void turn_begin(struct controller *ctl, struct wall now, struct mono mono)
{
    ctl->now = now;
    ctl->mono = mono;
    ctl->day_boxes = 0;
}

void turn_frame(struct controller *ctl, enum port port, const struct link_peer *peer,
                const struct link_key *key, struct bytes frame)
{
    struct input input = {.port = port, .peer = *peer, .key = *key, .frame = frame};
    batch_take(ctl, &input);
}

void turn_tick(struct controller *ctl)
{
    ballast_tick(ctl);
    own_clock_tick(ctl);
    anchors_tick(ctl);
    agents_tick(ctl);
    recall_tick(ctl);
    emergency_tick(ctl);
    notices_tick(ctl);
    dispositions_tick(ctl);
    subjects_tick(ctl);
    watch_tick(ctl);
    alerts_tick(ctl);
    candidates_tick(ctl);
    approaches_tick(ctl);
    erasure_tick(ctl);
    retention_tick(ctl);
    checkpoints_tick(ctl);
    waiters_turn(ctl, false);
}

void turn_job_done(struct controller *ctl, uint64_t job, int status, const char *output)
{
    if (!erasure_job_done(ctl, job, status, output) &&
        !checkpoints_job_done(ctl, job, status, output)) {
        waiters_job_done(ctl, job, status, output);
    }
}

/* The sooner of two waits; negative: none. */
static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return b_ms < 0 || (a_ms >= 0 && a_ms < b_ms) ? a_ms : b_ms;
}

int64_t turn_end(struct controller *ctl)
{
    if (batch_due_ms(ctl) == 0) {
        batch_commit(ctl);
    }
    if (ctl->commits != ctl->commits_told) {
        ctl->commits_told = ctl->commits;
        waiters_turn(ctl, true);
        batch_commit(ctl); /* their answers; these change nothing, so nobody is woken again */
        ctl->commits_told = ctl->commits;
    }
    int64_t work_ms = erasure_turn(ctl);
    if (!erasure_holds_jobs(ctl)) {
        waiters_start_jobs(ctl);
    }
    work_ms = sooner(work_ms, watch_turn(ctl));
    work_ms = sooner(work_ms, checkpoints_turn(ctl));
    int64_t batch_ms = batch_due_ms(ctl);
    return sooner(sooner(sooner(batch_ms, work_ms), copies_turn(ctl)), muster_feed_turn(ctl));
}

bool turn_is_over(const struct controller *ctl)
{
    return ctl->stores_over;
}

void turn_committed(struct controller *ctl, int64_t us)
{
    gauges_commit(&ctl->gauges, us);
}

void turn_verdict_sent(struct controller *ctl, int64_t us)
{
    gauges_add(&ctl->gauges.inside, us);
}

uint64_t turn_commits(const struct controller *ctl)
{
    return ctl->commits;
}

bool turn_did_bulk(const struct controller *ctl)
{
    return ctl->gauges.turn_rows > 0;
}

void turn_took(struct controller *ctl, int64_t us)
{
    gauges_turn_end(&ctl->gauges, us);
}

void turn_process(struct controller *ctl, const struct process_figures *figures)
{
    ctl->process = *figures;
}

bool turn_allows(struct controller *ctl, enum port port, const struct link_key *key)
{
    struct fault fault = {0};
    Parkgate__KeyRecord *record = NULL;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    if (port == PORT_ENROL) {
        return true; /* a new box's key cannot be known; the one-time code judges it */
    }
    if (store_begin_read(ctl->store, &txn, &fault) != ERR_OK ||
        key_get(txn, BYTES_OF(key->bytes), &record, &fault) != ERR_OK) {
        return false;
    }
    bool is_agent = (record->roles & 1U << ROLE_AGENT) != 0;
    bool is_station = (record->roles & 1U << ROLE_STATION) != 0;
    parkgate__key_record__free_unpacked(record, NULL);
    /* revoked ones too: they are told why */
    return is_agent == (port == PORT_AGENTS) && is_station == (port == PORT_STATIONS);
}
