/* entry_words: journal entries as rows for people (`events`, `journal show`): stable words,
 * handles, never a name, number, plate or badge. */
#pragma once

#include "common/store/store.h"
#include "controller/app/answer.h"
#include "schema/record.pb-c.h"

#define ENTRY_WORD_COLUMNS "seq,time_us,kind,gate,lane,tenant,who,verdict,reason,text,text_zh"

/* What an entry says, as far as its kind has it; "" where not. */
struct entry_words {
    const char *kind;
    char gate[64], lane[64], tenant[64], who[96];
    const char *verdict, *reason;
    char text[320], text_zh[320];
    bool of_holder; /* who is a holder's handle, not the key that acted */
    size_t hidden;  /* bytes of it that tell of hits */
};

/* Fills *ret from an unpacked entry. An unknown kind gets the word "unknown". */
void entry_words_of(const Parkgate__Entry *entry, struct entry_words *ret);

/* A row under ENTRY_WORD_COLUMNS, behind its first cell; the row is open (answer_begin_row) and
 * stays so. */
void entry_words_row(struct answer *a, const Parkgate__Entry *entry, const struct entry_words *w);
