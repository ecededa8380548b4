/* What the park tells a station: of its newest bundle, and of hits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/watch/watch_receipt.h"
#include "tests/sim/station.h"

/* In the place of an id whose key is destroyed. */
#define ERASED "0.erased"

/* What the park says of an entry is what the list has, but for what changed just now. */
static void check_row(const struct station *station, const struct listed *listed,
                      const struct watch_receipt *receipt, const struct watch_receipt_row *row)
{
    bool just_now = listed->changed > receipt->made.us - LIST_TURN_US;
    bool suspended = list_is_suspended(station->number);
    bool over = receipt->made.us >= listed->until;
    bool renewal =
        receipt->made.us < listed->renewed_until && (row->kind == WATCH_CHANGE_RENEW || over);
    bool acts = listed->state == LISTED_ACTS && !over && !renewal;
    bool waits = (listed->state == LISTED_WAITS && !over) || renewal;
    if (just_now || suspended || row->state == WATCH_STATE_SUSPENDED) {
        return;
    }
    if ((row->state == WATCH_STATE_ACTING) != acts ||
        (row->state == WATCH_STATE_WAITING) != waits) {
        sim_fail(
            "I6", "a receipt says that entry %s is in state %u; here it is in %d, until %.1f s",
            listed->id, row->state, (int)listed->state, (double)(listed->until - sim.began) / 1e6);
    }
}

void receipt_check(const struct station *station, const Parkgate__Reply *reply)
{
    static struct watch_receipt_row rows[WATCH_RECEIPT_ROWS];
    struct watch_receipt receipt;
    struct sign_value signature;
    struct complaint c = {0};
    const struct said_bundle *said = list_said(station->said);
    bool good = reply->n_cell == 2 && reply->cell[1].len == sizeof(signature.bytes);
    if (good) {
        memcpy(signature.bytes, reply->cell[1].data, sizeof(signature.bytes));
        good = watch_receipt_check(
            (struct bytes){.data = reply->cell[0].data, .size = reply->cell[0].len}, &signature,
            &station->park_sign, &receipt, rows, &c);
    }
    if (!good || receipt.number != station->applied || receipt.changes != said->change_count ||
        memcmp(&receipt.digest, &said->digest, sizeof(said->digest)) != 0) {
        sim_fail("I6", "the receipt of bundle %llu of %s is none",
                 (unsigned long long)station->applied, list_authority_name(station->number));
    }
    for (uint32_t i = 0; i < receipt.told; i++) {
        const struct listed *listed = list_at(said->changes[receipt.first - 1 + i].listed);
        bool erased = listed->state == LISTED_OVER && strcmp(rows[i].id, ERASED) == 0;
        if ((strcmp(listed->id, rows[i].id) != 0 && !erased) ||
            rows[i].kind != said->changes[receipt.first - 1 + i].kind) {
            sim_fail("I6", "a receipt tells of entry %s in the place of %s", rows[i].id,
                     listed->id);
        }
        check_row(station, listed, &receipt, &rows[i]);
    }
}

/* Hits come one after the other, none twice, none left out. */
void receipt_hits(struct station *station, const Parkgate__Reply *reply)
{
    enum { COLUMNS = 8 };
    for (size_t i = 0; i + COLUMNS <= reply->n_cell; i += COLUMNS) {
        char text[24];
        (void)snprintf(text, sizeof(text), "%.*s", (int)reply->cell[i].len,
                       (const char *)reply->cell[i].data);
        if (strtoull(text, NULL, 10) != ++station->hits) {
            sim_fail("I6", "%s is told hit %s after hit %llu", list_authority_name(station->number),
                     text, (unsigned long long)station->hits - 1);
        }
    }
}
