/* alert_store: what is kept of alerts. Written by project_alert.c alone. */
#pragma once

#include "common/base/clock.h"
#include "common/store/store.h"
#include "controller/core/alert.h"
#include "schema/record.pb-c.h"

/* ERR_NOT_FOUND: no such number. Free with parkgate__alert_record__free_unpacked(). */
MUST_CHECK enum err alert_get(struct store_txn *txn, uint64_t number, Parkgate__AlertRecord **ret,
                              struct fault *fault);
/* The number that people are told. Those of alerts that everybody may see follow each other; those
 * of alerts about somebody looked for are drawn from the large ones: no number tells how many of
 * them there were. The alert's own number, its place in the journal, leaves the controller nowhere.
 */
#define ALERT_LABEL_DRAWN UINT64_C(1000000000)
uint64_t alert_label(const Parkgate__AlertRecord *record);
/* By that number; as alert_get(). */
MUST_CHECK enum err alert_of_label(struct store_txn *txn, uint64_t label,
                                   Parkgate__AlertRecord **ret, struct fault *fault);
/* The next one of those that follow each other. */
MUST_CHECK enum err alert_next_label(struct store_txn *txn, uint64_t *ret, struct fault *fault);
MUST_CHECK enum err alert_label_is_free(struct store_txn *txn, uint64_t label, bool *ret,
                                        struct fault *fault);
/* For the projection. */
MUST_CHECK enum err alert_label_put(struct store_txn *txn, const Parkgate__AlertRecord *record,
                                    struct fault *fault);

/* The newest alert of a cause; *ret NULL: it never had one. */
MUST_CHECK enum err alert_of_fold(struct store_txn *txn, const char *fold,
                                  Parkgate__AlertRecord **ret, struct fault *fault);

/* An alert's place among those that are not closed: the most urgent first, then the oldest. */
struct alert_place {
    uint8_t priority;
    uint64_t number; /* 0: before the first of its priority */
};
/* The first one behind `after`. ERR_NOT_FOUND: none. */
MUST_CHECK enum err alert_next_open(struct store_txn *txn, struct alert_place after,
                                    struct alert_place *ret, struct fault *fault);
MUST_CHECK enum err alert_open_count(struct store_txn *txn, uint64_t *ret, struct fault *fault);

/* The newest alert before `number` (0: of all), closed ones among them. ERR_NOT_FOUND: none. */
MUST_CHECK enum err alert_before(struct store_txn *txn, uint64_t number,
                                 Parkgate__AlertRecord **ret, struct fault *fault);

/* The alert whose limit passes first, if it has passed by `now`. ERR_NOT_FOUND: none. */
MUST_CHECK enum err alert_first_due(struct store_txn *txn, struct wall now, uint64_t *ret_number,
                                    struct fault *fault);

/* The step behind journal sequence `after` of an alert (0: its first); *ret_sequence is its own.
 * ERR_NOT_FOUND: no more. Free with parkgate__alert_step__free_unpacked(). */
MUST_CHECK enum err alert_next_step(struct store_txn *txn, uint64_t number, uint64_t after,
                                    uint64_t *ret_sequence, Parkgate__AlertStep **ret,
                                    struct fault *fault);

/* What receivers outside are told, behind journal sequence `after`. ERR_NOT_FOUND: nothing more. */
struct alert_news_row {
    uint64_t sequence, number;
    uint32_t step; /* enum alert_step */
};
MUST_CHECK enum err alert_next_news(struct store_txn *txn, uint64_t after,
                                    struct alert_news_row *ret, struct fault *fault);
/* The oldest that is kept; 0: none. */
MUST_CHECK enum err alert_oldest_news(struct store_txn *txn, uint64_t *ret_sequence,
                                      struct fault *fault);

/* Does a receiver that has all up to `after` miss news that are not kept any more, because too many
 * came or they were past their term? *ret_last: the last before those that are kept; 0: no. */
MUST_CHECK enum err alert_news_missed(struct store_txn *txn, uint64_t after, uint64_t *ret_last,
                                      struct fault *fault);

/* Months and kinds of statistics: the row behind `after` (empty: the first), until month `until`
 * is over. The key's parts are copied. ERR_NOT_FOUND: no more. */
enum { ALERT_WORD_SIZE = 64, ALERT_SUM_KEY_MAX = 4 + 3 * ALERT_WORD_SIZE };
struct alert_sum_row {
    uint32_t month;
    char kind[ALERT_WORD_SIZE], authority[ALERT_WORD_SIZE], matcher[ALERT_WORD_SIZE];
    Parkgate__AlertSum *sum; /* parkgate__alert_sum__free_unpacked() */
    size_t key_size;
    uint8_t key[ALERT_SUM_KEY_MAX];
};
MUST_CHECK enum err alert_next_sum(struct store_txn *txn, uint32_t from, uint32_t until,
                                   struct bytes after, struct alert_sum_row *ret,
                                   struct fault *fault);

/* A record's part that the state machine knows. */
struct alert alert_of_record(const Parkgate__AlertRecord *record);
void alert_into_record(const struct alert *alert, Parkgate__AlertRecord *record);
