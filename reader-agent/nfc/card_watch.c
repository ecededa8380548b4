#include "reader-agent/nfc/card_watch.h"

#include <stddef.h>
#include <string.h>

static bool is_same(const struct card *a, const struct card *b)
{
    return a->uid_size == b->uid_size && memcmp(a->uid, b->uid, a->uid_size) == 0;
}

/* Its place, or CARDS_MAX. */
static size_t find(const struct card_watch *watch, const struct card *card)
{
    size_t i = 0;
    while (i < CARDS_MAX && !is_same(&watch->present[i], card)) {
        i++;
    }
    return i;
}

static size_t longest_missed(const struct card_watch *watch)
{
    size_t oldest = 0;
    for (size_t i = 0; i < CARDS_MAX; i++) {
        if (watch->present[i].uid_size == 0) {
            return i;
        }
        if (watch->misses[i] > watch->misses[oldest]) {
            oldest = i;
        }
    }
    return oldest;
}

/* All but the one at `seen`. */
static void count_misses(struct card_watch *watch, size_t seen)
{
    for (size_t i = 0; i < CARDS_MAX; i++) {
        if (i != seen && watch->present[i].uid_size > 0 && ++watch->misses[i] >= CARD_MISSES) {
            watch->present[i].uid_size = 0;
        }
    }
}

bool card_watch_poll(struct card_watch *watch, const struct card *seen)
{
    if (seen->uid_size == 0) {
        count_misses(watch, CARDS_MAX);
        return false;
    }
    size_t place = find(watch, seen);
    bool is_new = place == CARDS_MAX;
    if (is_new) {
        place = longest_missed(watch);
        watch->present[place] = *seen;
    }
    watch->misses[place] = 0;
    count_misses(watch, place);
    return is_new;
}

void card_watch_forget(struct card_watch *watch, const struct card *card)
{
    size_t place = find(watch, card);
    if (card->uid_size > 0 && place < CARDS_MAX) {
        watch->present[place].uid_size = 0;
    }
}

bool card_is_random(const struct card *card)
{
    return card->uid_size == 4 && card->uid[0] == 0x08;
}
