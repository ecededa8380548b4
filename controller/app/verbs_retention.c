/* retention.*: how long each class is kept, by what right, and what the last run did. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/app/retention.h"
#include "controller/store/retention_store.h"
#include "schema/kinds.h"

static void put_count(struct answer *a, bool shown, uint64_t count)
{
    if (shown) {
        answer_number(a, (int64_t)count);
    } else {
        answer_text(a, "");
    }
}

/* A run that found nothing leaves no entry; that it went is known since the start. */
static enum err class_row(struct controller *ctl, struct answer *a, enum retention_class class,
                          bool sees_hits, struct fault *fault)
{
    const struct retention_spec *spec = &retention_specs[class];
    const struct retaining *r = &ctl->retaining;
    bool shown = sees_hits || !retention_tells_of_hits(class);
    Parkgate__RetentionRecord *record = NULL;
    TRY(retention_get(ctl->txn, spec->name, &record, fault));
    answer_begin_row(a);
    answer_text(a, spec->name);
    answer_number(a, record->days != 0 ? record->days : spec->normal);
    answer_number(a, spec->floor);
    answer_number(a, spec->ceiling);
    answer_text(a, record->basis);
    bool ran = r->ran[class].us != 0;
    struct wall when = ran ? r->ran[class] : (struct wall){record->ran_us};
    answer_wall(a, shown ? when : (struct wall){0});
    put_count(a, shown, ran ? r->removed[class] : record->removed);
    put_count(a, shown, record->removed_ever);
    answer_text(a, spec->en);
    answer_text(a, spec->zh);
    (void)answer_end_row(a);
    parkgate__retention_record__free_unpacked(record, NULL);
    return ERR_OK;
}

/* What other programs keep for a time of their own, and ends by itself. */
static void fixed_rows(struct answer *a)
{
    static const struct {
        const char *name, *en, *zh;
        int64_t days;
    } fixed[] = {
        {"backup-keys", "person keys of backups, on this machine and at a restore",
         "备份中的人员密钥（本机及还原时）",                                                                           LIMIT_BACKUP_KEYS_DAYS},
        {"gate-outbox", "events at gates, answered; each under the key of its day",
         "出入口已应答的事件；以当日密钥加密",                                                                        LIMIT_OUTBOX_DAYS     },
        {"approaches",  "where and when a listed one was met last, 120 s after it; by itself",
         "布控对象最近一次出现的通道和时间：120 秒后自动删除",                                                  0                     },
        {"gate-aside",  "bodies that no driver understood, at gates",                          "出入口搁置的无法识别报文",
         30                                                                                                                                                  },
    };
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        answer_begin_row(a);
        answer_text(a, fixed[i].name);
        for (int n = 0; n < 3; n++) {
            answer_number(a, fixed[i].days);
        }
        answer_text(a, "");
        answer_wall(a, (struct wall){0});
        answer_text(a, "");
        answer_text(a, "");
        answer_text(a, fixed[i].en);
        answer_text(a, fixed[i].zh);
        (void)answer_end_row(a);
    }
}

static enum err on_retention_show(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    answer_columns(request->answer,
                   "class,days,floor,ceiling,basis,ran_us,removed,removed_ever,what,what_zh");
    bool sees_hits = (request->key->roles & 1U << ROLE_SECURITY) != 0;
    for (size_t i = 0; i < RETAIN_COUNT; i++) {
        TRY(class_row(ctl, request->answer, (enum retention_class)i, sees_hits, fault));
    }
    fixed_rows(request->answer);
    bool running =
        ctl->retaining.running && (sees_hits || !retention_tells_of_hits(ctl->retaining.class));
    answer_note(request->answer, "state", running ? "running" : "done");
    return ERR_OK;
}

static const struct retention_spec *spec_of(const char *name)
{
    for (size_t i = 0; i < RETAIN_COUNT; i++) {
        if (strcmp(retention_specs[i].name, name) == 0) {
            return &retention_specs[i];
        }
    }
    return NULL;
}

static bool fits(struct request *request, const struct retention_spec *spec, uint64_t days,
                 const char *basis)
{
    char floor[16];
    char ceiling[16];
    (void)snprintf(floor, sizeof(floor), "%u", spec->floor);
    (void)snprintf(ceiling, sizeof(ceiling), "%u", spec->ceiling);
    if (days < spec->floor || days > spec->ceiling || days == 0) {
        return request_refuse(request, ERROR_RETENTION_TERM, spec->name, floor, ceiling);
    }
    return !spec->needs_basis || days <= spec->normal || basis[0] != '\0' ||
           request_refuse(request, ERROR_RETENTION_BASIS, spec->name, NULL, NULL);
}

static enum err on_retention_set(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    uint64_t days = 0;
    const char *name = NULL;
    const char *text = NULL;
    const char *reason = NULL;
    const char *basis = request_arg(request, "basis");
    Parkgate__RetentionTerm term = PARKGATE__RETENTION_TERM__INIT;
    basis = basis == NULL ? "" : basis;
    if (!request_need(request, "class", &name) || !request_need(request, "days", &text) ||
        !request_need(request, "reason", &reason) ||
        !request_number_or_none(request, "days", UINT32_MAX, &days)) {
        return ERR_OK;
    }
    const struct retention_spec *spec = spec_of(name);
    if (spec == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "class", name, NULL);
        return ERR_OK;
    }
    if (!fits(request, spec, days, basis)) {
        return ERR_OK;
    }
    term.class_ = field_text(spec->name);
    term.days = (uint32_t)days;
    term.basis = field_text(basis);
    term.reason = field_text(reason);
    return controller_record(ctl, ENTRY_RETENTION_TERM, request->key->name, &term.base, fault);
}

/* It runs by itself once a day; this one begins with the next second. */
static enum err on_retention_run(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    (void)fault;
    ctl->retaining.asked = true;
    answer_note(request->answer, "state", "running");
    return ERR_OK;
}

const struct verb_handler verbs_of_retention[] = {
    {"retention.show", on_retention_show},
    {"retention.set",  on_retention_set },
    {"retention.run",  on_retention_run },
};
const size_t verbs_of_retention_count = ARRAY_LEN(verbs_of_retention);
