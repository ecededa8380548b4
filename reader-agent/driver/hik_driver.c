/* The ISAPI family as the listener sees it: plate cameras and access terminals. */
#include "reader-agent/driver/hik_access.h"
#include "reader-agent/driver/hik_anpr.h"
#include "reader-agent/driver/http_driver.h"

static const char *const own_path[] = {"", NULL};

static bool is_xml(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '<') {
            return true;
        }
        if (text.data[i] == '{' || text.data[i] == '[') {
            return false;
        }
    }
    return false;
}

/* The device's own language, or the other one of the family: then only to see that it is an event
 * of another kind (a heartbeat), never for a reading. */
static enum parse_result parse(const struct http_call *call, struct bytes text, bool own_is_xml,
                               struct http_parsed *parsed)
{
    struct name reader = call->device->reader;
    struct reading reading;
    const char *notice = NULL;
    bool xml = is_xml(text);
    enum parse_result result = xml ? hik_anpr_parse(text, reader, &reading)
                                   : hik_access_parse(text, reader, &reading, &notice);
    if (xml != own_is_xml) {
        return result == PARSE_FOREIGN ? PARSE_FOREIGN : PARSE_BAD;
    }
    if (result == PARSE_READING || result == PARSE_UNUSABLE) {
        struct reading *place = http_parsed_add(parsed);
        if (place != NULL) {
            *place = reading;
        }
    } else if (result == PARSE_NOTICE) {
        parsed->notice = notice;
    }
    return result;
}

static enum parse_result parse_anpr(const struct http_call *call, struct bytes text,
                                    struct http_parsed *parsed)
{
    return parse(call, text, true, parsed);
}

static enum parse_result parse_access(const struct http_call *call, struct bytes text,
                                      struct http_parsed *parsed)
{
    return parse(call, text, false, parsed);
}

const struct http_driver hik_anpr_driver = {
    .driver = DRIVER_HIK_ANPR,
    .noun = "camera",
    .subpaths = own_path,
    .parse = parse_anpr,
    .answer = http_answer_nothing,
};

const struct http_driver hik_access_driver = {
    .driver = DRIVER_HIK_ACCESS,
    .noun = "terminal",
    .subpaths = own_path,
    .parse = parse_access,
    .answer = http_answer_nothing,
};
