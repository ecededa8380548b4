#include "reader-agent/driver/hik_anpr.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

#include "common/access/plate.h"
#include "common/base/must.h"
#include "reader-agent/driver/plate_reading.h"

enum field {
    FIELD_EVENT_TYPE,
    FIELD_EVENT_STATE,
    FIELD_DATE_TIME,
    FIELD_UUID,
    FIELD_DEVICE_UUID,
    FIELD_PLATE,
    FIELD_CONFIDENCE,
    FIELD_COLOUR,
    FIELDS,
    FIELD_NONE = FIELDS,
};

/* Where a field stands: EventNotificationAlert/NAME or EventNotificationAlert/ANPR/NAME. Nothing
 * else of an event is ever kept. */
static const struct {
    const char *name;
    bool in_anpr;
    enum field field;
} field_table[] = {
    {"eventType",       false, FIELD_EVENT_TYPE },
    {"eventState",      false, FIELD_EVENT_STATE},
    {"dateTime",        false, FIELD_DATE_TIME  },
    {"UUID",            false, FIELD_UUID       },
    {"deviceUUID",      false, FIELD_DEVICE_UUID},
    {"licensePlate",    true,  FIELD_PLATE      },
    {"confidenceLevel", true,  FIELD_CONFIDENCE },
    {"plateColor",      true,  FIELD_COLOUR     },
};

struct anpr {
    XML_Parser parser;
    unsigned depth;
    unsigned elements;
    bool root_ok;
    bool has_anpr;
    bool in_anpr; /* within an ANPR element of the root */
    bool conflict;

    enum field open; /* the field whose text is being read */
    char text[HIK_ANPR_FIELD_BYTES + 1];
    size_t text_size;
    bool text_cut;

    char values[FIELDS][HIK_ANPR_FIELD_BYTES + 1];
    bool seen[FIELDS];
    bool cut[FIELDS]; /* longer than a field may be */
};

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon != NULL ? colon + 1 : name;
}

static enum field field_of(const char *name, bool in_anpr)
{
    for (size_t i = 0; i < ARRAY_LEN(field_table); i++) {
        if (field_table[i].in_anpr == in_anpr && strcmp(field_table[i].name, name) == 0) {
            return field_table[i].field;
        }
    }
    return FIELD_NONE;
}

static void XMLCALL on_begin(void *ctx, const XML_Char *full_name, const XML_Char **attributes)
{
    (void)attributes;
    struct anpr *a = ctx;
    const char *name = local_name(full_name);
    a->depth++;
    a->elements++;
    if (a->depth > HIK_ANPR_DEPTH || a->elements > HIK_ANPR_ELEMENTS) {
        (void)XML_StopParser(a->parser, XML_FALSE);
        return;
    }
    a->open = FIELD_NONE; /* an element with children is no text */
    if (a->depth == 1) {
        a->root_ok = strcmp(name, "EventNotificationAlert") == 0;
    } else if (a->depth == 2 && strcmp(name, "ANPR") == 0) {
        a->has_anpr = true;
        a->in_anpr = true;
    } else if (a->depth == (a->in_anpr ? 3U : 2U)) {
        a->open = field_of(name, a->in_anpr);
        a->text_size = 0;
        a->text_cut = false;
    }
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int size)
{
    struct anpr *a = ctx;
    if (a->open == FIELD_NONE) {
        return;
    }
    size_t room = HIK_ANPR_FIELD_BYTES - a->text_size;
    size_t take = (size_t)size < room ? (size_t)size : room;
    a->text_cut = a->text_cut || take < (size_t)size;
    memcpy(a->text + a->text_size, text, take);
    a->text_size += take;
}

static void field_done(struct anpr *a, enum field field)
{
    a->text[a->text_size] = '\0';
    device_text_trim(a->text);
    if (!a->seen[field]) {
        memcpy(a->values[field], a->text, sizeof(a->text));
        a->seen[field] = true;
        a->cut[field] = a->text_cut;
    } else if (field == FIELD_PLATE && strcmp(a->values[field], a->text) != 0) {
        a->conflict = true;
    }
}

static void XMLCALL on_end(void *ctx, const XML_Char *full_name)
{
    (void)full_name;
    struct anpr *a = ctx;
    if (a->open != FIELD_NONE) {
        field_done(a, a->open);
        a->open = FIELD_NONE;
    }
    a->depth--;
    if (a->depth == 1) {
        a->in_anpr = false;
    }
}

/* No event has a document type; with none there are no entities to expand or to fetch. */
static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int has_internal)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal;
    struct anpr *a = ctx;
    (void)XML_StopParser(a->parser, XML_FALSE);
}

static bool read_xml(struct anpr *a, const char *text, size_t size)
{
    size_t blanks = strspn(text, " \t\r\n"); /* XML has none before its declaration, devices do */
    text += blanks;
    size -= blanks;
    /* The text is UTF-8 by now, whatever it declares. */
    a->parser = XML_ParserCreate("UTF-8");
    if (a->parser == NULL || size > INT_MAX) {
        return false;
    }
    XML_SetUserData(a->parser, a);
    XML_SetElementHandler(a->parser, on_begin, on_end);
    XML_SetCharacterDataHandler(a->parser, on_text);
    XML_SetStartDoctypeDeclHandler(a->parser, on_doctype);
    bool ok = XML_Parse(a->parser, text, (int)size, 1) == XML_STATUS_OK;
    XML_ParserFree(a->parser);
    a->parser = NULL;
    return ok && a->root_ok && !a->conflict;
}

/* Empty, or an all-zero UUID: no id. */
static bool is_id(const struct anpr *a, enum field field)
{
    return !a->cut[field] && a->values[field][strspn(a->values[field], "0-{} ")] != '\0';
}

static void set_device_event(const struct anpr *a, struct reading *reading)
{
    const char *by_uuid[] = {"uuid", a->values[FIELD_DEVICE_UUID], a->values[FIELD_UUID]};
    const char *by_time[] = {"time", a->values[FIELD_DATE_TIME], a->values[FIELD_PLATE]};
    if (is_id(a, FIELD_UUID)) {
        device_text_fingerprint(reading->reader, by_uuid, ARRAY_LEN(by_uuid),
                                reading->device_event);
    } else if (is_id(a, FIELD_DATE_TIME)) {
        device_text_fingerprint(reading->reader, by_time, ARRAY_LEN(by_time),
                                reading->device_event);
    }
}

static void fill(const struct anpr *a, struct name reader, struct reading *ret_reading)
{
    struct reading reading = {.reader = reader, .kind = CREDENTIAL_KIND_NONE};
    if (!a->cut[FIELD_PLATE]) {
        plate_reading_set(&reading, a->values[FIELD_PLATE]);
    }
    set_device_event(a, &reading);
    reading.captured = device_text_time(a->values[FIELD_DATE_TIME]);
    reading.confidence = device_text_percent(a->values[FIELD_CONFIDENCE]);
    reading.plate_colour =
        (uint8_t)plate_colour_from_hikvision(bytes_of_text(a->values[FIELD_COLOUR]));
    *ret_reading = reading;
}

enum parse_result hik_anpr_parse(struct bytes text, struct name reader, struct reading *ret_reading)
{
    size_t size = 0;
    AUTO(device_text_free) char *utf8 = device_text_decode(text, &size);
    struct anpr anpr = {.open = FIELD_NONE};
    if (utf8 == NULL || !read_xml(&anpr, utf8, size)) {
        return PARSE_BAD;
    }
    const char *type = anpr.values[FIELD_EVENT_TYPE];
    if (type[0] != '\0' && strcmp(type, "ANPR") != 0) {
        return PARSE_FOREIGN;
    }
    if (!anpr.has_anpr) {
        return PARSE_BAD;
    }
    if (strcmp(anpr.values[FIELD_EVENT_STATE], "inactive") == 0) {
        return PARSE_FOREIGN; /* the end of an event, not a vehicle */
    }
    fill(&anpr, reader, ret_reading);
    return PARSE_READING;
}
