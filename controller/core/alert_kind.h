/* alert_kind: the kinds of alerts, each with its priority and what a guard does about it.
 *
 * One const table. A fault of controller/app/faults.c is an alert of the same word: who adds a
 * fault adds a row here. The park file may say another priority, other limits and another procedure
 * (`alerts:`), never another kind.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct alert_kind {
    const char *word;       /* stable */
    unsigned char priority; /* 1 the most urgent, to 5 */
    bool
        secret; /* about somebody who is looked for: shown to security and the lane's guard alone */
    const char *title, *title_zh;         /* what it is */
    const char *procedure, *procedure_zh; /* what to do */
};

enum { ALERT_PRIORITY_MOST = 1, ALERT_PRIORITY_LEAST = 5 };

/* By word; what is not in the table is of one general kind, never NULL. */
const struct alert_kind *alert_kind(const char *word);
/* False: no kind of that word. */
bool alert_kind_exists(const char *word);
const struct alert_kind *alert_kind_table(size_t *ret_count);

/* An exact hit; a candidate: a plate that looks alike, or a person known by face alone. */
extern const struct alert_kind *const alert_watch_hit, *const alert_watch_candidate;
/* Too many are open: those of one kind are counted together. */
extern const struct alert_kind *const alert_flood;

/* Kinds of documents that a person may show at the desk, with blanks between. Never their numbers. */
#define ALERT_DOCUMENTS "id-card passport residence-permit travel-permit work-permit driving-licence"
bool alert_document_exists(const char *word);
