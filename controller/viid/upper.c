#include "controller/viid/upper.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/must.h"
#include "controller/viid/status.h"
#include "controller/viid/value.h"

enum { HTTP_OK = 200, HTTP_UNAUTHORIZED = 401, HTTP_FORBIDDEN = 403, ORGANISATION_DIGITS = 12 };

void upper_begin(struct upper *upper, const struct viid_settings *settings,
                 const struct viid_peer *peer)
{
    *upper = (struct upper){.settings = settings, .peer = peer};
}

/* ---- notices ---- */

bool upper_take(struct upper *upper, const struct upper_notice *notice)
{
    struct upper_waiting *room = NULL;
    MUST(notice->number != 0);
    for (size_t i = 0; i < UPPER_NOTICES_MAX; i++) {
        struct upper_waiting *waiting = &upper->waiting[i];
        if (waiting->notice.number == notice->number) {
            return true;
        }
        if (waiting->notice.number == 0) {
            room = waiting;
        }
    }
    if (room != NULL) {
        *room = (struct upper_waiting){.notice = *notice, .retry_ms = UPPER_RETRY_MS};
    }
    return room != NULL;
}

uint64_t upper_acknowledged(const struct upper *upper)
{
    for (size_t i = 0; i < UPPER_NOTICES_MAX; i++) {
        if (upper->waiting[i].acknowledged) {
            return upper->waiting[i].notice.number;
        }
    }
    return 0;
}

void upper_forget(struct upper *upper, uint64_t number)
{
    for (size_t i = 0; i < UPPER_NOTICES_MAX; i++) {
        if (upper->waiting[i].notice.number == number) {
            upper->waiting[i] = (struct upper_waiting){.acknowledged = false};
        }
    }
}

/* ---- bodies ---- */

static unsigned serial_of(const struct upper_notice *notice)
{
    return (unsigned)(notice->number % 100000);
}

void upper_notification_id(const struct viid_settings *settings, const struct upper_notice *notice,
                           char out[UPPER_NOTIFICATION_ID_SIZE])
{
    char time[VALUE_TIME_SIZE];
    value_time_format(notice->when, time);
    int size = snprintf(out, UPPER_NOTIFICATION_ID_SIZE, "%.*s02%s%05u", ORGANISATION_DIGITS,
                        settings->device_id, time, serial_of(notice));
    MUST(size > 0 && size < UPPER_NOTIFICATION_ID_SIZE);
}

/* The object that passed: no name, no number, no picture; of a vehicle the plate that was asked
 * for.
 */
static json_t *passed(const struct viid_settings *settings, const struct upper_notice *notice,
                      const char *time, char id[49])
{
    char source[42];
    (void)snprintf(source, sizeof(source), "%.20s02%s%05u", settings->device_id, time,
                   serial_of(notice));
    (void)snprintf(id, 49, "%s%s%05u", source, notice->vehicle ? "02" : "01", serial_of(notice));
    json_t *object =
        notice->vehicle
            ? json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s}", "MotorVehicleID", id, "InfoKind", 1,
                        "SourceID", source, "DeviceID", settings->device_id, "TollgateID",
                        settings->device_id, "PassTime", time, "PlateNo", notice->plate)
            : json_pack("{s:s, s:i, s:s, s:s, s:s}", "PersonID", id, "InfoKind", 1, "SourceID",
                        source, "DeviceID", settings->device_id, "LocationMarkTime", time);
    MUST(object != NULL);
    return object;
}

static json_t *notification(const struct viid_settings *settings, const struct upper_notice *notice)
{
    char id[UPPER_NOTIFICATION_ID_SIZE];
    char record[49];
    char time[VALUE_TIME_SIZE];
    upper_notification_id(settings, notice, id);
    value_time_format(notice->when, time);
    json_t *object = passed(settings, notice, time, record);
    json_t *whole =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "NotificationID", id, "DispositionID",
                  notice->disposition, "Title", notice->title, "TriggerTime", time, "CntObjectID",
                  record, notice->vehicle ? "MotorVehicleObject" : "PersonObject", object);
    MUST(whole != NULL);
    return whole;
}

static void write_body(json_t *body, struct upper_call *call)
{
    MUST(body != NULL);
    size_t size = json_dumpb(body, call->body, sizeof(call->body) - 1, JSON_COMPACT);
    MUST(size > 0 && size < sizeof(call->body));
    call->body[size] = '\0';
    json_decref(body);
}

/* ---- calls ---- */

static const char *target_of(const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = host == NULL ? NULL : strchr(host + 3, '/');
    return path == NULL ? "/" : path;
}

static void authorize(struct upper *upper, struct upper_call *call, const char *cnonce)
{
    struct digest_request request = {
        .method = "POST", .target = target_of(call->url), .password = upper->peer->password};
    if (upper->challenge.nonce[0] == '\0' ||
        !digest_answer(&upper->challenge, &request, upper->peer->user, cnonce, ++upper->nc,
                       call->authorization)) {
        call->authorization[0] = '\0';
    }
}

static void say_system(struct upper *upper, enum upper_what what, struct upper_call *call)
{
    const char *word = what == UPPER_REGISTER ? "Register" : "Keepalive";
    char object[32];
    (void)snprintf(object, sizeof(object), "%sObject", word);
    (void)snprintf(call->url, sizeof(call->url), "%s/VIID/System/%s", upper->peer->url, word);
    write_body(json_pack("{s:{s:s}}", object, "DeviceID", upper->settings->device_id), call);
}

/* The address that the disposition asked for, if it is one that was agreed; else the first agreed
 * one. */
static const char *address_of(const struct viid_peer *peer, const struct upper_notice *notice)
{
    for (size_t i = 0; i < peer->receive_count; i++) {
        if (strcmp(peer->receive[i], notice->receive_addr) == 0) {
            return peer->receive[i];
        }
    }
    return peer->receive[0];
}

static bool is_due(const struct upper_waiting *waiting, struct mono now)
{
    return waiting->notice.number != 0 && !waiting->acknowledged &&
           !mono_before(now, waiting->next);
}

/* As many as are due for one address. */
static bool say_notices(struct upper *upper, struct mono now, struct upper_call *call)
{
    const char *address = NULL;
    size_t count = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < UPPER_NOTICES_MAX && count < UPPER_BATCH; i++) {
        struct upper_waiting *waiting = &upper->waiting[i];
        waiting->under_way = false;
        if (!is_due(waiting, now)) {
            continue;
        }
        const char *own = address_of(upper->peer, &waiting->notice);
        if (address != NULL && strcmp(address, own) != 0) {
            continue;
        }
        address = own;
        waiting->under_way = true;
        count++;
        MUST(json_array_append_new(list, notification(upper->settings, &waiting->notice)) == 0);
    }
    if (count == 0) {
        json_decref(list);
        return false;
    }
    (void)snprintf(call->url, sizeof(call->url), "%s", address);
    write_body(json_pack("{s:{s:o}}", "DispositionNotificationListObject",
                         "DispositionNotificationObject", list),
               call);
    return true;
}

static enum upper_what choose(const struct upper *upper, struct mono now)
{
    bool registers = upper->peer->url[0] != '\0';
    if (registers && !upper->up) {
        return mono_before(now, upper->next_register) ? UPPER_NOTHING : UPPER_REGISTER;
    }
    if (registers && !mono_before(now, upper->next_keepalive)) {
        return UPPER_KEEPALIVE;
    }
    return upper->peer->receive_count > 0 ? UPPER_NOTIFY : UPPER_NOTHING;
}

bool upper_turn(struct upper *upper, struct mono now, const char *cnonce,
                struct upper_call *ret_call)
{
    if (upper->busy) {
        return false;
    }
    enum upper_what what = choose(upper, now);
    ret_call->what = what;
    ret_call->authorization[0] = '\0';
    if (what == UPPER_NOTHING || (what == UPPER_NOTIFY && !say_notices(upper, now, ret_call))) {
        return false;
    }
    if (what != UPPER_NOTIFY) {
        say_system(upper, what, ret_call);
    }
    if (upper->tried_digest || upper->answer_each) {
        authorize(upper, ret_call, cnonce);
    }
    upper->what = what;
    upper->busy = true;
    return true;
}

/* ---- answers ---- */

static void go_down(struct upper *upper)
{
    upper->up = false;
    upper->missed = 0;
    upper->tried_digest = false;
}

static void register_later(struct upper *upper, struct mono now)
{
    upper->retry_ms = upper->retry_ms == 0                       ? UPPER_RETRY_MS
                      : upper->retry_ms * 2 > UPPER_RETRY_MAX_MS ? UPPER_RETRY_MAX_MS
                                                                 : upper->retry_ms * 2;
    upper->next_register = mono_after_ms(now, upper->retry_ms);
    go_down(upper);
}

static bool keep_challenge(struct upper *upper, const struct upper_answer *answer)
{
    struct digest_fields fields;
    if (answer->status != HTTP_UNAUTHORIZED || !digest_read(answer->challenge, &fields) ||
        fields.nonce[0] == '\0') {
        return false;
    }
    upper->challenge = fields;
    upper->nc = 0;
    return true;
}

static bool says_good(const struct upper_answer *answer)
{
    struct status_read read;
    return answer->status == HTTP_OK && status_read(answer->body, &read, 1) == 1 &&
           read.code == STATUS_OK;
}

static void registered(struct upper *upper, const struct upper_answer *answer, struct mono now)
{
    bool first = !upper->tried_digest;
    if (says_good(answer)) {
        upper->up = true;
        upper->retry_ms = 0;
        upper->missed = 0;
        upper->tried_digest = false;
        upper->next_keepalive = mono_after_ms(now, upper->peer->keepalive_s * 1000);
    } else if (keep_challenge(upper, answer) && first) {
        upper->tried_digest = true; /* again, at once */
    } else {
        register_later(upper, now);
    }
}

/* 401 or 403 to something that needs a session: register, then again. A library that challenges
 * even then wants its digest with each request. */
static void turned_away(struct upper *upper, const struct upper_answer *answer, struct mono now)
{
    bool challenged = keep_challenge(upper, answer);
    upper->answer_each = challenged;
    if (upper->peer->url[0] != '\0') {
        go_down(upper);
        upper->next_register = now;
    }
}

static bool is_turned_away(const struct upper_answer *answer)
{
    return answer->status == HTTP_UNAUTHORIZED || answer->status == HTTP_FORBIDDEN;
}

static void kept_alive(struct upper *upper, const struct upper_answer *answer, struct mono now)
{
    upper->next_keepalive = mono_after_ms(now, upper->peer->keepalive_s * 1000);
    if (is_turned_away(answer)) {
        turned_away(upper, answer, now);
    } else if (says_good(answer)) {
        upper->missed = 0;
    } else if (++upper->missed >= upper->peer->missed) {
        go_down(upper);
        upper->next_register = now;
    }
}

static bool is_taken(const struct status_read *read, size_t count, const char *id, bool alone)
{
    for (size_t i = 0; i < count; i++) {
        bool same = strcmp(read[i].id, id) == 0 || (alone && count == 1 && read[i].id[0] == '\0');
        if (same && read[i].code == STATUS_OK) {
            return true;
        }
    }
    return false;
}

static size_t under_way(const struct upper *upper)
{
    size_t count = 0;
    for (size_t i = 0; i < UPPER_NOTICES_MAX; i++) {
        count += upper->waiting[i].under_way ? 1 : 0;
    }
    return count;
}

static void notified(struct upper *upper, const struct upper_answer *answer, struct mono now)
{
    struct status_read read[2 * UPPER_BATCH];
    bool alone = under_way(upper) == 1;
    size_t count = answer->status == HTTP_OK ? status_read(answer->body, read, ARRAY_LEN(read)) : 0;
    for (size_t i = 0; i < UPPER_NOTICES_MAX; i++) {
        struct upper_waiting *waiting = &upper->waiting[i];
        char id[UPPER_NOTIFICATION_ID_SIZE];
        if (!waiting->under_way) {
            continue;
        }
        waiting->under_way = false;
        upper_notification_id(upper->settings, &waiting->notice, id);
        if (is_taken(read, count, id, alone)) {
            waiting->acknowledged = true;
        } else if (is_turned_away(answer) && !upper->answer_each && !waiting->sent_again) {
            waiting->sent_again = true;
        } else {
            waiting->sent_again = false;
            waiting->next = mono_after_ms(now, waiting->retry_ms);
            waiting->retry_ms = waiting->retry_ms * 2 > UPPER_RETRY_MAX_MS ? UPPER_RETRY_MAX_MS
                                                                           : waiting->retry_ms * 2;
        }
    }
    if (is_turned_away(answer)) {
        turned_away(upper, answer, now);
    }
}

void upper_answered(struct upper *upper, const struct upper_answer *answer, struct mono now)
{
    MUST(upper->busy);
    upper->busy = false;
    switch (upper->what) {
    case UPPER_REGISTER:
        registered(upper, answer, now);
        break;
    case UPPER_KEEPALIVE:
        kept_alive(upper, answer, now);
        break;
    case UPPER_NOTIFY:
        notified(upper, answer, now);
        break;
    case UPPER_NOTHING:
        break;
    }
}
