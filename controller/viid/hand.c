#include "controller/viid/hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "controller/viid/status.h"
#include "controller/viid/value.h"
#include "schema/errors.h"
#include "schema/limits.h"
#include "schema/viid.pb-c.h"

enum { HTTP_OK = 200, HTTP_TOO_LARGE = 413, TEXT_SIZE = 96, ROW_SIZE = 4096 };

struct job;

/* What is said of one object. */
struct said {
    struct job *job;
    char id[VIID_ID_SIZE];
    enum status_code code;
    char text[TEXT_SIZE];
};

struct job {
    struct hand_place place;
    bool list; /* the answer is a list */
    size_t waits, count;
    struct said said[];
};

static struct job *job_of(const struct hand_place *place, size_t count)
{
    struct job *job = calloc(1, sizeof(*job) + count * sizeof(job->said[0]));
    MUST(job != NULL);
    job->place = *place;
    job->count = count;
    job->list = true;
    for (size_t i = 0; i < count; i++) {
        job->said[i].job = job;
    }
    return job;
}

static void say(struct said *said, enum status_code code, const char *text)
{
    said->code = code;
    (void)snprintf(said->text, sizeof(said->text), "%s", text == NULL ? "" : text);
}

static json_t *object_of(const struct job *job, const struct said *said)
{
    const struct clock *clock = job->place.clock;
    struct status status = {
        .code = said->code, .text = said->text[0] == '\0' ? NULL : said->text, .id = said->id};
    return status_object(&status, server_path(job->place.request), clock->wall(clock->ctx),
                         job->place.peer->number_status);
}

/* Nothing is waited for any more: answers and ends the job. */
static void answer(struct job *job)
{
    if (job->list) {
        json_t *list = json_array();
        for (size_t i = 0; i < job->count; i++) {
            MUST(json_array_append_new(list, object_of(job, &job->said[i])) == 0);
        }
        server_answer(job->place.request, HTTP_OK, status_list_body(list), NULL);
    } else {
        server_answer(job->place.request, HTTP_OK, status_body(object_of(job, &job->said[0])),
                      NULL);
    }
    free(job);
}

static void refuse_all(const struct hand_place *place, unsigned http, enum status_code code,
                       const char *text)
{
    struct status status = {.code = code, .text = text};
    server_answer(place->request, http,
                  status_body(status_object(&status, server_path(place->request),
                                            place->clock->wall(place->clock->ctx),
                                            place->peer->number_status)),
                  NULL);
}

/* ---- what the controller says ---- */

static const struct refusal {
    enum error_number error;
    enum status_code code;
    const char *text;
} refusals[] = {
    {ERROR_VIID_UNKNOWN, STATUS_OPERATION, "No such disposition"                       },
    {ERROR_VIID_ACTS,    STATUS_OPERATION, "It is confirmed: withdraw it and send anew"},
    {ERROR_VIID_FULL,    STATUS_BUSY,      "Too many wait for the park"                },
};

static void on_handed(void *ctx, const Parkgate__Reply *reply)
{
    struct said *said = ctx;
    struct job *job = said->job;
    if (reply == NULL) {
        say(said, STATUS_BUSY, NULL);
    } else if (reply->error != ERROR_NONE) {
        say(said, STATUS_DEVICE, NULL);
        for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
            if (reply->error == refusals[i].error) {
                say(said, refusals[i].code, refusals[i].text);
            }
        }
    }
    if (--job->waits == 0) {
        answer(job);
    }
}

static size_t pack(const struct viid_disposition *d, uint8_t out[ROW_SIZE])
{
    Parkgate__ViidDisposition message = PARKGATE__VIID_DISPOSITION__INIT;
#define TEXT(to, from) message.to = (char *)(uintptr_t)d->from
    TEXT(id, id);
    TEXT(title, title);
    TEXT(category, category);
    TEXT(feature, feature);
    TEXT(value, value);
    TEXT(applicant, applicant);
    TEXT(organisation, organisation);
    TEXT(contact, contact);
    TEXT(reason, reason);
    TEXT(range, range);
    TEXT(receive_addr, receive_addr);
    TEXT(begin_text, begin_text);
    TEXT(end_text, end_text);
#undef TEXT
    message.target = d->target;
    message.doubts = d->doubts;
    message.priority = d->priority;
    message.begin_us = d->begin_us;
    message.end_us = d->end_us;
    size_t size = protobuf_c_message_get_packed_size(&message.base);
    MUST(size <= ROW_SIZE);
    return protobuf_c_message_pack(&message.base, out);
}

static void hand(struct job *job, struct said *said, const struct viid_disposition *d)
{
    uint8_t row[ROW_SIZE];
    struct desk_request request = {
        .verb = "library.hand",
        .count = 3,
        .names = {"peer",                     "id",     "operate" },
        .values = {job->place.peer->name.text, said->id,
                  d->operate == VIID_WITHDRAW ? "withdraw" : "set"},
    };
    if (d->operate == VIID_SET) {
        request.row = (struct bytes){.data = row, .size = pack(d, row)};
    }
    const struct clock *clock = job->place.clock;
    if (desk_ask(job->place.desk, &request, on_handed, said, clock->mono(clock->ctx))) {
        job->waits++;
    } else {
        say(said, STATUS_BUSY, NULL);
    }
}

/* ---- requests ---- */

static void hand_object(struct job *job, struct said *said, const json_t *object, bool bare,
                        const char *id)
{
    struct viid_disposition d;
    const struct clock *clock = job->place.clock;
    struct disposition_rules rules = {.categories = &job->place.peer->categories,
                                      .strict = job->place.peer->strict,
                                      .bare = bare};
    AUTO(value_free) json_t *named = NULL;
    if (id[0] != '\0' && json_object_get(object, "DispositionID") == NULL) {
        named = json_copy((json_t *)(uintptr_t)object);
        MUST(json_object_set_new(named, "DispositionID", json_string(id)) == 0);
        object = named;
    }
    struct status status = disposition_read(object, &rules, clock->wall(clock->ctx), &d);
    (void)snprintf(said->id, sizeof(said->id), "%s", d.id);
    if (status.code == STATUS_OK && id[0] != '\0' && strcmp(id, d.id) != 0) {
        say(said, STATUS_JSON_CONTENT, "DispositionID is not that of the path");
    } else if (status.code != STATUS_OK) {
        say(said, status.code, status.text);
    } else {
        hand(job, said, &d);
    }
}

void hand_list(const struct hand_place *place, const json_t *body, const char *id)
{
    struct value_list list = value_list(body, "DispositionListObject", "DispositionObject");
    if (list.count == 0) {
        refuse_all(place, HTTP_OK, STATUS_JSON_CONTENT, "DispositionObject is missing");
        return;
    }
    if (list.count > (size_t)place->peer->list_max) {
        refuse_all(place, HTTP_TOO_LARGE, STATUS_OPERATION, "Too many objects in one list");
        return;
    }
    struct job *job = job_of(place, list.count);
    job->waits = 1; /* ours: until all are handed over */
    for (size_t i = 0; i < list.count; i++) {
        hand_object(job, &job->said[i], value_list_at(&list, i), list.bare,
                    list.count == 1 ? id : "");
    }
    if (--job->waits == 0) {
        answer(job);
    }
}

static size_t count_ids(const char *ids)
{
    size_t count = 0;
    for (const char *at = ids + strspn(ids, ", "); *at != '\0'; at += strspn(at, ", ")) {
        at += strcspn(at, ", ");
        count++;
    }
    return count;
}

void hand_withdraw(const struct hand_place *place, const char *ids)
{
    struct viid_disposition d = {.operate = VIID_WITHDRAW};
    size_t count = count_ids(ids);
    if (count == 0 || count > (size_t)place->peer->list_max) {
        refuse_all(place, HTTP_OK, STATUS_OPERATION,
                   count == 0 ? "IDList is missing" : "Too many objects in one list");
        return;
    }
    struct job *job = job_of(place, count);
    struct said *said = job->said;
    job->waits = 1;
    for (const char *at = ids + strspn(ids, ", "); *at != '\0'; at += strspn(at, ", ")) {
        size_t size = strcspn(at, ", ");
        if (size < sizeof(said->id)) {
            memcpy(said->id, at, size);
            hand(job, said, &d);
        } else {
            say(said, STATUS_OPERATION, "No such disposition");
        }
        at += size;
        said++;
    }
    if (--job->waits == 0) {
        answer(job);
    }
}

/* ---- what became of one ---- */

static void on_looked(void *ctx, const Parkgate__Reply *reply)
{
    struct said *said = ctx;
    struct job *job = said->job;
    char status[8];
    char operate[8];
    if (reply != NULL && reply->error == ERROR_NONE &&
        desk_note(reply, "status", status, sizeof(status)) != NULL &&
        desk_note(reply, "operate", operate, sizeof(operate)) != NULL) {
        json_t *body = json_pack("{s:{s:[{s:s, s:s, s:s}]}}", "DispositionListObject",
                                 "DispositionObject", "DispositionID", said->id,
                                 "DispositionStatus", status, "OperateType", operate);
        MUST(body != NULL);
        server_answer(job->place.request, HTTP_OK, body, NULL);
        free(job);
        return;
    }
    on_handed(said, reply);
}

void hand_look(const struct hand_place *place, const char *id)
{
    struct job *job = job_of(place, 1);
    const struct clock *clock = place->clock;
    job->list = false;
    int size = snprintf(job->said[0].id, sizeof(job->said[0].id), "%s", id);
    struct desk_request request = {
        .verb = "library.look",
        .count = 2,
        .names = {"peer",                 "id"           },
        .values = {place->peer->name.text, job->said[0].id}
    };
    if (size <= 0 || (size_t)size >= sizeof(job->said[0].id)) {
        say(&job->said[0], STATUS_OPERATION, "DispositionID is missing");
        answer(job);
    } else if (desk_ask(place->desk, &request, on_looked, &job->said[0], clock->mono(clock->ctx))) {
        job->waits = 1;
    } else {
        say(&job->said[0], STATUS_BUSY, NULL);
        answer(job);
    }
}
