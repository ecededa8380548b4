#include "reader-agent/terminal/isapi.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/base/must.h"

#define FOREVER "2037-12-31T23:59:59+00:00" /* the last day that all terminals know */

enum { HTTP_OK = 200, HTTP_UNAUTHORIZED = 401, HTTP_NOT_FOUND = 404, STATUS_CODE_OK = 1 };

static void json_free_at(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

/* Takes `body`. Everything in it is ours and bounded, so it fits. */
static struct isapi_request request(enum isapi_method method, const char *path, json_t *body)
{
    struct isapi_request made = {.method = method, .path = path};
    if (body != NULL) {
        size_t size = json_dumpb(body, made.body, sizeof(made.body) - 1, JSON_COMPACT);
        json_decref(body);
        MUST(size > 0 && size < sizeof(made.body));
    }
    return made;
}

struct isapi_request isapi_ask_settings(void)
{
    return request(ISAPI_GET, "/ISAPI/AccessControl/AcsCfg?format=json", NULL);
}

struct isapi_request isapi_answer_check(uint64_t serial, bool granted)
{
    return request(ISAPI_PUT, "/ISAPI/AccessControl/remoteCheck?format=json",
                   json_pack("{s:{s:I,s:s}}", "RemoteCheck", "serialNo", (json_int_t)serial,
                             "checkResult", granted ? "success" : "failed"));
}

struct isapi_request isapi_open_door(void)
{
    struct isapi_request made =
        request(ISAPI_PUT, "/ISAPI/AccessControl/RemoteControl/door/1", NULL);
    (void)snprintf(made.body, sizeof(made.body),
                   "<RemoteControlDoor><cmd>open</cmd></RemoteControlDoor>");
    return made;
}

/* Years that gmtime knows and a terminal takes; beyond, the last one. */
static void time_text(struct wall at, char out[40])
{
    time_t seconds = (time_t)(at.us / 1000000);
    struct tm tm;
    if (at.us <= 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 2037 - 1900 ||
        strftime(out, 40, "%Y-%m-%dT%H:%M:%S+00:00", &tm) == 0) {
        (void)snprintf(out, 40, FOREVER);
    }
}

static json_t *person(const char *subject, struct wall until)
{
    char end[40];
    time_text(until, end);
    return json_pack("{s:{s:s,s:s,s:{s:b,s:s,s:s,s:s},s:s,s:[{s:i,s:s}]}}", "UserInfo",
                     "employeeNo", subject, "userType", "normal", "Valid", "enable", 1, "beginTime",
                     "2020-01-01T00:00:00+00:00", "endTime", end, "timeType", "UTC", "doorRight",
                     "1", "RightPlan", "doorNo", 1, "planTemplateNo", "1");
}

struct isapi_request isapi_add_person(const char *subject, struct wall until)
{
    return request(ISAPI_POST, "/ISAPI/AccessControl/UserInfo/Record?format=json",
                   person(subject, until));
}

struct isapi_request isapi_change_person(const char *subject, struct wall until)
{
    return request(ISAPI_PUT, "/ISAPI/AccessControl/UserInfo/Modify?format=json",
                   person(subject, until));
}

struct isapi_request isapi_delete_person(const char *subject)
{
    return request(ISAPI_PUT, "/ISAPI/AccessControl/UserInfoDetail/Delete?format=json",
                   json_pack("{s:{s:s,s:[{s:s}]}}", "UserInfoDetail", "mode", "byEmployeeNo",
                             "EmployeeNoList", "employeeNo", subject));
}

struct isapi_request isapi_ask_deletion(void)
{
    return request(ISAPI_GET, "/ISAPI/AccessControl/UserInfoDetail/DeleteProcess?format=json",
                   NULL);
}

struct isapi_request isapi_delete_person_plain(const char *subject)
{
    return request(
        ISAPI_PUT, "/ISAPI/AccessControl/UserInfo/Delete?format=json",
        json_pack("{s:{s:[{s:s}]}}", "UserInfoDelCond", "EmployeeNoList", "employeeNo", subject));
}

struct isapi_request isapi_find_person(const char *subject)
{
    return request(ISAPI_POST, "/ISAPI/AccessControl/UserInfo/Search?format=json",
                   json_pack("{s:{s:s,s:i,s:i,s:[{s:s}]}}", "UserInfoSearchCond", "searchID",
                             "parkgate", "searchResultPosition", 0, "maxResults", 5,
                             "EmployeeNoList", "employeeNo", subject));
}

/* --- answers --- */

/* The text of <name> in a status that is XML; elements of a ResponseStatus hold plain words. */
static bool xml_text(struct bytes body, const char *name, char *out, size_t out_size)
{
    char open[48];
    int open_size = snprintf(open, sizeof(open), "<%s>", name);
    const char *at = memmem(body.data, body.size, open, (size_t)open_size);
    if (at == NULL) {
        return false;
    }
    at += open_size;
    size_t left = (size_t)((const char *)body.data + body.size - at);
    const char *end = memchr(at, '<', left);
    if (end == NULL || (size_t)(end - at) >= out_size) {
        return false;
    }
    memcpy(out, at, (size_t)(end - at));
    out[end - at] = '\0';
    return true;
}

/* NULL: no JSON object. */
static json_t *object_of(const struct isapi_answer *answer)
{
    if (answer->status == 0 || answer->body.size == 0 || answer->body.size > ISAPI_ANSWER_BYTES) {
        return NULL;
    }
    json_t *root = json_loadb((const char *)answer->body.data, answer->body.size,
                              JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return NULL;
    }
    return root;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

/* 1, "1" or 1.0, as devices type it. */
static bool number_of(const json_t *value, json_int_t *ret_number)
{
    if (json_is_integer(value)) {
        *ret_number = json_integer_value(value);
        return true;
    }
    if (json_is_real(value)) {
        double real = json_real_value(value);
        *ret_number = real >= 0 && real < 1e9 ? (json_int_t)real : -1;
        return (double)*ret_number == real;
    }
    const char *text = json_string_value(value);
    json_int_t number = 0;
    for (const char *at = text; at != NULL && *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || number > 99999999) {
            return false;
        }
        number = number * 10 + (*at - '0');
    }
    *ret_number = number;
    return text != NULL && text[0] != '\0';
}

/* true, "true" or 1. ret false: it says neither. */
static bool truth_of(const json_t *value, bool *ret_truth)
{
    json_int_t number = 0;
    const char *text = json_string_value(value);
    if (json_is_boolean(value)) {
        *ret_truth = json_is_true(value);
        return true;
    }
    if (text != NULL && (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0)) {
        *ret_truth = strcasecmp(text, "true") == 0;
        return true;
    }
    if (number_of(value, &number) && (number == 0 || number == 1)) {
        *ret_truth = number == 1;
        return true;
    }
    return false;
}

/* A foreign word for the operator and the journal: short, printable, one line. */
static void copy_word(char out[HELPER_WORD_SIZE], const char *text)
{
    size_t size = 0;
    for (; text[size] != '\0' && size < HELPER_WORD_SIZE - 1; size++) {
        out[size] = text[size] >= ' ' && text[size] <= '~' ? text[size] : '?';
    }
    out[size] = '\0';
}

static enum isapi_result say(enum isapi_result result, const char *word,
                             char what[HELPER_WORD_SIZE])
{
    copy_word(what, word);
    return result;
}

static bool is_one_of(const char *word, const char *const words[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum isapi_result result_by_word(const char *word, char what[HELPER_WORD_SIZE])
{
    static const char *const known[] = {"employeeNoAlreadyExist", "deviceUserAlreadyExist",
                                        "employeeNoExist"};
    static const char *const missing[] = {"notSupport", "invalidOperation", "methodNotAllowed",
                                          "badURLFormat", "urlNotExist"};
    if (is_one_of(word, known, ARRAY_LEN(known))) {
        return say(ISAPI_EXISTS, word, what);
    }
    if (is_one_of(word, missing, ARRAY_LEN(missing))) {
        return say(ISAPI_UNSUPPORTED, word, what);
    }
    return say(ISAPI_REFUSED, word[0] == '\0' ? "the terminal refuses" : word, what);
}

enum isapi_result isapi_result_of(const struct isapi_answer *answer, char what[HELPER_WORD_SIZE])
{
    if (answer->status == 0) {
        return say(ISAPI_UNREADABLE, answer->why == NULL ? "no answer" : answer->why, what);
    }
    if (answer->status == HTTP_UNAUTHORIZED) {
        return say(ISAPI_REFUSED, "the terminal refuses the account", what);
    }
    char code_text[16];
    if (answer->body.size > 0 &&
        xml_text(answer->body, "statusCode", code_text, sizeof(code_text))) {
        char word[HELPER_WORD_SIZE] = "";
        (void)xml_text(answer->body, "subStatusCode", word, sizeof(word));
        return answer->status == HTTP_OK && strcmp(code_text, "1") == 0
                   ? say(ISAPI_DONE, "", what)
                   : result_by_word(word, what);
    }
    AUTO(json_free_at) json_t *root = object_of(answer);
    const json_t *inner = json_object_get(root, "ResponseStatus");
    const json_t *status = json_is_object(inner) ? inner : root;
    json_int_t code = 0;
    if (status == NULL || !number_of(json_object_get(status, "statusCode"), &code)) {
        return answer->status == HTTP_NOT_FOUND
                   ? say(ISAPI_UNSUPPORTED, "the terminal has no such function", what)
                   : say(ISAPI_UNREADABLE, "the answer was not understood", what);
    }
    if (answer->status == HTTP_OK && code == STATUS_CODE_OK) {
        return say(ISAPI_DONE, "", what);
    }
    return result_by_word(text_of(status, "subStatusCode"), what);
}

void isapi_read_settings(const struct isapi_answer *answer, struct helper_settings *ret_settings)
{
    AUTO(json_free_at) json_t *root = answer->status == HTTP_OK ? object_of(answer) : NULL;
    const json_t *settings = json_object_get(root, "AcsCfg");
    bool remote = false;
    bool offline = false;
    *ret_settings = (struct helper_settings){.read = false};
    if (truth_of(json_object_get(settings, "remoteCheckDoorEnabled"), &remote) &&
        truth_of(json_object_get(settings, "offlineDevCheckOpenDoorEnabled"), &offline)) {
        *ret_settings = (struct helper_settings){
            .read = true, .remote_check = remote, .offline_opens = offline};
    }
}

enum isapi_deletion isapi_read_deletion(const struct isapi_answer *answer)
{
    AUTO(json_free_at) json_t *root = answer->status == HTTP_OK ? object_of(answer) : NULL;
    const char *word = text_of(json_object_get(root, "UserInfoDetailDeleteProcess"), "status");
    return strcasecmp(word, "success") == 0      ? ISAPI_DELETED
           : strcasecmp(word, "processing") == 0 ? ISAPI_DELETES
           : strcasecmp(word, "failed") == 0     ? ISAPI_NOT_DELETED
                                                 : ISAPI_DELETION_UNREADABLE;
}

static bool same_subject(const json_t *value, const char *subject)
{
    char text[32];
    if (json_is_integer(value)) {
        (void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return strcmp(text, subject) == 0;
    }
    const char *said = json_string_value(value);
    return said != NULL && strcmp(said, subject) == 0;
}

bool isapi_read_person(const struct isapi_answer *answer, const char *subject, bool *ret_there)
{
    AUTO(json_free_at) json_t *root = answer->status == HTTP_OK ? object_of(answer) : NULL;
    const json_t *search = json_object_get(root, "UserInfoSearch");
    const json_t *people = json_object_get(search, "UserInfo");
    json_int_t matches = 0;
    if (!json_is_object(search) || !number_of(json_object_get(search, "numOfMatches"), &matches)) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(people); i++) {
        if (same_subject(json_object_get(json_array_get(people, i), "employeeNo"), subject)) {
            *ret_there = true;
            return true;
        }
    }
    *ret_there = false;
    return matches == 0; /* hits, and none of them the one that was asked for: no answer */
}
