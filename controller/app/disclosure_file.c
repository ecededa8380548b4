/* disclose.file: the file of a disclosure, page by page to who asked, and its signature. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "controller/app/approvals.h"
#include "controller/app/disclosure.h"
#include "controller/app/exported.h"
#include "controller/app/park_sign.h"
#include "controller/store/disclosure_store.h"
#include "controller/store/key_store.h"
#include "schema/kinds.h"

#define DAY_US (INT64_C(86400) * 1000000)

static void place_end(struct disclose_place *place)
{
    seal_hasher_destroy(&place->hasher);
    *place = (struct disclose_place){0};
}

static void place_copy(const struct disclose_place *from, struct disclose_place *to)
{
    place_end(to);
    *to = *from;
    to->hasher.context = NULL;
    seal_hasher_copy(&from->hasher, &to->hasher);
}

void disclosing_destroy(struct disclosing **disclosing)
{
    if (*disclosing != NULL) {
        place_end(&(*disclosing)->start);
        place_end(&(*disclosing)->end);
        free(*disclosing);
        *disclosing = NULL;
    }
}

/* --- its head --- */

static void join(char *const *words, size_t count, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "", words[i]);
    }
}

static void notice_of(const Parkgate__DisclosureRecord *record, const struct tz_table *tz,
                      char *out, size_t size)
{
    char date[CIVIL_DATE_SIZE];
    civil_date_format(civil_of(tz, (struct wall){record->silent_until_us}).day, date);
    if (record->silent) {
        (void)snprintf(out, size, "by the document nobody is told before %s / 依文书，%s 前不告知", date,
                       date);
    } else {
        (void)snprintf(out, size, "whom it is about is told / 将告知所涉人员");
    }
}

static void head_lines(struct disclose_page *page, struct wall made, int32_t last_day)
{
    const Parkgate__DisclosureRecord *r = page->record;
    char text[256];
    char delete_by[CIVIL_DATE_SIZE];
    char from[CIVIL_DATE_SIZE];
    char to[CIVIL_DATE_SIZE];
    char stamp[CIVIL_STAMP_SIZE];
    bool good = disclose_line(page, "parkgate disclosure 1") &&
                disclose_line(page, "number\t%llu", (unsigned long long)r->number) &&
                disclose_line(page, "park\t%s", page->ctl->park->title.en) &&
                disclose_line(page, "document\t%s", r->document) &&
                disclose_line(page, "authority\t%s", r->authority) &&
                disclose_line(page, "officer\t%s", r->officer) &&
                disclose_line(page, "basis\t%s", r->basis);
    civil_date_format(last_day, delete_by);
    civil_date_format(r->day, from);
    civil_date_format(r->to_day, to);
    good = good && (r->lane[0] != '\0' ? disclose_line(page, "lane\t%s", r->lane)
                                       : disclose_line(page, "persons\t%zu", r->n_holder));
    join(r->field, r->n_field, text, sizeof(text));
    civil_stamp_format(&page->ctl->tz, made, stamp);
    good = good && disclose_line(page, "period\t%s\t%s", from, to) &&
           disclose_line(page, "fields\t%s", text) && disclose_line(page, "asked_by\t%s", r->asker) &&
           disclose_line(page, "agreed_by\t%s", r->decider) &&
           disclose_line(page, "made\t%s", stamp);
    notice_of(r, &page->ctl->tz, text, sizeof(text));
    good = good && disclose_line(page, "notice\t%s", text) &&
           disclose_line(page, "use\tonly for what the document names / 仅用于文书所列用途") &&
           disclose_line(page, "delete_by\t%s\tdelete it by then, unless the law keeps it / 除法定留存外，请于该日前删除",
                         delete_by) &&
           disclose_line(page, "%s", "");
    MUST(good); /* a page has room for them */
}

/* --- its pages --- */

static enum err record_step(struct controller *ctl, struct request *request,
                            const Parkgate__DisclosureRecord *record, struct fault *fault)
{
    return controller_record(ctl, ENTRY_DISCLOSURE, request->key->name, &record->base, fault);
}

/* It is counted before a line of it leaves. False: refused, or *ret_err. */
static bool count_taking(struct controller *ctl, struct request *request,
                         Parkgate__DisclosureRecord *record, enum err *ret_err,
                         struct fault *fault)
{
    size_t names = record->lane[0] != '\0' ? LIMIT_NAMES_PER_DAY : record->n_holder;
    if (!request_may_name(ctl, request, names, ret_err, fault)) {
        return false;
    }
    record->step = DISCLOSURE_BEGUN;
    record->names = (uint32_t)names;
    record->names_day = controller_today(ctl);
    record->taken_us = record->taken_us != 0 ? record->taken_us : ctl->now.us;
    *ret_err = record_step(ctl, request, record, fault);
    return *ret_err == ERR_OK;
}

static void begin_file(struct controller *ctl, const struct request *request, uint64_t number,
                       int32_t last_day)
{
    disclosing_destroy(&ctl->disclosing);
    struct disclosing *d = calloc(1, sizeof(*d));
    MUST(d != NULL);
    d->number = number;
    d->made = ctl->now;
    d->last_day = last_day;
    (void)snprintf(d->taker, sizeof(d->taker), "%s", request->key->name);
    seal_hasher_begin(&d->start.hasher);
    ctl->disclosing = d;
}

/* The page that is asked for: the next one, or the last one once more. False: refused. */
static bool find_page(struct controller *ctl, struct request *request, uint64_t number,
                      uint64_t page)
{
    struct disclosing *d = ctl->disclosing;
    bool goes_on = d != NULL && d->number == number && strcmp(d->taker, request->key->name) == 0 &&
                   (page == d->page || page == d->page + 1);
    if (!goes_on) {
        return request_refuse(request, ERROR_ARG_BAD, "after", "...",
                              "not the mark of a page of this file; begin it anew");
    }
    if (page == d->page + 1) {
        place_copy(&d->end, &d->start);
        d->page = page;
    }
    return true;
}

static void sign_file(struct controller *ctl, struct answer *a, uint64_t number,
                      const struct seal_hash *digest)
{
    char hex[2 * SEAL_HASH_SIZE + 1];
    char id[SIGN_KEY_ID_SIZE];
    char signature[SIGN_BASE64_SIZE];
    char message[256];
    char public_hex[2 * SIGN_KEY_SIZE + 1];
    struct sign_value value;
    struct sign_public key = park_sign_public(ctl);
    bytes_to_hex(BYTES_OF(digest->bytes), hex, sizeof(hex));
    bytes_to_hex(BYTES_OF(key.bytes), public_hex, sizeof(public_hex));
    sign_key_id(&key, id);
    (void)snprintf(message, sizeof(message), "parkgate disclosure 1\n%llu %s %s\n",
                   (unsigned long long)number, hex, id);
    park_sign(ctl, bytes_of_text(message), &value);
    sign_to_base64(&value, signature);
    (void)snprintf(message, sizeof(message), "signature %llu %s %s %s", (unsigned long long)number,
                   hex, id, signature);
    answer_note(a, "signature", message);
    answer_note(a, "digest", hex);
    answer_note(a, "sign_key", id);
    answer_note(a, "sign_public", public_hex);
}

static enum err end_file(struct controller *ctl, struct request *request,
                         Parkgate__DisclosureRecord *record, struct fault *fault)
{
    const struct disclosing *d = ctl->disclosing;
    struct seal_hasher hasher = {0};
    seal_hasher_copy(&d->end.hasher, &hasher);
    struct seal_hash digest = seal_hasher_end(&hasher);
    sign_file(ctl, request->answer, record->number, &digest);
    answer_note_number(request->answer, "rows", (int64_t)d->end.rows);
    answer_note_number(request->answer, "bytes", (int64_t)d->end.bytes);
    record->step = DISCLOSURE_HANDED;
    record->handed_us = ctl->now.us;
    record->digest = field_of(BYTES_OF(digest.bytes));
    record->rows = (uint32_t)d->end.rows;
    record->bytes = d->end.bytes;
    return record_step(ctl, request, record, fault);
}

static enum err give_page(struct controller *ctl, struct request *request,
                          const Parkgate__DisclosureRecord *record, struct fault *fault)
{
    uint8_t cursor[8];
    struct disclosing *d = ctl->disclosing;
    Parkgate__DisclosureRecord changed = *record;
    d->given = ctl->mono;
    struct disclose_page page = {.ctl = ctl,
                                 .answer = request->answer,
                                 .record = record,
                                 .fields = disclosure_fields_of(record),
                                 .place = &d->end};
    place_copy(&d->start, &d->end);
    answer_columns(request->answer, "line");
    if (d->page == 0) {
        head_lines(&page, d->made, d->last_day);
    }
    TRY(disclose_rows(&page, fault));
    d->ended = !page.full;
    if (d->ended) {
        return end_file(ctl, request, &changed, fault);
    }
    struct writer w = writer_of(cursor, sizeof(cursor));
    writer_u64(&w, d->page + 1);
    answer_more(request->answer, writer_view(&w));
    return ERR_OK;
}

/* --- who may take it --- */

/* False: refused, or *ret_err. */
static bool may_take(struct controller *ctl, struct request *request,
                     const Parkgate__DisclosureRecord *record, enum err *ret_err,
                     struct fault *fault)
{
    char number[24];
    char date[CIVIL_DATE_SIZE];
    Parkgate__KeyRecord *asker = NULL;
    int64_t until_us = record->at_us + (int64_t)LIMIT_DISCLOSE_FILE_DAYS * DAY_US;
    *ret_err = key_by_name(ctl->txn, record->asker, &asker, fault);
    if (*ret_err != ERR_OK && *ret_err != ERR_NOT_FOUND) {
        return false;
    }
    bool is_his = *ret_err == ERR_OK && strcmp(key_person(asker), key_person(request->key)) == 0;
    if (asker != NULL) {
        parkgate__key_record__free_unpacked(asker, NULL);
    }
    *ret_err = ERR_OK;
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)record->number);
    civil_date_format(civil_of(&ctl->tz, (struct wall){until_us}).day, date);
    if (!is_his) {
        return request_refuse(request, ERROR_DISCLOSE_ASKER, record->asker, number, NULL);
    }
    return ctl->now.us < until_us ||
           request_refuse(request, ERROR_DISCLOSE_OVER, number, date, NULL);
}

/* There is one file under way at a time. Whoever takes this one may begin it anew. False: refused.
 */
static bool is_free(struct controller *ctl, struct request *request, uint64_t number)
{
    char other[24];
    const struct disclosing *d = ctl->disclosing;
    if (d == NULL || d->ended ||
        (d->number == number && strcmp(d->taker, request->key->name) == 0) ||
        !mono_before(ctl->mono, mono_after_ms(d->given, DISCLOSE_PAUSE_MS))) {
        return true;
    }
    (void)snprintf(other, sizeof(other), "%llu", (unsigned long long)d->number);
    return request_refuse(request, ERROR_DISCLOSE_BUSY, other, NULL, NULL);
}

static enum err take(struct controller *ctl, struct request *request,
                     const Parkgate__DisclosureRecord *record, bool first, uint64_t page,
                     struct fault *fault)
{
    int32_t last_day = 0;
    enum err err = ERR_OK;
    Parkgate__DisclosureRecord begun = *record;
    if (!may_take(ctl, request, record, &err, fault)) {
        return err;
    }
    if (!first) {
        return find_page(ctl, request, record->number, page)
                   ? give_page(ctl, request, record, fault)
                   : ERR_OK;
    }
    if (!is_free(ctl, request, record->number) ||
        !count_taking(ctl, request, &begun, &err, fault)) {
        return err;
    }
    TRY(exported_note(ctl, request, "disclosure", record->document, &last_day, fault));
    begin_file(ctl, request, record->number, last_day);
    return give_page(ctl, request, &begun, fault);
}

static enum err on_disclose_file(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    uint64_t number = 0;
    const char *text = NULL;
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t size = 0;
    Parkgate__DisclosureRecord *record = NULL;
    if (!request_need(request, "disclosure", &text) ||
        !request_number_or_none(request, "disclosure", INT64_MAX, &number) ||
        !request_cursor(request, cursor, &size)) {
        return ERR_OK;
    }
    enum err err = disclosure_get(ctl->txn, number, &record, fault);
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "disclosure", text, NULL);
        return ERR_OK;
    }
    TRY(err);
    struct reader r = reader_of((struct bytes){.data = cursor, .size = size});
    err = take(ctl, request, record, size == 0, size == 0 ? 0 : reader_u64(&r), fault);
    parkgate__disclosure_record__free_unpacked(record, NULL);
    return err;
}

const struct verb_handler verbs_of_disclosure_files[] = {
    {"disclose.file", on_disclose_file},
};
const size_t verbs_of_disclosure_files_count = ARRAY_LEN(verbs_of_disclosure_files);
