#include "reader-agent/driver/uniview.h"

#include <stdio.h>
#include <string.h>

#include "common/access/credential.h"
#include "common/base/must.h"
#include "reader-agent/driver/json_value.h"
#include "reader-agent/driver/local_time.h"

enum { LIB_EMPLOYEE = 3, LIB_VISITOR = 4, LIB_LAST = 4, STATUS_OK = 1, STATUS_FACE_OPEN = 7 };
enum { STATUS_LAST = 11, LIST_MAX = 64 };

/* What the matches of one post came to. */
struct matches {
    size_t passed, failed, other;
    bool unclear; /* more than one person, or an id that cannot be taken */
    struct credential person;
};

static json_t *load(struct bytes text)
{
    size_t size = 0;
    AUTO(device_text_free) char *utf8 = device_text_decode(text, &size);
    json_t *root = utf8 == NULL ? NULL : json_loadb(utf8, size, JSON_REJECT_DUPLICATES, NULL);
    if (root != NULL && !json_is_object(root)) {
        json_value_free(&root);
    }
    return root;
}

/* Elements of a list; a single object stands for a list of one. */
static size_t list_size(const json_t *list)
{
    return json_is_array(list) ? json_array_size(list) : json_is_object(list) ? 1 : 0;
}

static const json_t *list_at(const json_t *list, size_t index)
{
    return json_is_array(list) ? json_array_get(list, index) : list;
}

static bool person_of(const json_t *match, struct credential *ret_person)
{
    char subject[FACE_SUBJECT_MAX + 1];
    const json_t *id = json_object_get(match, "MatchPersonID");
    uint64_t number;
    bool none = id == NULL || json_is_null(id) || (json_value_number(id, 0, &number)) ||
                (json_is_string(id) && json_string_length(id) == 0);
    if (none) {
        id = json_object_get(json_object_get(match, "MatchPersonInfo"), "PersonCode");
    }
    return json_value_text(id, subject, sizeof(subject)) &&
           credential_from_face(bytes_of_text(subject), ret_person);
}

static void take_passed(struct matches *matches, const json_t *match)
{
    struct credential person;
    if (!person_of(match, &person)) {
        matches->unclear = true;
    } else if (matches->passed > 0 && !credential_equal(&person, &matches->person)) {
        matches->unclear = true;
    } else {
        matches->person = person;
    }
    matches->passed++;
}

static void take_match(struct matches *matches, const json_t *match)
{
    uint64_t lib, status;
    if (!json_value_number(json_object_get(match, "LibType"), LIB_LAST, &lib) ||
        !json_value_number(json_object_get(match, "MatchStatus"), STATUS_LAST, &status)) {
        matches->other++;
    } else if ((lib == LIB_EMPLOYEE || lib == LIB_VISITOR) &&
               (status == STATUS_OK || status == STATUS_FACE_OPEN)) {
        take_passed(matches, match);
    } else {
        matches->failed++;
    }
}

/* Only a plain 0 or nothing at all is live. */
static bool is_history(const json_t *type)
{
    uint64_t number;
    return type != NULL && !json_is_null(type) && !json_value_number(type, 0, &number);
}

static void fill(const json_t *root, struct name reader, struct reading *reading)
{
    uint64_t seconds = 0;
    char seq[32], when[32];
    *reading = (struct reading){.reader = reader, .kind = CREDENTIAL_KIND_NONE};
    if (json_value_number(json_object_get(root, "Timestamp"), UINT64_MAX, &seconds)) {
        reading->captured = local_time_epoch(seconds);
    }
    reading->history = is_history(json_object_get(root, "NotificationType"));
    if (json_value_text(json_object_get(root, "Seq"), seq, sizeof(seq))) {
        (void)snprintf(when, sizeof(when), "%llu", (unsigned long long)seconds);
        const char *const parts[] = {"uniview", seq, when};
        device_text_fingerprint(reader, parts, ARRAY_LEN(parts), reading->device_event);
    }
}

static enum parse_result by_matches(const json_t *root, const struct matches *matches,
                                    struct name reader, struct reading *ret_reading)
{
    if (matches->other > 0) {
        return PARSE_BAD;
    }
    bool card = list_size(json_object_get(root, "CardInfoList")) > 0;
    if (matches->passed > 0 || (card && matches->failed == 0)) {
        fill(root, reader, ret_reading);
        if (matches->passed == 0 || matches->unclear) {
            return PARSE_UNUSABLE;
        }
        struct bytes id = credential_view(&matches->person);
        ret_reading->kind = CREDENTIAL_KIND_FACE;
        ret_reading->cclass = CREDENTIAL_CLASS_UID_ONLY;
        memcpy(ret_reading->id, id.data, id.size);
        ret_reading->id_size = (uint8_t)id.size;
        return PARSE_READING;
    }
    if (matches->failed > 0 || list_size(json_object_get(root, "FaceInfoList")) > 0) {
        return PARSE_FAILED;
    }
    return PARSE_FOREIGN;
}

static bool is_verification(const json_t *root)
{
    static const char *const lists[] = {"FaceInfoList", "CardInfoList", "GateInfoList",
                                        "LibMatInfoList"};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        if (json_object_get(root, lists[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_other_device(const json_t *root, const char *device_id)
{
    char code[LIMIT_DEVICE_ID_BYTES + 1];
    const json_t *said = json_object_get(root, "DeviceCode");
    return device_id[0] != '\0' && said != NULL &&
           (!json_value_text(said, code, sizeof(code)) || strcmp(code, device_id) != 0);
}

enum parse_result uniview_parse(struct bytes text, struct name reader, const char *device_id,
                                struct reading *ret_reading)
{
    AUTO(json_value_free) json_t *root = load(text);
    if (root == NULL || !is_verification(root) || is_other_device(root, device_id)) {
        return PARSE_BAD;
    }
    const json_t *list = json_object_get(root, "LibMatInfoList");
    struct matches matches = {0};
    if (list_size(list) > LIST_MAX) {
        return PARSE_BAD;
    }
    for (size_t i = 0; i < list_size(list); i++) {
        take_match(&matches, list_at(list, i));
    }
    return by_matches(root, &matches, reader, ret_reading);
}

enum parse_result uniview_heartbeat(struct bytes text)
{
    AUTO(json_value_free) json_t *root = load(text);
    bool beats = root != NULL && (json_object_get(root, "NextTime") != NULL ||
                                  json_object_get(root, "RefId") != NULL);
    return beats ? PARSE_FOREIGN : PARSE_BAD;
}
