#include "controller/viid/subscribe.h"

#include <string.h>

#include "controller/viid/value.h"

enum { DETAIL_TEXT_SIZE = 257, DETAIL_LAST = 16 };

/* SubscribeDetail, by number: does it carry persons, faces or vehicles? */
static const char *const refusals[DETAIL_LAST + 1] = {
    [8] = "Records of passages are not given out",
    [11] = "Persons are not given out",
    [12] = "Faces are not given out",
    [13] = "Vehicles are not given out",
    [14] = "Vehicles are not given out",
};

/* The number at `text`, which ends at a comma or the end; 0: none of the standard's. */
static size_t number_of(const char *text, size_t size)
{
    size_t number = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || number > DETAIL_LAST) {
            return 0;
        }
        number = number * 10 + (size_t)(text[i] - '0');
    }
    return number > DETAIL_LAST ? 0 : number;
}

struct status subscribe_read(const json_t *object, char id[SUBSCRIBE_ID_SIZE])
{
    char details[DETAIL_TEXT_SIZE];
    (void)value_text(json_object_get(object, "SubscribeID"), id, SUBSCRIBE_ID_SIZE);
    if (value_text(json_object_get(object, "SubscribeDetail"), details, sizeof(details)) !=
        VALUE_GOOD) {
        return (struct status){
            .code = STATUS_JSON_CONTENT, .text = "SubscribeDetail is missing", .id = id};
    }
    for (const char *at = details; *at != '\0'; at += strspn(at, ", ")) {
        size_t size = strcspn(at, ", ");
        const char *why = refusals[number_of(at, size)];
        if (why != NULL) {
            return (struct status){.code = STATUS_OPERATION, .text = why, .id = id};
        }
        at += size;
    }
    return (struct status){
        .code = STATUS_OPERATION, .text = "Subscriptions are not offered here", .id = id};
}
