#include "reader-agent/driver/dahua.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "common/access/plate.h"
#include "common/base/must.h"
#include "reader-agent/driver/json_value.h"
#include "reader-agent/driver/local_time.h"
#include "reader-agent/driver/plate_reading.h"

enum { TEXT_BYTES = 256, CONFIDENCE_MAX = 255 };

static const char *const subpaths[] = {"", "/TollgateInfo", "/KeepAlive", NULL};

static bool is_keep_alive(const json_t *root)
{
    const char *active = json_string_value(json_object_get(root, "Active"));
    return active != NULL && strcasecmp(active, "keepAlive") == 0;
}

static uint8_t colour_of(const json_t *value)
{
    static const struct {
        const char *name;
        enum plate_colour colour;
    } colours[] = {
        {"Blue",        PLATE_COLOUR_BLUE        },
        {"Yellow",      PLATE_COLOUR_YELLOW      },
        {"Green",       PLATE_COLOUR_GREEN       },
        {"YellowGreen", PLATE_COLOUR_YELLOW_GREEN},
        {"Black",       PLATE_COLOUR_BLACK       },
        {"White",       PLATE_COLOUR_WHITE       },
    };
    const char *text = json_string_value(value);
    for (size_t i = 0; text != NULL && i < ARRAY_LEN(colours); i++) {
        if (strcasecmp(text, colours[i].name) == 0) {
            return (uint8_t)colours[i].colour;
        }
    }
    return PLATE_COLOUR_UNKNOWN;
}

static uint8_t percent_of(const json_t *confidence)
{
    uint64_t value = 0;
    return json_value_number(confidence, CONFIDENCE_MAX, &value)
               ? (uint8_t)((value * 100 + CONFIDENCE_MAX / 2) / CONFIDENCE_MAX)
               : 0;
}

/* Only a plain false, or 0, says that there is none. */
static bool is_absent(const json_t *exists)
{
    uint64_t number = 1;
    const char *text = json_string_value(exists);
    return json_is_false(exists) || (text != NULL && strcasecmp(text, "false") == 0) ||
           (json_value_number(exists, 1, &number) && number == 0);
}

struct event {
    const json_t *plate, *snap;
    char device[TEXT_BYTES], time[TEXT_BYTES], number[TEXT_BYTES];
};

static void read_texts(struct event *event)
{
    const char *number = json_string_value(json_object_get(event->plate, "PlateNumber"));
    (void)json_value_text(json_object_get(event->snap, "DeviceID"), event->device,
                          sizeof(event->device));
    if (!json_value_text(json_object_get(event->snap, "AccurateTime"), event->time,
                         sizeof(event->time))) {
        event->time[0] = '\0';
        (void)json_value_text(json_object_get(event->snap, "SnapTime"), event->time,
                              sizeof(event->time));
    }
    if (number != NULL && strlen(number) < sizeof(event->number) &&
        device_text_is_printable(number)) {
        memcpy(event->number, number, strlen(number) + 1);
        device_text_trim(event->number);
    }
    device_text_trim(event->time);
}

static void fill(const struct event *event, const struct http_device *device,
                 struct reading *reading)
{
    const char *id[] = {"time", event->device, event->time, event->number};
    reading->reader = device->reader;
    reading->captured = local_time(event->time, device->zone);
    reading->plate_colour = colour_of(json_object_get(event->plate, "PlateColor"));
    reading->confidence = percent_of(json_object_get(event->plate, "Confidence"));
    if (!is_absent(json_object_get(event->plate, "IsExist"))) {
        plate_reading_set(reading, event->number);
    }
    if (event->time[0] != '\0') {
        device_text_fingerprint(reading->reader, id, ARRAY_LEN(id), reading->device_event);
    }
}

static enum parse_result parse_picture(const json_t *picture, const struct http_call *call,
                                       struct http_parsed *parsed)
{
    struct event event = {.plate = json_object_get(picture, "Plate"),
                          .snap = json_object_get(picture, "SnapInfo"),
                          .device = ""};
    if (!json_is_object(event.plate)) {
        parsed->why = "no Picture with a Plate";
        return PARSE_BAD;
    }
    read_texts(&event);
    const char *own = call->device->device_id;
    if (own[0] != '\0' && event.device[0] != '\0' && strcmp(own, event.device) != 0) {
        parsed->why = "the DeviceID of another device";
        return PARSE_BAD;
    }
    struct reading *reading = http_parsed_add(parsed);
    if (reading != NULL) {
        fill(&event, call->device, reading);
    }
    return PARSE_READING;
}

enum parse_result dahua_parse(const struct http_call *call, struct bytes text,
                              struct http_parsed *parsed)
{
    size_t size = 0;
    AUTO(device_text_free) char *utf8 = device_text_decode(text, &size);
    AUTO(json_value_free)
    json_t *root = utf8 == NULL ? NULL : json_loadb(utf8, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        parsed->why = "no JSON object, or a name twice in one";
        return PARSE_BAD;
    }
    if (is_keep_alive(root)) {
        return PARSE_FOREIGN;
    }
    return parse_picture(json_object_get(root, "Picture"), call, parsed);
}

/* The same form for both (TollgateInfo's is to be verified on a device). */
static void answer(const struct http_call *call, const struct http_outcome *outcome,
                   struct http_answer *made)
{
    (void)call;
    if (outcome->status == 200) {
        http_answer_text(made, "application/json", "{\"Result\":true,\"Message\":\"Success\"}");
    }
}

const struct http_driver dahua_driver = {
    .driver = DRIVER_DAHUA,
    .noun = "camera",
    .subpaths = subpaths,
    .cuts_json = true,
    .parse = dahua_parse,
    .answer = answer,
};
