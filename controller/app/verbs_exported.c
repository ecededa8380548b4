/* retention.exports, retention.deleted: files that left, and who says that they are deleted. */
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "controller/app/exported.h"
#include "controller/app/retention.h"
#include "controller/journal/journal.h"
#include "controller/store/export_store.h"
#include "schema/kinds.h"

enum err exported_note(struct controller *ctl, struct request *request, const char *kind,
                       const char *reason, int32_t *ret_last_day, struct fault *fault)
{
    uint32_t days = 0;
    char date[CIVIL_DATE_SIZE];
    struct journal_head head;
    Parkgate__ExportRecord record = PARKGATE__EXPORT_RECORD__INIT;
    TRY(retention_days(ctl, RETAIN_EXPORTS, &days, NULL, fault));
    TRY(journal_head(ctl->txn, &head, fault));
    record.number = head.sequence + 1;
    record.kind = field_text(kind);
    record.by = field_text(request->key->name);
    record.reason = field_text(reason);
    record.at_us = ctl->now.us;
    record.last_day = controller_today(ctl) + (int32_t)days;
    civil_date_format(record.last_day, date);
    answer_note(request->answer, "delete_by", date);
    if (ret_last_day != NULL) {
        *ret_last_day = record.last_day;
    }
    return controller_record(ctl, ENTRY_EXPORT, request->key->name, &record.base, fault);
}

static const char *state_of(const Parkgate__ExportRecord *record, int32_t today)
{
    return record->deleted_us != 0 ? "deleted" : today > record->last_day ? "overdue" : "kept";
}

static bool add_export(struct answer *a, const Parkgate__ExportRecord *record, const char *state)
{
    char date[CIVIL_DATE_SIZE];
    civil_date_format(record->last_day, date);
    answer_begin_row(a);
    answer_number(a, (int64_t)record->number);
    answer_text(a, state);
    answer_text(a, record->kind);
    answer_text(a, record->by);
    answer_text(a, record->reason);
    answer_wall(a, (struct wall){record->at_us});
    answer_text(a, date);
    answer_wall(a, (struct wall){record->deleted_us});
    answer_text(a, record->deleted_by);
    answer_text(a, record->how);
    return answer_end_row(a);
}

static void set_after(struct answer *a, uint64_t at)
{
    uint8_t cursor[8];
    struct writer w = writer_of(cursor, sizeof(cursor));
    writer_u64(&w, at);
    answer_more(a, writer_view(&w));
}

enum { EXPORTS_LOOKED = 1000 }; /* by one page, shown or not */

static enum err on_exports(struct controller *ctl, struct request *request, struct fault *fault)
{
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t size = 0;
    enum err err = ERR_OK;
    bool fits = true;
    size_t rows = 0;
    Parkgate__ExportRecord *record = NULL;
    const char *all = request_arg(request, "all");
    if (!request_cursor(request, cursor, &size)) {
        return ERR_OK;
    }
    struct reader r = reader_of((struct bytes){.data = cursor, .size = size});
    uint64_t at = size == 0 ? 0 : reader_u64(&r);
    answer_columns(request->answer,
                   "export,state,kind,by,reason_given,at_us,delete_by,deleted_us,deleted_by,how");
    for (size_t looked = 0; fits && (err = export_next(ctl->txn, at, &record, fault)) == ERR_OK;
         looked++) {
        const char *state = state_of(record, controller_today(ctl));
        bool shown = all != NULL || record->deleted_us == 0;
        fits = looked < EXPORTS_LOOKED && (!shown || (rows++ < LIMIT_ROWS_PER_MESSAGE &&
                                                      add_export(request->answer, record, state)));
        if (fits) {
            at = record->number;
        } else {
            set_after(request->answer, at);
        }
        parkgate__export_record__free_unpacked(record, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err on_deleted(struct controller *ctl, struct request *request, struct fault *fault)
{
    uint64_t number = 0;
    const char *text = NULL;
    const char *how = NULL;
    Parkgate__ExportRecord *found = NULL;
    if (!request_need(request, "export", &text) || !request_need(request, "how", &how) ||
        !request_number_or_none(request, "export", INT64_MAX, &number)) {
        return ERR_OK;
    }
    enum err err = export_get(ctl->txn, number, &found, fault);
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "export", text, NULL);
        return ERR_OK;
    }
    TRY(err);
    Parkgate__ExportRecord changed = *found;
    if (found->deleted_us != 0) {
        (void)request_refuse(request, ERROR_SAME_STATE, "export", text, NULL);
    } else {
        changed.deleted_us = ctl->now.us;
        changed.deleted_by = field_text(request->key->name);
        changed.how = field_text(how);
        err = controller_record(ctl, ENTRY_EXPORT, request->key->name, &changed.base, fault);
    }
    parkgate__export_record__free_unpacked(found, NULL);
    return err;
}

const struct verb_handler verbs_of_exported[] = {
    {"retention.exports", on_exports},
    {"retention.deleted", on_deleted},
};
const size_t verbs_of_exported_count = ARRAY_LEN(verbs_of_exported);
