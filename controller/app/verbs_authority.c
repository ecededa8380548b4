#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/seal/sign.h"
#include "controller/app/approvals.h"
#include "controller/app/watch.h"
#include "controller/store/key_store.h"
#include "schema/kinds.h"

/* --- reading --- */

static bool read_curve(struct request *request, struct link_key *ret, bool *ret_given)
{
    const char *text = request_arg(request, "public");
    *ret_given = text != NULL;
    return text == NULL || link_key_from_z85(text, ret) || link_key_from_hex(text, ret) ||
           request_refuse(request, ERROR_ARG_BAD, "public", text, "a public key of key make");
}

static bool read_sign(struct request *request, struct sign_public *ret, bool *ret_given)
{
    const char *text = request_arg(request, "sign");
    *ret_given = text != NULL;
    if (text == NULL) {
        return true;
    }
    if (strlen(text) != 2 * sizeof(ret->bytes) ||
        !bytes_from_hex(text, ret->bytes, sizeof(ret->bytes))) {
        return request_refuse(request, ERROR_ARG_BAD, "sign", text,
                              "an Ed25519 public key, 64 hex digits");
    }
    return sign_public_is_sound(ret) ||
           request_refuse(request, ERROR_ARG_BAD, "sign", text,
                          "it is a weak key, which nobody can own; make one: parkgate watch keygen");
}

static bool read_refresh(struct request *request, uint32_t *ret_hours)
{
    uint64_t hours = *ret_hours;
    if (!request_number_or_none(request, "refresh", LIMIT_WATCH_REFRESH_HOURS, &hours)) {
        return false;
    }
    *ret_hours = (uint32_t)hours;
    return true;
}

static bool read_title(struct request *request, const char *name, char **title)
{
    const char *text = request_arg(request, name);
    if (text == NULL) {
        return true;
    }
    if (strlen(text) > LIMIT_TEXT_BYTES) {
        return request_refuse(request, ERROR_LIMIT_REACHED, "bytes of a title", "256", NULL);
    }
    *title = field_text(text);
    return true;
}

static void key_name_of(const char *authority, char out[2 * NAME_SIZE])
{
    (void)snprintf(out, 2 * NAME_SIZE, "%s%s", WATCH_KEY_PREFIX, authority);
}

/* The authority that the request names. ERR_OK with NULL: refused. */
static enum err named_authority(struct controller *ctl, struct request *request,
                                Parkgate__AuthorityRecord **ret, struct fault *fault)
{
    struct name name;
    *ret = NULL;
    if (!request_name(request, "name", &name)) {
        return ERR_OK;
    }
    enum err err = watch_authority(ctl->txn, name.text, ret, fault);
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "authority", name.text, NULL);
        return ERR_OK;
    }
    return err;
}

/* --- keys --- */

/* A key that was never known, live or revoked. */
static enum err curve_is_new(struct controller *ctl, struct request *request, struct link_key key,
                             bool *ret_new, struct fault *fault)
{
    Parkgate__KeyRecord *known = NULL;
    enum err err = key_get(ctl->txn, BYTES_OF(key.bytes), &known, fault);
    *ret_new = err == ERR_NOT_FOUND;
    if (err == ERR_OK) {
        (void)request_refuse(request, ERROR_EXISTS, "key", known->name, NULL);
        parkgate__key_record__free_unpacked(known, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err record_key(struct controller *ctl, struct request *request, const char *authority,
                           struct link_key public_key, const char *reason, struct fault *fault)
{
    char name[2 * NAME_SIZE];
    Parkgate__KeyRecord *old = NULL;
    Parkgate__KeyRecord record = PARKGATE__KEY_RECORD__INIT;
    key_name_of(authority, name);
    enum err err = key_by_name(ctl->txn, name, &old, fault);
    if (err == ERR_OK) {
        Parkgate__KeyRecord ended = *old;
        ended.revoked_us = ctl->now.us;
        ended.reason = field_text(reason);
        err = controller_record(ctl, ENTRY_KEY, request->key->name, &ended.base, fault);
        parkgate__key_record__free_unpacked(old, NULL);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    record.name = name;
    record.public_key = field_of(BYTES_OF(public_key.bytes));
    record.roles = 1U << ROLE_STATION;
    record.added_us = ctl->now.us;
    record.reason = field_text(reason);
    return controller_record(ctl, ENTRY_KEY, request->key->name, &record.base, fault);
}

/* The next generation of the authority's keys: a fresh matching key, and the park's own of before.
 * Nobody uses it until a record names it, so that a request on trial changes nothing. */
static enum err draw_keys(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                          struct fault *fault)
{
    struct authority_keys keys;
    enum err err = watch_authority_keys(ctl, authority, &keys, fault);
    if (err == ERR_NOT_FOUND) {
        keys.own = seal_key_draw(ctl->entropy);
        err = ERR_OK;
    }
    TRY(err);
    keys.matching = seal_key_draw(ctl->entropy);
    err =
        authority_keys_put(ctl->keys_txn, authority->name, authority->generation + 1, &keys, fault);
    seal_wipe(&keys, sizeof(keys));
    return err;
}

/* --- verbs --- */

static enum err is_free(struct controller *ctl, struct request *request, struct name name,
                        bool *ret_free, struct fault *fault)
{
    uint64_t count = 0;
    char most[16];
    Parkgate__AuthorityRecord *known = NULL;
    *ret_free = false;
    enum err err = watch_authority(ctl->txn, name.text, &known, fault);
    if (err == ERR_OK) {
        parkgate__authority_record__free_unpacked(known, NULL);
        (void)request_refuse(request, ERROR_EXISTS, "authority", name.text, NULL);
        return ERR_OK;
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    TRY(store_count(ctl->txn, TABLE_AUTHORITY, &count, fault));
    (void)snprintf(most, sizeof(most), "%d", LIMIT_AUTHORITIES);
    *ret_free = count < LIMIT_AUTHORITIES ||
                request_refuse(request, ERROR_LIMIT_REACHED, "authorities", most, NULL);
    return ERR_OK;
}

static enum err add(struct controller *ctl, struct request *request,
                    Parkgate__AuthorityRecord *record, struct link_key curve, struct fault *fault)
{
    struct name name = name_or_none(record->name);
    bool good = false;
    TRY(is_free(ctl, request, name, &good, fault));
    if (good) {
        TRY(curve_is_new(ctl, request, curve, &good, fault));
    }
    if (!good) {
        return ERR_OK;
    }
    TRY(record_key(ctl, request, record->name, curve, record->reason, fault));
    TRY(draw_keys(ctl, record, fault));
    record->generation = 1;
    record->added_us = ctl->now.us;
    ctl->watch.looks = true;
    return controller_record(ctl, ENTRY_AUTHORITY, request->key->name, &record->base, fault);
}

static enum err on_authority_add(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    struct name name;
    struct link_key curve;
    struct sign_public sign;
    char key[2 * NAME_SIZE];
    const char *unused = NULL;
    bool given = false;
    Parkgate__AuthorityRecord record = PARKGATE__AUTHORITY_RECORD__INIT;
    if (!request_name(request, "name", &name) || !request_need(request, "title", &unused) ||
        !request_need(request, "public", &unused) || !request_need(request, "sign", &unused) ||
        !request_need(request, "reason", &unused) || !read_curve(request, &curve, &given) ||
        !read_sign(request, &sign, &given) || !read_refresh(request, &record.refresh_hours) ||
        !read_title(request, "title", &record.title) ||
        !read_title(request, "title_zh", &record.title_zh)) {
        return ERR_OK;
    }
    key_name_of(name.text, key);
    record.name = name.text;
    record.key = key;
    record.sign_key = field_of(BYTES_OF(sign.bytes));
    record.reason = field_text(request_arg(request, "reason"));
    return add(ctl, request, &record, curve, fault);
}

/* A bundle under way is of a key, or an authority, that was. */
static enum err drop_open_bundle(struct controller *ctl, struct request *request,
                                 const Parkgate__AuthorityRecord *authority, struct fault *fault)
{
    Parkgate__WatchClose close = PARKGATE__WATCH_CLOSE__INIT;
    if (authority->open_number == 0) {
        return ERR_OK;
    }
    close.authority = authority->name;
    close.number = authority->open_number;
    close.cancelled = true;
    return controller_record(ctl, ENTRY_WATCH_CLOSE, request->key->name, &close.base, fault);
}

/* Records what was changed of the authority as it stands now. */
static enum err change(struct controller *ctl, struct request *request,
                       Parkgate__AuthorityRecord *changed, struct fault *fault)
{
    TRY(drop_open_bundle(ctl, request, changed, fault));
    changed->open_number = 0;
    return controller_record(ctl, ENTRY_AUTHORITY, request->key->name, &changed->base, fault);
}

struct replacing {
    struct link_key curve;
    struct sign_public sign;
    bool new_curve, new_sign, new_matching;
};

static bool read_replacing(struct request *request, struct replacing *ret)
{
    const char *matching = request_arg(request, "matching");
    ret->new_matching = matching != NULL && strcmp(matching, "yes") == 0;
    if (!read_curve(request, &ret->curve, &ret->new_curve) ||
        !read_sign(request, &ret->sign, &ret->new_sign)) {
        return false;
    }
    return ret->new_curve || ret->new_sign || ret->new_matching ||
           request_refuse(request, ERROR_ARG_MISSING, "public", NULL, NULL);
}

static enum err replace(struct controller *ctl, struct request *request,
                        const Parkgate__AuthorityRecord *authority, struct replacing *with,
                        const char *reason, struct fault *fault)
{
    bool good = true;
    Parkgate__AuthorityRecord changed = *authority;
    changed.reason = field_text(reason);
    if (with->new_curve) {
        TRY(curve_is_new(ctl, request, with->curve, &good, fault));
    }
    if (!good) {
        return ERR_OK;
    }
    if (with->new_curve) {
        TRY(record_key(ctl, request, authority->name, with->curve, reason, fault));
    }
    if (with->new_sign) {
        changed.sign_key = field_of(BYTES_OF(with->sign.bytes));
    }
    if (with->new_matching) { /* entries by identity end with the key that they were hashed under */
        TRY(draw_keys(ctl, authority, fault));
        changed.generation = authority->generation + 1;
        changed.looked = (ProtobufCBinaryData){0};
        changed.looked_all = false;
        ctl->watch.looks = true;
    }
    return change(ctl, request, &changed, fault);
}

static enum err on_authority_replace(struct controller *ctl, struct request *request,
                                     struct fault *fault)
{
    struct replacing with = {0};
    const char *reason = NULL;
    Parkgate__AuthorityRecord *authority = NULL;
    if (!read_replacing(request, &with) || !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(named_authority(ctl, request, &authority, fault));
    if (authority == NULL) {
        return ERR_OK;
    }
    enum err err = replace(ctl, request, authority, &with, reason, fault);
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

static enum err set_suspended(struct controller *ctl, struct request *request, bool suspended,
                              struct fault *fault)
{
    const char *reason = NULL;
    Parkgate__AuthorityRecord *authority = NULL;
    if (!request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(named_authority(ctl, request, &authority, fault));
    if (authority == NULL) {
        return ERR_OK;
    }
    enum err err = ERR_OK;
    if (authority->suspended == suspended) {
        (void)request_refuse(request, ERROR_SAME_STATE, "authority", authority->name, NULL);
    } else {
        Parkgate__AuthorityRecord changed = *authority;
        changed.suspended = suspended;
        changed.reason = field_text(reason);
        err = change(ctl, request, &changed, fault);
    }
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

static enum err on_authority_suspend(struct controller *ctl, struct request *request,
                                     struct fault *fault)
{
    return set_suspended(ctl, request, true, fault);
}

static enum err on_authority_resume(struct controller *ctl, struct request *request,
                                    struct fault *fault)
{
    return set_suspended(ctl, request, false, fault);
}

/* --- listing --- */

static enum err public_of(struct controller *ctl, const char *key_name, char out[LINK_KEY_Z85_SIZE],
                          struct fault *fault)
{
    struct link_key public_key;
    Parkgate__KeyRecord *key = NULL;
    out[0] = '\0';
    enum err err = key_by_name(ctl->txn, key_name, &key, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (key->public_key.len == LINK_KEY_SIZE) {
        memcpy(public_key.bytes, key->public_key.data, LINK_KEY_SIZE);
        link_key_to_z85(public_key, out);
    }
    parkgate__key_record__free_unpacked(key, NULL);
    return ERR_OK;
}

static enum err authority_row(struct controller *ctl, struct answer *a,
                              const Parkgate__AuthorityRecord *authority, struct fault *fault)
{
    struct watch_persons persons;
    char z85[LINK_KEY_Z85_SIZE];
    char sign[2 * SIGN_KEY_SIZE + 1] = "";
    TRY(watch_persons_of(ctl->txn, authority->name, ctl->now, &persons, fault));
    TRY(public_of(ctl, authority->key, z85, fault));
    if (authority->sign_key.len == SIGN_KEY_SIZE) {
        bytes_to_hex(field_view(&authority->sign_key), sign, sizeof(sign));
    }
    answer_begin_row(a);
    answer_text(a, authority->name);
    answer_text(a, authority->title);
    answer_text(a, authority->title_zh);
    answer_text(a, authority->suspended                  ? "suspended"
                   : watch_is_stale(authority, ctl->now) ? "stale"
                                                         : "active");
    answer_number(a, (int64_t)authority->number);
    answer_wall(a, (struct wall){authority->refreshed_us});
    answer_number(a, authority->refresh_hours);
    answer_number(a, persons.waiting);
    answer_number(a, persons.acting);
    answer_number(a, (int64_t)authority->vehicles);
    answer_text(a, authority->looked_all ? "yes" : "no");
    answer_text(a, authority->key);
    answer_text(a, z85);
    answer_text(a, sign);
    (void)answer_end_row(a);
    return ERR_OK;
}

static enum err on_authority_list(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    struct name at = {{0}};
    Parkgate__AuthorityRecord *authority = NULL;
    enum err err;
    answer_columns(request->answer,
                   "authority,title,title_zh,state,number,refreshed_us,refresh_h,waiting,acting,"
                   "vehicles,people_hashed,key,public,sign");
    while ((err = watch_next_authority(ctl->txn, &at, &authority, fault)) == ERR_OK) {
        err = authority_row(ctl, request->answer, authority, fault);
        parkgate__authority_record__free_unpacked(authority, NULL);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

const struct verb_handler verbs_of_authorities[] = {
    {"authority.add",     on_authority_add    },
    {"authority.list",    on_authority_list   },
    {"authority.replace", on_authority_replace},
    {"authority.resume",  on_authority_resume },
    {"authority.suspend", on_authority_suspend},
};
const size_t verbs_of_authorities_count = ARRAY_LEN(verbs_of_authorities);
