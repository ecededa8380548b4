#include "reader-agent/driver/http_driver.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

static const struct http_driver *const drivers[] = {
    &hik_anpr_driver,
    &hik_access_driver,
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
    if (parsed->reading_count == HTTP_BODY_READINGS) {
        parsed->full = true;
        return NULL;
    }
    struct reading *reading = &parsed->readings[parsed->reading_count++];
    memset(reading, 0, sizeof(*reading));
    return reading;
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
