#include <string.h>

#include "common/access/credential.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/request.h"
#include "controller/store/subject_store.h"
#include "schema/kinds.h"

/* face.sync: what face terminals were ordered to know and to forget, and how far that is. */

static const char *order_word(uint32_t order)
{
    return order == SUBJECT_ADD ? "add" : "delete";
}

static const char *state_word(uint32_t state)
{
    return state == SUBJECT_WANTED ? "wanted" : state == SUBJECT_DONE ? "done" : "failed";
}

/* False: the row did not fit. */
static bool list_row(struct answer *a, const Parkgate__SubjectRecord *row)
{
    answer_begin_row(a);
    answer_text(a, row->reader);
    answer_text(a, row->gate);
    answer_handle(a, people_handle(&row->holder));
    answer_handle(a, people_handle(&row->credential));
    answer_text(a, order_word(row->order));
    answer_text(a, state_word(row->state));
    answer_wall(a, (struct wall){.us = row->since_us});
    answer_text(a, row->note);
    return answer_end_row(a);
}

/* One row by its key; ERR_NOT_FOUND: there is none. */
static enum err list_key(struct controller *ctl, struct answer *a, struct bytes key, bool *ret_fits,
                         struct fault *fault)
{
    Parkgate__SubjectRecord *row = NULL;
    struct keybuf copy;
    keybuf_begin(&copy);
    keybuf_bytes(&copy, key);
    TRY(subject_get(ctl->txn, keybuf_view(&copy), &row, fault));
    *ret_fits = list_row(a, row);
    parkgate__subject_record__free_unpacked(row, NULL);
    return ERR_OK;
}

/* A person's faces at all terminals of the park: few enough for one page. */
static enum err list_person(struct controller *ctl, struct request *request, struct handle person,
                            struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes hash;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&prefix);
    keybuf_handle(&prefix, person);
    TRY(store_iter_prefix(ctl->txn, TABLE_CREDENTIAL_OF, keybuf_view(&prefix),
                          LIMIT_ROWS_PER_MESSAGE, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &hash, fault)) == ERR_OK) {
        for (size_t i = 0; i < ctl->park->reader_count; i++) {
            struct keybuf row;
            bool fits = true;
            err = list_key(ctl, request->answer,
                           subject_key(&row, ctl->park->readers[i].name.text, hash), &fits, fault);
            if (err != ERR_OK && err != ERR_NOT_FOUND) {
                return err;
            }
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

struct page {
    size_t table;
    struct bytes prefix;
    bool indirect; /* values are keys of TABLE_SUBJECT */
};

static enum err list_page(struct controller *ctl, struct request *request, const struct page *page,
                          struct bytes after, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    struct keybuf last = {.size = 0};
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(ctl->txn, page->table, after.size > 0 ? after : page->prefix,
                         (struct bytes){0}, LIMIT_ROWS_PER_MESSAGE + 2, &iter, fault));
    enum err err;
    size_t shown = 0;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        bool fits = shown < LIMIT_ROWS_PER_MESSAGE;
        struct bytes head = {.data = key.data, .size = page->prefix.size};
        if (key.size < page->prefix.size || !bytes_equal(head, page->prefix)) {
            return ERR_OK;
        }
        if (bytes_equal(key, after)) {
            continue;
        }
        if (fits) {
            TRY(list_key(ctl, request->answer, page->indirect ? value : key, &fits, fault));
        }
        if (!fits) {
            answer_more(request->answer, keybuf_view(&last));
            return ERR_OK;
        }
        shown++;
        keybuf_begin(&last);
        keybuf_bytes(&last, key);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Without an argument what is still open; of a person or a terminal, all. */
static enum err on_face_sync(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct handle person;
    struct name reader = {.text = ""};
    struct keybuf prefix;
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t cursor_size = 0;
    uint64_t open = 0;
    if (!request_name_or_none(request, "reader", &reader) ||
        !request_cursor(request, cursor, &cursor_size)) {
        return ERR_OK;
    }
    answer_columns(request->answer, "reader,gate,person,credential,order,state,since_us,note");
    TRY(store_count(ctl->txn, TABLE_SUBJECT_OPEN, &open, fault));
    answer_note_number(request->answer, "subjects_open", (int64_t)open);
    if (request_arg(request, "person") != NULL) {
        return request_handle(request, "person", &person) ? list_person(ctl, request, person, fault)
                                                          : ERR_OK;
    }
    struct page page = {.table = TABLE_SUBJECT_OPEN, .indirect = true};
    if (reader.text[0] != '\0') {
        page = (struct page){.table = TABLE_SUBJECT,
                             .prefix = subject_key(&prefix, reader.text, (struct bytes){0})};
    }
    return list_page(ctl, request, &page, (struct bytes){.data = cursor, .size = cursor_size},
                     fault);
}

const struct verb_handler verbs_of_faces[] = {
    {"face.sync", on_face_sync},
};
const size_t verbs_of_faces_count = ARRAY_LEN(verbs_of_faces);
