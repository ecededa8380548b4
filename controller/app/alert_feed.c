#include "controller/app/alert_feed.h"

#include <stdio.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/core/alert.h"
#include "controller/journal/journal.h"
#include "controller/store/alert_store.h"
#include "schema/limits.h"

enum { LOOKED_AT_MOST = 500 };

/* NULL: a step that is nobody's business outside. */
static const char *event_of(uint32_t step, const Parkgate__AlertRecord *record)
{
    switch (step) {
    case ALERT_STEP_RAISE:
        return "raised";
    case ALERT_STEP_ESCALATE:
        return "escalated";
    case ALERT_STEP_CLOSE:
    case ALERT_STEP_LAPSE:
        return "closed";
    case ALERT_STEP_REJECT: /* that closes a candidate at once */
        return record->candidate ? "closed" : NULL;
    default:
        return NULL;
    }
}

/* Kinds, lanes and events are words of a-z 0-9 - and .: nothing in them needs an escape. */
static size_t write_line(char *out, size_t capacity, const struct alert_news_row *news,
                         const char *event, const Parkgate__AlertRecord *record)
{
    int size = snprintf(out, capacity,
                        "{\"seq\":%llu,\"alert\":%llu,\"event\":\"%s\",\"kind\":\"%s\",\"lane\":"
                        "\"%s\",\"priority\":%u}\n",
                        (unsigned long long)news->sequence, (unsigned long long)alert_label(record), event,
                        record->kind, record->lane, record->priority);
    MUST(size > 0 && size < ALERT_LINE_MAX);
    return (size_t)size < capacity ? (size_t)size : 0;
}

/* *ret_size 0: this one is not told, or (*ret_full) has no room left. */
static enum err one_line(struct store_txn *txn, const struct alert_news_row *news, char *out,
                         size_t capacity, size_t *ret_size, bool *ret_full, struct fault *fault)
{
    Parkgate__AlertRecord *record = NULL;
    TRY(alert_get(txn, news->number, &record, fault));
    const char *event = event_of(news->step, record);
    *ret_size = event == NULL ? 0 : write_line(out, capacity, news, event, record);
    *ret_full = event != NULL && *ret_size == 0;
    parkgate__alert_record__free_unpacked(record, NULL);
    return ERR_OK;
}

/* A line about no alert. */
static size_t bare_line(char *out, size_t capacity, uint64_t sequence, const char *event)
{
    int size = snprintf(out, capacity,
                        "{\"seq\":%llu,\"alert\":0,\"event\":\"%s\",\"kind\":\"\",\"lane\":"
                        "\"\",\"priority\":0}\n",
                        (unsigned long long)sequence, event);
    MUST(size > 0 && (size_t)size < capacity);
    return (size_t)size;
}

/* A first line where older news were dropped meanwhile. */
static enum err tell_gap(struct store_txn *txn, uint64_t *after, char *out, size_t capacity,
                         size_t *ret_size, struct fault *fault)
{
    uint64_t missed = 0;
    *ret_size = 0;
    TRY(alert_news_missed(txn, *after, &missed, fault));
    if (missed == 0) {
        return ERR_OK;
    }
    *after = missed;
    *ret_size = bare_line(out, capacity, *after, "news-lost");
    return ERR_OK;
}

enum err alert_feed_lines(struct store_txn *txn, uint64_t after, char *out, size_t capacity,
                          size_t *ret_size, uint64_t *ret_after, struct fault *fault)
{
    struct alert_news_row news;
    size_t used = 0;
    size_t lines = 0;
    bool full = false;
    enum err err = ERR_OK;
    TRY(tell_gap(txn, &after, out, capacity, &used, fault));
    for (size_t i = 0; i < LOOKED_AT_MOST && lines < ALERT_LINES_PER_CALL; i++) {
        size_t size = 0;
        err = alert_next_news(txn, after, &news, fault);
        if (err != ERR_OK) {
            break;
        }
        TRY(one_line(txn, &news, out + used, capacity - used, &size, &full, fault));
        if (full) {
            break;
        }
        used += size;
        lines += size > 0;
        after = news.sequence;
    }
    *ret_size = used;
    *ret_after = after;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err alert_feed_now(struct store_txn *txn, char *out, size_t capacity, size_t *ret_size,
                        uint64_t *ret_sequence, struct fault *fault)
{
    struct journal_head head;
    TRY(journal_head(txn, &head, fault));
    *ret_sequence = head.sequence;
    *ret_size = bare_line(out, capacity, head.sequence, "begin");
    return ERR_OK;
}
