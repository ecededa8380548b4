#include "reader-agent/driver/hik_access.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/access/credential.h"
#include "common/base/must.h"
#include "reader-agent/driver/json_value.h"

enum meaning { MEANS_CARD, MEANS_FACE, MEANS_FAILED, MEANS_BUTTON, MEANS_UNLOCKED };

/* What is not listed is a foreign event: the door's locking (5/22), the button's release (5/24),
 * logins (3/112, 3/113) and all others open nothing and say nothing of a person. */
static const struct {
    uint64_t major, sub;
    enum meaning meaning;
} event_table[] = {
    {5, 1,  MEANS_CARD    },
    {5, 21, MEANS_UNLOCKED},
    {5, 23, MEANS_BUTTON  },
    {5, 75, MEANS_FACE    },
    {5, 76, MEANS_FAILED  },
    {5, 77, MEANS_FACE    }, /* employee number and face */
    {5, 78, MEANS_FAILED  },
    {5, 80, MEANS_FAILED  }, /* a stranger */
};

/* Only a plain "true" or nothing at all is live. */
static bool is_history(const json_t *current)
{
    if (current == NULL || json_is_null(current) || json_is_true(current)) {
        return false;
    }
    uint64_t number = 0;
    if (json_is_string(current) && strcasecmp(json_string_value(current), "true") == 0) {
        return false;
    }
    return !(json_value_number(current, 1, &number) && number == 1);
}

static void set_credential(const struct credential *credential, struct reading *reading)
{
    struct bytes id = credential_view(credential);
    reading->kind = credential->kind;
    reading->cclass = CREDENTIAL_CLASS_UID_ONLY;
    memcpy(reading->id, id.data, id.size);
    reading->id_size = (uint8_t)id.size;
}

static bool set_face(const json_t *event, struct reading *reading)
{
    char subject[FACE_SUBJECT_MAX + 1];
    struct credential credential;
    if (!json_value_text(json_object_get(event, "employeeNoString"), subject, sizeof(subject)) ||
        !credential_from_face(bytes_of_text(subject), &credential)) {
        return false;
    }
    set_credential(&credential, reading);
    return true;
}

static bool set_badge(const json_t *event, struct reading *reading)
{
    const char *card = json_string_value(json_object_get(event, "cardNo"));
    struct credential credential;
    if (card == NULL || !credential_from_uid_text(bytes_of_text(card), &credential)) {
        return false;
    }
    set_credential(&credential, reading);
    return true;
}

/* A plain "true" asks; when in doubt it does not, and then nothing of ours opens its door. */
static bool is_true(const json_t *value)
{
    uint64_t number = 0;
    const char *text = json_string_value(value);
    return json_is_true(value) || (text != NULL && strcasecmp(text, "true") == 0) ||
           (json_value_number(value, 1, &number) && number == 1);
}

static void set_device_event(const json_t *event, struct reading *reading)
{
    uint64_t serial = 0;
    if (json_value_number(json_object_get(event, "serialNo"), UINT64_MAX, &serial)) {
        bool asks = is_true(json_object_get(event, "remoteCheck")) && serial <= INT64_MAX;
        reading->ask = asks && !reading->history ? serial : 0;
        int size = snprintf(reading->device_event, sizeof(reading->device_event), "%s/%llu",
                            reading->reader.text, (unsigned long long)serial);
        MUST(size > 0 && (size_t)size < sizeof(reading->device_event));
    }
}

static enum parse_result presentation(const json_t *root, const json_t *event, enum meaning meaning,
                                      struct name reader, struct reading *ret_reading)
{
    struct reading reading = {.reader = reader, .kind = CREDENTIAL_KIND_NONE};
    bool taken = meaning == MEANS_FACE ? set_face(event, &reading) : set_badge(event, &reading);
    const char *time = json_string_value(json_object_get(root, "dateTime"));
    if (time != NULL) {
        reading.captured = device_text_time(time);
    }
    reading.history = is_history(json_object_get(event, "currentEvent"));
    set_device_event(event, &reading);
    *ret_reading = reading;
    return taken ? PARSE_READING : PARSE_UNUSABLE;
}

/* A door that unlocked some time ago tells nothing that could be compared with our answers. */
static enum parse_result unlocked(const json_t *event, struct name reader,
                                  struct reading *ret_reading)
{
    struct reading reading = {.reader = reader, .kind = CREDENTIAL_KIND_NONE, .unlocked = true};
    if (is_history(json_object_get(event, "currentEvent"))) {
        return PARSE_FOREIGN;
    }
    set_device_event(event, &reading);
    reading.ask = 0;
    *ret_reading = reading;
    return PARSE_READING;
}

static enum parse_result by_meaning(const json_t *root, const json_t *event, struct name reader,
                                    struct reading *ret_reading, const char **ret_notice)
{
    uint64_t major, sub;
    if (!json_value_number(json_object_get(event, "majorEventType"), UINT32_MAX, &major) ||
        !json_value_number(json_object_get(event, "subEventType"), UINT32_MAX, &sub)) {
        return PARSE_BAD;
    }
    for (size_t i = 0; i < ARRAY_LEN(event_table); i++) {
        if (event_table[i].major != major || event_table[i].sub != sub) {
            continue;
        }
        switch (event_table[i].meaning) {
        case MEANS_CARD:
        case MEANS_FACE:
            return presentation(root, event, event_table[i].meaning, reader, ret_reading);
        case MEANS_UNLOCKED:
            return unlocked(event, reader, ret_reading);
        case MEANS_BUTTON:
            if (is_history(json_object_get(event, "currentEvent"))) {
                return PARSE_FOREIGN;
            }
            *ret_notice = "exit button pressed at the terminal";
            return PARSE_NOTICE;
        case MEANS_FAILED:
            return PARSE_FAILED;
        }
    }
    return PARSE_FOREIGN;
}

enum parse_result hik_access_parse(struct bytes text, struct name reader,
                                   struct reading *ret_reading, const char **ret_notice)
{
    size_t size = 0;
    AUTO(device_text_free) char *utf8 = device_text_decode(text, &size);
    if (utf8 == NULL) {
        return PARSE_BAD;
    }
    AUTO(json_value_free) json_t *root = json_loadb(utf8, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        return PARSE_BAD;
    }
    const char *type = json_string_value(json_object_get(root, "eventType"));
    const json_t *event = json_object_get(root, "AccessControllerEvent");
    if (type != NULL && type[0] != '\0' && strcmp(type, "AccessControllerEvent") != 0) {
        return PARSE_FOREIGN;
    }
    if (!json_is_object(event)) {
        return PARSE_BAD;
    }
    return by_meaning(root, event, reader, ret_reading, ret_notice);
}
