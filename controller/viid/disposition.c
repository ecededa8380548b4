#include "controller/viid/disposition.h"

#include <stdio.h>
#include <string.h>

#include "common/access/idnumber.h"
#include "common/access/plate.h"
#include "common/base/must.h"

enum { STANDARD_ID_DIGITS = 33 };

const struct disposition_categories *disposition_categories_usual(void)
{
    static const struct disposition_categories usual = {
        .count = 4,
        .of = {{"1", VIID_TARGET_PERSON},
               {"2", VIID_TARGET_VEHICLE},
               {"3", VIID_TARGET_OTHER_VEHICLE},
               {"4", VIID_TARGET_KEYWORD}}
    };
    return &usual;
}

static const char *const target_words[] = {
    [VIID_TARGET_PERSON] = "person",
    [VIID_TARGET_VEHICLE] = "vehicle",
    [VIID_TARGET_OTHER_VEHICLE] = "other-vehicle",
    [VIID_TARGET_KEYWORD] = "keyword",
};

bool disposition_category_read(const char *text, struct disposition_category *ret_category)
{
    size_t size = strcspn(text, "=");
    if (size == 0 || size >= DISPOSITION_CODE_SIZE || text[size] != '=') {
        return false;
    }
    for (size_t i = VIID_TARGET_PERSON; i < ARRAY_LEN(target_words); i++) {
        if (strcmp(text + size + 1, target_words[i]) == 0) {
            memcpy(ret_category->code, text, size);
            ret_category->code[size] = '\0';
            ret_category->target = (enum viid_target)i;
            return true;
        }
    }
    return false;
}

/* ---- one object ---- */

struct reading {
    const json_t *object;
    const struct disposition_rules *rules;
    struct viid_disposition *d;
    const char *why; /* the first refusal; NULL: none */
    enum status_code code;
};

static void refuse(struct reading *r, enum status_code code, const char *why)
{
    if (r->why == NULL) {
        r->code = code;
        r->why = why;
    }
}

static bool take_text(struct reading *r, const char *name, char *out, size_t size)
{
    return value_text(json_object_get(r->object, name), out, size) != VALUE_BAD;
}

static const struct text_field {
    const char *name;
    size_t offset, size;
    const char *too_long;
} text_fields[] = {
#define TEXT(name, member)                                                                         \
    {                                                                                              \
        name, offsetof(struct viid_disposition, member),                                           \
            sizeof(((struct viid_disposition *)0)->member), name " is no text, or too long"        \
    }
    TEXT("DispositionID", id),
    TEXT("Title", title),
    TEXT("DispositionCategory", category),
    TEXT("TargetFeature", feature),
    TEXT("ApplicantName", applicant),
    TEXT("ApplicantOrg", organisation),
    TEXT("ApplicantInfo", contact),
    TEXT("Reason", reason),
    TEXT("ReceiveAddr", receive_addr),
#undef TEXT
};

static void read_texts(struct reading *r)
{
    for (size_t i = 0; i < ARRAY_LEN(text_fields); i++) {
        const struct text_field *field = &text_fields[i];
        if (!take_text(r, field->name, (char *)r->d + field->offset, field->size)) {
            refuse(r, STATUS_JSON_CONTENT, field->too_long);
        }
    }
    bool tollgates = take_text(r, "TollgateList", r->d->range, sizeof(r->d->range));
    if (!tollgates || r->d->range[0] == '\0') {
        (void)take_text(r, "DispositionArea", r->d->range, sizeof(r->d->range));
    }
}

static void read_numbers(struct reading *r)
{
    int64_t operate = VIID_SET;
    int64_t priority = 0;
    if (value_number(json_object_get(r->object, "OperateType"), VIID_SET, VIID_WITHDRAW,
                     &operate) == VALUE_BAD) {
        refuse(r, STATUS_JSON_CONTENT, "OperateType is neither 0 nor 1");
    }
    r->d->operate = (enum viid_operate)operate;
    if (value_number(json_object_get(r->object, "PriorityLevel"), 0, 99, &priority) == VALUE_GOOD) {
        r->d->priority = (uint32_t)priority;
    }
}

static void read_begin(struct reading *r)
{
    struct value_time begin = value_time(json_object_get(r->object, "BeginTime"));
    (void)snprintf(r->d->begin_text, sizeof(r->d->begin_text), "%s", begin.text);
    if (begin.state != VALUE_GOOD || begin.clock_unknown) {
        r->d->doubts |= VIID_DOUBT_BEGIN;
    } else {
        r->d->begin_us = begin.when.us;
    }
    if (r->rules->strict && begin.state == VALUE_GOOD && !begin.standard) {
        refuse(r, STATUS_JSON_CONTENT, "BeginTime is not yyyyMMddHHmmss");
    }
}

/* An entry that cannot end is never held. */
static void read_end(struct reading *r, struct wall now)
{
    struct value_time end = value_time(json_object_get(r->object, "EndTime"));
    (void)snprintf(r->d->end_text, sizeof(r->d->end_text), "%s", end.text);
    r->d->end_us = end.when.us;
    if (end.state == VALUE_ABSENT) {
        refuse(r, STATUS_JSON_CONTENT, "EndTime is missing");
    } else if (end.state == VALUE_BAD || (r->rules->strict && !end.standard)) {
        refuse(r, STATUS_JSON_CONTENT, "EndTime is not readable");
    } else if (!wall_before(now, end.when)) {
        refuse(r, STATUS_JSON_CONTENT, "EndTime is past");
    } else if (r->d->begin_us > 0 && r->d->end_us <= r->d->begin_us) {
        refuse(r, STATUS_JSON_CONTENT, "EndTime is not after BeginTime");
    }
}

/* ---- the target ---- */

/* "(3=渝D2S030)" says 渝D2S030; what has no = says itself. */
static void value_of_feature(const char *feature, char out[VIID_FEATURE_SIZE])
{
    size_t size = strlen(feature);
    const char *from = feature;
    if (size >= 2 && feature[0] == '(' && feature[size - 1] == ')') {
        from++;
        size -= 2;
    }
    const char *equals = memchr(from, '=', size);
    if (equals != NULL) {
        size -= (size_t)(equals + 1 - from);
        from = equals + 1;
    }
    memcpy(out, from, size);
    out[size] = '\0';
}

static const json_t *pictures_of(const json_t *object, size_t *ret_count)
{
    struct value_list list =
        value_list(json_object_get(object, "SubImageList"), "", "SubImageInfoObject");
    const json_t *bare = json_object_get(object, "SubImageList");
    if (json_is_array(bare)) {
        *ret_count = json_array_size(bare);
        return bare;
    }
    *ret_count = list.count;
    return list.objects;
}

/* What a picture's Type shows; unknown for those that show a scene. */
static enum viid_target shown_by(const json_t *picture)
{
    static const struct {
        int64_t type;
        enum viid_target target;
    } types[] = {
        {1,  VIID_TARGET_VEHICLE      },
        {2,  VIID_TARGET_VEHICLE      },
        {3,  VIID_TARGET_VEHICLE      },
        {10, VIID_TARGET_PERSON       },
        {11, VIID_TARGET_PERSON       },
        {12, VIID_TARGET_OTHER_VEHICLE},
    };
    int64_t type = 0;
    (void)value_number(json_object_get(picture, "Type"), 0, 100, &type);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (types[i].type == type) {
            return types[i].target;
        }
    }
    return VIID_TARGET_UNKNOWN;
}

static enum viid_target meant_by_value(const char *value)
{
    struct idnumber idnumber;
    struct plate plate;
    if (idnumber_read(bytes_of_text(value), &idnumber) == IDNUMBER_OK) {
        return VIID_TARGET_PERSON;
    }
    return plate_read(bytes_of_text(value), PLATE_SOURCE_TEXT, &plate) == PLATE_OK
               ? VIID_TARGET_VEHICLE
               : VIID_TARGET_UNKNOWN;
}

static enum viid_target target_of_category(const struct reading *r)
{
    const struct disposition_categories *categories = r->rules->categories;
    for (size_t i = 0; i < categories->count; i++) {
        if (strcmp(categories->of[i].code, r->d->category) == 0) {
            return categories->of[i].target;
        }
    }
    return VIID_TARGET_UNKNOWN;
}

static void doubt_if_other(struct reading *r, enum viid_target seen)
{
    if (seen != VIID_TARGET_UNKNOWN && r->d->target != VIID_TARGET_UNKNOWN &&
        seen != r->d->target) {
        r->d->doubts |= VIID_DOUBT_TARGET;
    }
}

static void read_target(struct reading *r)
{
    struct viid_disposition *d = r->d;
    size_t pictures = 0;
    char uri[VIID_URL_SIZE];
    const json_t *list = pictures_of(r->object, &pictures);
    bool has_uri =
        value_text(json_object_get(r->object, "TargetImageURI"), uri, sizeof(uri)) != VALUE_ABSENT;
    value_of_feature(d->feature, d->value);
    if (d->value[0] == '\0') {
        refuse(r, STATUS_OPERATION,
               pictures > 0 || has_uri ? "A target given only by picture is not taken"
                                       : "TargetFeature is missing");
    }
    d->target = target_of_category(r);
    if (d->target == VIID_TARGET_UNKNOWN) {
        d->doubts |= VIID_DOUBT_CATEGORY;
    }
    doubt_if_other(r, meant_by_value(d->value));
    for (size_t i = 0; i < pictures; i++) {
        doubt_if_other(r, shown_by(json_is_array(list) ? json_array_get(list, i) : list));
    }
}

static void read_missing(struct reading *r)
{
    struct viid_disposition *d = r->d;
    d->doubts |= d->id[0] == '\0' ? (uint32_t)VIID_DOUBT_ID : 0;
    d->doubts |= d->reason[0] == '\0' ? (uint32_t)VIID_DOUBT_REASON : 0;
    if (d->applicant[0] == '\0' || d->organisation[0] == '\0') {
        d->doubts |= VIID_DOUBT_APPLICANT;
    }
    if (r->rules->strict && (strlen(d->id) != STANDARD_ID_DIGITS ||
                             strspn(d->id, "0123456789") != STANDARD_ID_DIGITS)) {
        refuse(r, STATUS_JSON_CONTENT, "DispositionID is not 33 digits");
    }
    if (r->rules->strict && r->rules->bare) {
        refuse(r, STATUS_JSON_CONTENT, "DispositionListObject is missing");
    }
}

struct status disposition_read(const json_t *object, const struct disposition_rules *rules,
                               struct wall now, struct viid_disposition *ret)
{
    struct reading r = {.object = object, .rules = rules, .d = ret};
    *ret = (struct viid_disposition){.operate = VIID_SET};
    if (object == NULL) {
        return (struct status){.code = STATUS_JSON_CONTENT, .text = "not an object"};
    }
    read_texts(&r);
    read_numbers(&r);
    if (ret->operate == VIID_WITHDRAW) {
        if (ret->id[0] == '\0') {
            refuse(&r, STATUS_JSON_CONTENT, "DispositionID is missing");
        }
    } else {
        read_missing(&r);
        read_begin(&r);
        read_end(&r, now);
        read_target(&r);
    }
    return (struct status){.code = r.code, .text = r.why, .id = ret->id};
}
