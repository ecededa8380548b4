#include "controller/viid/status.h"

#include <stdio.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/must.h"
#include "controller/viid/value.h"

static const char *const words[] = {
    [STATUS_OK] = "OK",
    [STATUS_OTHER] = "OtherError",
    [STATUS_BUSY] = "Device Busy",
    [STATUS_DEVICE] = "Device Error",
    [STATUS_OPERATION] = "Invalid Operation",
    [STATUS_XML_FORMAT] = "Invalid XML Format",
    [STATUS_XML_CONTENT] = "Invalid XML Content",
    [STATUS_JSON_FORMAT] = "Invalid JSON Format",
    [STATUS_JSON_CONTENT] = "Invalid JSON Content",
    [STATUS_REBOOT] = "Reboot",
};

json_t *status_object(const struct status *status, const char *url, struct wall now, bool number)
{
    char time[VALUE_TIME_SIZE];
    char code[4];
    MUST((size_t)status->code < ARRAY_LEN(words));
    value_time_format(now, time);
    (void)snprintf(code, sizeof(code), "%d", (int)status->code);
    json_t *said = number ? json_integer(status->code) : json_string(code);
    json_t *object =
        json_pack("{s:s, s:o, s:s, s:s, s:s}", "RequestURL", url, "StatusCode", said,
                  "StatusString", status->text != NULL ? status->text : words[status->code], "Id",
                  status->id != NULL ? status->id : "", "LocalTime", time);
    MUST(object != NULL);
    return object;
}

json_t *status_body(json_t *object)
{
    json_t *body = json_pack("{s:o}", "ResponseStatusObject", object);
    MUST(body != NULL);
    return body;
}

json_t *status_list_body(json_t *list)
{
    json_t *body = json_pack("{s:{s:o}}", "ResponseStatusListObject", "ResponseStatusObject", list);
    MUST(body != NULL);
    return body;
}

static void read_one(const json_t *object, struct status_read *ret)
{
    int64_t code = 0;
    *ret = (struct status_read){.code = STATUS_UNREADABLE};
    if (value_number(json_object_get(object, "StatusCode"), 0, STATUS_REBOOT, &code) ==
        VALUE_GOOD) {
        ret->code = (enum status_code)code;
    }
    if (value_text(json_object_get(object, "Id"), ret->id, sizeof(ret->id)) == VALUE_BAD) {
        ret->code = STATUS_UNREADABLE;
    }
}

size_t status_read(struct bytes body, struct status_read *out, size_t max)
{
    AUTO(value_free)
    json_t *json = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, NULL);
    struct value_list list = value_list(json, "ResponseStatusListObject", "ResponseStatusObject");
    size_t count = 0;
    if (list.count == 0 && json_object_get(json, "StatusCode") != NULL) {
        list = (struct value_list){.objects = json, .count = 1, .bare = true};
    }
    for (size_t i = 0; i < list.count && count < max; i++) {
        const json_t *object = value_list_at(&list, i);
        if (object != NULL) {
            read_one(object, &out[count++]);
        }
    }
    return count;
}
