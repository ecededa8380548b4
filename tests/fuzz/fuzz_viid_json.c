/* Fuzzes what view libraries say in JSON: dispositions, subscriptions and statuses. What is taken
 * ends after now, has a target that is text, and keeps its bounds; a subscription is never granted.
 * The first byte says which, and how strict the peer is read. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/must.h"
#include "controller/viid/disposition.h"
#include "controller/viid/subscribe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 16384, STATUSES = 8 };

static const struct wall now = {.us = INT64_C(1709222400000000)};

static void disposition(const json_t *json, bool strict)
{
    struct value_list list = value_list(json, "DispositionListObject", "DispositionObject");
    struct disposition_rules rules = {
        .categories = disposition_categories_usual(), .strict = strict, .bare = list.bare};
    for (size_t i = 0; i < list.count; i++) {
        struct viid_disposition d;
        struct status status = disposition_read(value_list_at(&list, i), &rules, now, &d);
        MUST(memchr(d.id, '\0', sizeof(d.id)) != NULL);
        MUST(memchr(d.feature, '\0', sizeof(d.feature)) != NULL);
        MUST(memchr(d.value, '\0', sizeof(d.value)) != NULL);
        MUST((d.doubts & ~(uint32_t)VIID_DOUBTS) == 0);
        MUST((status.code == STATUS_OK) == (status.text == NULL));
        if (status.code == STATUS_OK && d.operate == VIID_SET) {
            MUST(d.end_us > now.us && d.end_us > d.begin_us && d.value[0] != '\0');
            MUST((d.doubts & VIID_DOUBT_ID) != 0 || d.id[0] != '\0');
        }
    }
}

static void subscription(const json_t *json)
{
    struct value_list list = value_list(json, "SubscribeListObject", "SubscribeObject");
    for (size_t i = 0; i < list.count; i++) {
        char id[SUBSCRIBE_ID_SIZE];
        MUST(subscribe_read(value_list_at(&list, i), id).code != STATUS_OK);
    }
}

static void statuses(struct bytes text)
{
    struct status_read read[STATUSES];
    size_t count = status_read(text, read, STATUSES);
    MUST(count <= STATUSES);
    for (size_t i = 0; i < count; i++) {
        MUST(read[i].code <= STATUS_REBOOT || read[i].code == STATUS_UNREADABLE);
        MUST(memchr(read[i].id, '\0', sizeof(read[i].id)) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > TEXT_MAX) {
        return 0;
    }
    struct bytes text = {.data = data + 1, .size = size - 1};
    AUTO(value_free)
    json_t *json = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    switch (data[0] % 4) {
    case 0:
    case 1:
        disposition(json, data[0] % 4 == 1);
        break;
    case 2:
        subscription(json);
        break;
    default:
        statuses(text);
    }
    return 0;
}
