#include "reader-agent/driver/http_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

static const struct http_driver *const drivers[] = {
    &hik_anpr_driver,
    &hik_access_driver,
    &vzenith_driver,
    &dahua_driver,
    &uniview_driver,
    &zkteco_att_driver,
    &zkteco_acc_driver,
    &json_device_driver,
};

const struct http_driver *http_driver_of(enum reader_driver driver)
{
    for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
        if (drivers[i]->driver == driver) {
            return drivers[i];
        }
    }
    return NULL;
}

const char *http_driver_subpath(const struct http_driver *driver, const char *device_path,
                                const char *path)
{
    size_t size = strlen(device_path);
    if (strncmp(path, device_path, size) != 0) {
        return NULL;
    }
    for (const char *const *at = driver->subpaths; *at != NULL; at++) {
        if (strcmp(path + size, *at) == 0) {
            return *at;
        }
    }
    return NULL;
}

struct reading *http_parsed_add(struct http_parsed *parsed)
{
    if (parsed->reading_count == parsed->readings_max) {
        parsed->full = true;
        return NULL;
    }
    if (parsed->reading_count == parsed->reading_room) {
        size_t room = parsed->reading_room == 0 ? 4 : 2 * parsed->reading_room;
        struct reading *grown = realloc(parsed->readings, room * sizeof(*grown));
        MUST(grown != NULL);
        parsed->readings = grown;
        parsed->reading_room = room;
    }
    struct reading *reading = &parsed->readings[parsed->reading_count++];
    memset(reading, 0, sizeof(*reading));
    return reading;
}

void http_parsed_free(struct http_parsed *parsed)
{
    free(parsed->readings);
    free(parsed->instead);
    parsed->instead = NULL;
    parsed->readings = NULL;
    parsed->reading_count = parsed->reading_room = 0;
}

void http_answer_text(struct http_answer *answer, const char *content_type, const char *text)
{
    answer->content_type = content_type;
    (void)snprintf(answer->body, sizeof(answer->body), "%s", text);
    answer->size = strlen(answer->body);
}

void http_answer_nothing(const struct http_call *call, const struct http_outcome *outcome,
                         struct http_answer *answer)
{
    (void)call;
    (void)outcome;
    (void)answer;
}
