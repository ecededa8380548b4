#include "tests/unit/watch/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/access/plate.h"
#include "common/base/must.h"
#include "common/watch/watch_form.h"

static char *text(const char *words)
{
    return (char *)(uintptr_t)words;
}

void sample_person(struct sample *s)
{
    memset(s, 0, sizeof(*s));
    memset(s->hash, 0xa5, sizeof(s->hash));
    parkgate__watch_entry__init(&s->entry);
    s->entry.id = text("e-17");
    s->entry.category = WATCH_CATEGORY_WARRANT;
    s->entry.matcher = WATCH_MATCHER_IDENTITY;
    s->entry.match = (ProtobufCBinaryData){.len = sizeof(s->hash), .data = s->hash};
    s->entry.applicant = text("张三");
    s->entry.case_number = text("京公(刑)立字〔2026〕1234号");
    s->entry.legal_basis = text("刑事诉讼法第八十条");
    s->entry.begin_us = SAMPLE_MADE_US;
    s->entry.end_us = SAMPLE_MADE_US + 30 * SAMPLE_DAY_US;
    s->entry.action = WATCH_ACTION_NOTIFY;
    s->entry.contact = text("李警官 010-12345678");
    s->entry.instruction = WATCH_INSTRUCTION_CALL;
}

void sample_vehicle(struct sample *s)
{
    sample_person(s);
    s->entry.category = WATCH_CATEGORY_STOLEN_VEHICLE;
    s->entry.matcher = WATCH_MATCHER_PLATE;
    s->entry.match.data = (uint8_t *)text("京A12345");
    s->entry.match.len = strlen("京A12345");
    s->entry.end_us = SAMPLE_MADE_US + 365 * SAMPLE_DAY_US;
}

struct bytes sample_change(struct sample *s)
{
    size_t size = watch_form_write(&s->change.base, s->packed, sizeof(s->packed));
    assert_true(size != SIZE_MAX);
    return (struct bytes){.data = s->packed, .size = size};
}

struct bytes sample_packed(struct sample *s)
{
    parkgate__watch_change__init(&s->change);
    s->change.kind = WATCH_CHANGE_ADD;
    s->change.entry.data = s->packed_entry;
    s->change.entry.len =
        watch_form_write(&s->entry.base, s->packed_entry, sizeof(s->packed_entry));
    assert_true(s->change.entry.len != SIZE_MAX);
    return sample_change(s);
}

struct watch_place sample_place(void)
{
    return (struct watch_place){.change = 3, .made = {.us = SAMPLE_MADE_US}};
}

struct watch_change sample_add(const char *id, enum watch_matcher matcher, unsigned number)
{
    struct watch_change change = {.kind = WATCH_CHANGE_ADD};
    struct watch_entry *entry = &change.entry;
    bool plate = matcher == WATCH_MATCHER_PLATE;
    (void)snprintf(entry->id, sizeof(entry->id), "%s", id);
    entry->category = plate ? WATCH_CATEGORY_STOLEN_VEHICLE : WATCH_CATEGORY_WARRANT;
    entry->matcher = matcher;
    if (plate) {
        char raw[PLATE_TEXT_SIZE];
        (void)snprintf(raw, sizeof(raw), "京A%05u", number);
        entry->match_size = (uint8_t)strlen(raw);
        memcpy(entry->match, raw, entry->match_size);
    } else {
        struct writer w = writer_of(entry->match, sizeof(entry->match));
        entry->match_size = matcher == WATCH_MATCHER_BADGE ? 4 : SEAL_HASH_SIZE;
        writer_u32(&w, 0x44000000U + number);
    }
    (void)snprintf(entry->applicant, sizeof(entry->applicant), "Zhang San");
    (void)snprintf(entry->case_number, sizeof(entry->case_number), "2026-%u", number);
    (void)snprintf(entry->legal_basis, sizeof(entry->legal_basis), "CPL art. 80");
    (void)snprintf(entry->contact, sizeof(entry->contact), "Li, 010-1234");
    entry->begin.us = SAMPLE_MADE_US;
    entry->end.us = SAMPLE_MADE_US + 30 * SAMPLE_DAY_US;
    entry->action = WATCH_ACTION_NOTIFY;
    entry->instruction = WATCH_INSTRUCTION_CALL;
    return change;
}

struct sign_key sample_key(uint8_t first)
{
    struct sign_key key;
    memset(key.bytes, first, sizeof(key.bytes));
    return key;
}

static struct name name(const char *words)
{
    struct name made;
    MUST(name_from_text(words, &made));
    return made;
}

struct watch_plan sample_plan(void)
{
    return (struct watch_plan){.authority = name("west-station"),
                               .park = name("north-park"),
                               .number = 1,
                               .made = {.us = SAMPLE_MADE_US}};
}

struct watch_expected sample_expected(void)
{
    struct sign_key key = sample_key(7);
    return (struct watch_expected){.authority = name("west-station"),
                                   .park = name("north-park"),
                                   .key = sign_public_of(&key),
                                   .now = {.us = SAMPLE_MADE_US + 1000000}};
}

void sample_says(const struct complaint *c, enum error_number number, const char *en,
                 const char *zh)
{
    char out[1024];
    assert_int_equal(c->number, number);
    error_sentence_en(c, out, sizeof(out));
    assert_string_equal(out, en);
    error_sentence_zh(c, out, sizeof(out));
    assert_string_equal(out, zh);
}
