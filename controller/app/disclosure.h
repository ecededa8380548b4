/* disclosure: what a lawful demand gets, and nothing beyond what its document names.
 *
 * A demand is for at most LIMIT_DISCLOSE_PERSONS persons and a closed period, or for one lane on
 * one day. Who asks (disclose.ask, verbs_disclose_ask.c) needs two other persons (approvals.h). Its
 * file (disclose.file, disclosure_file.c) goes page by page to the asker alone:
 *
 *   a head of lines `name, tab, value`; an empty line; a line a fact, its cells with tabs between
 *   (disclosure_rows.c); and as last line, over all bytes before it:
 *   signature NUMBER SHA256 KEY SIGNATURE
 *
 * The signature (Ed25519, base64) is by the park's key over
 * "parkgate disclosure 1\nNUMBER SHA256 KEY\n". docs/privacy.md has the lines for openssl.
 *
 * What is in it was in the journal when the others agreed, and is kept still: what is past its term
 * is not given. Faces, reads that were no passage, what an authority entered, and hits are no
 * field.
 */
#pragma once

#include "common/store/keybuf.h"
#include "controller/app/request.h"

/* A bit each. */
enum disclosure_field {
    DISCLOSE_HANDLE = 1U << 0,
    DISCLOSE_NAME = 1U << 1,
    DISCLOSE_ID_NUMBER = 1U << 2,
    DISCLOSE_PHONE = 1U << 3,
    DISCLOSE_PLATE = 1U << 4,
    DISCLOSE_TENANT = 1U << 5,
    DISCLOSE_AGENCY = 1U << 6,
    DISCLOSE_PASSAGES = 1U << 7,
    DISCLOSE_CREDENTIALS = 1U << 8, /* kinds and states, no numbers; never a face */
    DISCLOSE_ASSIGNMENTS = 1U << 9,
    DISCLOSE_ATTENDANCE = 1U << 10,
};
enum { DISCLOSE_FIELDS = 11 };

struct disclosure_field_spec {
    const char *name;
    uint32_t bit;
    bool of_lane; /* of a lane's day as well */
};
extern const struct disclosure_field_spec disclosure_fields[DISCLOSE_FIELDS];

/* The fields of a record as bits. */
uint32_t disclosure_fields_of(const Parkgate__DisclosureRecord *record);

/* How far a file is. */
struct disclose_place {
    size_t person;
    unsigned section;
    struct keybuf at; /* within the section: go on behind it; size 0: from its beginning */
    uint64_t rows, bytes;
    struct seal_hasher hasher; /* of all bytes so far */
};

/* So long after its last page a file that is not at its end gives way to another one. */
enum { DISCLOSE_PAUSE_MS = 60 * 1000 };

/* The file under way: one at a time. Page `page` was given last; it began at `start` and ended at
 * `end`, so that it can be given again. */
struct disclosing {
    uint64_t number, page;
    char taker[LIMIT_TEXT_BYTES + 1];
    struct wall made;
    struct mono given; /* the last page */
    bool ended;        /* it was the file's last */
    int32_t last_day;  /* the file is to be deleted by then */
    struct disclose_place start, end;
};
void disclosing_destroy(struct disclosing **disclosing);

/* One page being filled. */
struct disclose_page {
    struct controller *ctl;
    struct answer *answer;
    const Parkgate__DisclosureRecord *record;
    uint32_t fields;
    struct disclose_place *place;
    size_t rows;
    size_t looked; /* rows of tables, given or not */
    bool full;     /* the page ends here; the file does not */
};

/* A line of the file, without its line feed. False: the page is full, and it comes with the next
 * one. */
__attribute__((format(printf, 2, 3))) bool disclose_line(struct disclose_page *page,
                                                         const char *format, ...);

/* Fills the page with what comes next; `full` stays false at the file's end. */
MUST_CHECK enum err disclose_rows(struct disclose_page *page, struct fault *fault);
