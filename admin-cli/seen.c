#include "admin-cli/seen.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

struct seen_slot {
    char *text; /* NULL: free */
    unsigned line;
};

/* FNV-1a. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (; *text != '\0'; text++) {
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3U;
    }
    return hash;
}

/* The slot that holds `text`, or the free one where it belongs. */
static struct seen_slot *slot_of(struct seen_slot *slots, size_t capacity, const char *text)
{
    size_t at = (size_t)hash_of(text) & (capacity - 1);
    while (slots[at].text != NULL && strcmp(slots[at].text, text) != 0) {
        at = (at + 1) & (capacity - 1);
    }
    return &slots[at];
}

static void grow(struct seen *seen)
{
    size_t capacity = seen->capacity == 0 ? 1024 : seen->capacity * 2;
    struct seen_slot *slots = calloc(capacity, sizeof(slots[0]));
    MUST(slots != NULL);
    for (size_t i = 0; i < seen->capacity; i++) {
        if (seen->slots[i].text != NULL) {
            *slot_of(slots, capacity, seen->slots[i].text) = seen->slots[i];
        }
    }
    free(seen->slots);
    seen->slots = slots;
    seen->capacity = capacity;
}

unsigned seen_before(struct seen *seen, const char *text, unsigned line)
{
    if (seen->count * 2 >= seen->capacity) {
        grow(seen);
    }
    struct seen_slot *slot = slot_of(seen->slots, seen->capacity, text);
    if (slot->text != NULL) {
        return slot->line;
    }
    slot->text = strdup(text);
    MUST(slot->text != NULL);
    slot->line = line;
    seen->count++;
    return 0;
}

void seen_destroy(struct seen *seen)
{
    for (size_t i = 0; i < seen->capacity; i++) {
        free(seen->slots[i].text);
    }
    free(seen->slots);
    *seen = (struct seen){0};
}
