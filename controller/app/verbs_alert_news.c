#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/app/alert_sight.h"
#include "controller/app/alerts.h"
#include "controller/app/sight.h"
#include "controller/app/waiters.h"
#include "controller/journal/journal.h"
#include "controller/store/alert_store.h"
#include "controller/store/watch_sum.h"

enum { NEWS_LOOKED_AT_MOST = 500, SUMS_LOOKED_AT_MOST = 500 };

/* --- the live view --- */

#define NEWS_COLUMNS                                                                               \
    "seq,time_us,alert,step,state,priority,kind,gate,lane,about,count,whom,handler,rings,text,"    \
    "text_"                                                                                        \
    "zh"

static bool is_for_the_bell(uint32_t step)
{
    return step == ALERT_STEP_RAISE || step == ALERT_STEP_ESCALATE;
}

/* `number`: by which this caller is told of the entry. */
static bool news_row(const struct controller *ctl, struct request *request,
                     const struct alert_news_row *news, uint64_t number, int64_t at_us,
                     const Parkgate__AlertRecord *record)
{
    struct answer *a = request->answer;
    const struct alert_kind *kind = alert_kind(record->kind);
    bool rings = is_for_the_bell(news->step) && record->state != ALERT_CLOSED &&
                 alert_rings(ctl, request, record);
    answer_begin_row(a);
    answer_number(a, (int64_t)number);
    answer_wall(a, (struct wall){at_us});
    answer_number(a, (int64_t)alert_label(record));
    answer_text(a, alert_step_word(news->step));
    answer_text(a, alert_state_word(record->state));
    answer_number(a, record->priority);
    answer_text(a, record->kind);
    answer_text(a, record->gate);
    answer_text(a, record->lane);
    answer_text(a, record->about);
    answer_number(a, record->count);
    answer_text(a, alert_told(ctl->park, kind, record->level));
    answer_text(a, record->handler);
    answer_text(a, rings ? "yes" : "no");
    answer_text(a, kind->title);
    answer_text(a, kind->title_zh);
    return answer_end_row(a);
}

struct news_page {
    uint64_t after, shown, looked_at;
};

/* One piece of news; the page's `after` becomes its sequence. *ret_fits false: the page is full. */
static enum err show_news(struct controller *ctl, struct request *request, struct news_page *page,
                          const struct alert_news_row *news, bool *ret_fits, struct fault *fault)
{
    uint64_t at = 0;
    uint64_t told = 0;
    Parkgate__AlertRecord *record = NULL;
    Parkgate__AlertStep *step = NULL;
    TRY(sight_told(ctl, request, news->sequence, &told, fault));
    TRY(alert_get(ctl->txn, news->number, &record, fault));
    *ret_fits = true;
    enum err err = ERR_OK;
    if (alert_is_seen(ctl, request, record)) {
        err = alert_next_step(ctl->txn, news->number, news->sequence - 1, &at, &step, fault);
        *ret_fits = err == ERR_OK && news_row(ctl, request, news, told, step->at_us, record);
        page->shown += *ret_fits;
    }
    if (step != NULL) {
        parkgate__alert_step__free_unpacked(step, NULL);
    }
    parkgate__alert_record__free_unpacked(record, NULL);
    page->after = *ret_fits ? news->sequence : page->after;
    return err;
}

static enum err fill_news(struct controller *ctl, struct request *request, struct news_page *page,
                          struct fault *fault)
{
    bool fits = true;
    enum err err = ERR_OK;
    struct alert_news_row news;
    while (fits && page->shown < LIMIT_ROWS_PER_MESSAGE && page->looked_at < NEWS_LOOKED_AT_MOST &&
           (err = alert_next_news(ctl->txn, page->after, &news, fault)) == ERR_OK) {
        TRY(show_news(ctl, request, page, &news, &fits, fault));
        page->looked_at++;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Older news than those that are kept cannot be told. */
static enum err check_gap(struct controller *ctl, struct request *request, uint64_t after,
                          struct fault *fault)
{
    uint64_t missed = 0;
    TRY(alert_news_missed(ctl->txn, after, &missed, fault));
    if (missed != 0) {
        (void)request_refuse(request, ERROR_ALERT_GAP, request_arg(request, "after"), NULL, NULL);
    }
    return ERR_OK;
}

static void note_mark(const struct controller *ctl, struct request *request, uint64_t place)
{
    char mark[SIGHT_MARK_SIZE];
    sight_mark(ctl, place, mark);
    answer_note(request->answer, "after", mark);
}

static enum err on_alert_follow(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    struct journal_head head;
    struct news_page page = {0};
    const char *mark = request_arg(request, "after");
    TRY(journal_head(ctl->txn, &head, fault));
    if (mark == NULL || mark[0] == '\0') {
        note_mark(ctl, request, head.sequence);
        return ERR_OK; /* from now on: what is open, `alert list` tells */
    }
    if (!sight_mark_place(ctl, mark, &page.after)) {
        (void)request_refuse(request, ERROR_ARG_BAD, "after", mark, "no mark of this list");
        return ERR_OK;
    }
    TRY(check_gap(ctl, request, page.after, fault));
    if (request->answer->complaint.number != 0) {
        return ERR_OK;
    }
    answer_columns(request->answer, NEWS_COLUMNS);
    TRY(fill_news(ctl, request, &page, fault));
    if (page.shown == 0 && page.looked_at < NEWS_LOOKED_AT_MOST && !waiters_is_last_time(ctl) &&
        waiters_follow(ctl, request)) {
        return ERR_OK;
    }
    note_mark(ctl, request, page.after);
    return ERR_OK;
}

/* --- statistics --- */

struct months {
    uint32_t from, until; /* year x 12 + month - 1, both counted */
    bool secret;          /* kinds about who is looked for, too */
    bool year;            /* a year that is over: hits alone, for everybody */
};

static uint32_t month_now(const struct controller *ctl)
{
    struct civil_date date = civil_date_of(controller_today(ctl));
    return (uint32_t)date.year * 12U + date.month - 1U;
}

/* YYYY-MM. */
static bool read_month(struct request *request, const char *name, uint32_t *ret)
{
    char date[CIVIL_DATE_SIZE];
    int32_t day = 0;
    const char *text = request_arg(request, name);
    if (text == NULL) {
        return true;
    }
    (void)snprintf(date, sizeof(date), "%.7s-01", text);
    if (strlen(text) != 7 || !civil_date_parse(bytes_of_text(date), &day)) {
        return request_refuse(request, ERROR_ARG_BAD, name, text, "YYYY-MM");
    }
    struct civil_date read = civil_date_of(day);
    *ret = (uint32_t)read.year * 12U + read.month - 1U;
    return true;
}

static bool read_months(const struct controller *ctl, struct request *request, struct months *ret)
{
    uint64_t year = 0;
    uint32_t now = month_now(ctl);
    uint32_t secrets = 1U << ROLE_SECURITY | 1U << ROLE_AUDITOR;
    *ret =
        (struct months){.from = now, .until = now, .secret = (request->key->roles & secrets) != 0};
    if (!request_number_or_none(request, "year", 9999, &year) ||
        !read_month(request, "from", &ret->from) || !read_month(request, "until", &ret->until)) {
        return false;
    }
    if (year == 0) {
        return true;
    }
    /* Of a year that runs a figure could still be seen to rise while somebody stands at a lane. */
    if ((year + 1) * 12 > now) {
        return request_refuse(request, ERROR_ARG_BAD, "year", request_arg(request, "year"),
                              "it is not over");
    }
    *ret = (struct months){
        .from = (uint32_t)year * 12U, .until = (uint32_t)year * 12U + 11U, .year = true};
    return true;
}

static int64_t at_limit(const uint64_t *values, size_t count, enum alert_limit limit)
{
    return (size_t)limit < count ? (int64_t)values[limit] : 0;
}

/* The share of decided ones that were none; lapsed ones were not decided. */
static void put_false_rate(struct answer *a, const Parkgate__AlertSum *sum)
{
    uint64_t decided = sum->confirmed + sum->rejected;
    if (decided == 0) {
        answer_text(a, "");
    } else {
        answer_number(a, (int64_t)(sum->rejected * 1000 / decided));
    }
}

static void put_times(struct answer *a, const Parkgate__AlertSum *sum)
{
    for (enum alert_limit limit = ALERT_LIMIT_ACKNOWLEDGE; limit < ALERT_LIMIT_COUNT; limit++) {
        int64_t steps = at_limit(sum->steps, sum->n_steps, limit);
        int64_t took = at_limit(sum->sum_ms, sum->n_sum_ms, limit);
        answer_number(a, steps);
        answer_number(a, at_limit(sum->late, sum->n_late, limit));
        answer_number(a, steps > 0 ? took / steps : 0);
        answer_number(a, at_limit(sum->longest_ms, sum->n_longest_ms, limit));
    }
}

static bool stats_row(struct answer *a, const struct alert_sum_row *row, bool year)
{
    char month[16];
    const Parkgate__AlertSum *sum = row->sum;
    (void)snprintf(month, sizeof(month), "%04u-%02u", row->month / 12, row->month % 12 + 1);
    answer_begin_row(a);
    answer_text(a, month);
    answer_text(a, row->kind);
    answer_text(a, row->authority);
    answer_text(a, row->matcher);
    answer_number(a, (int64_t)sum->raised);
    answer_number(a, (int64_t)sum->repeats);
    answer_number(a, (int64_t)sum->confirmed);
    answer_number(a, (int64_t)sum->rejected);
    answer_number(a, (int64_t)sum->lapsed);
    put_false_rate(a, sum);
    if (!year) {
        answer_number(a, (int64_t)sum->escalated);
        answer_number(a, (int64_t)sum->closed);
        put_times(a, sum);
    } else {
        answer_text(a, ""); /* entries are of the whole year */
    }
    return answer_end_row(a);
}

#define STATS_MONTH_COLUMNS                                                                        \
    "month,kind,authority,matcher,raised,repeats,confirmed,rejected,lapsed,false_permille"
#define STATS_YEAR_COLUMNS                                                                         \
    STATS_MONTH_COLUMNS ",watch_entries"
#define STATS_COLUMNS                                                                              \
    STATS_MONTH_COLUMNS ",escalated,closed,acknowledged,acknowledged_late,acknowledged_ms,"         \
                       "acknowledged_longest_ms,dispatched,dispatched_late,dispatched_ms,"         \
                       "dispatched_longest_ms,decided,decided_late,decided_ms,decided_longest_ms"

/* How many entries acted in that year, of whom and by what they match: rows of their own, first. */
static enum err fill_entries(struct controller *ctl, struct answer *a, uint32_t year,
                             struct fault *fault)
{
    static const char *const none[] = {"", "", "", "", "", ""};
    struct watch_sums sums;
    TRY(watch_sum_year(ctl->txn, year, &sums, fault));
    for (size_t i = 0; i < sums.count; i++) {
        uint64_t entries = sums.items[i].begun - sums.items[i].ended;
        if (sums.items[i].begun <= sums.items[i].ended) {
            continue;
        }
        answer_begin_row(a);
        answer_number(a, year);
        answer_text(a, "watch-entry");
        answer_text(a, sums.items[i].authority);
        answer_text(a, sums.items[i].matcher);
        for (size_t k = 0; k < ARRAY_LEN(none); k++) {
            answer_text(a, none[k]);
        }
        answer_number(a, (int64_t)entries);
        MUST(answer_end_row(a)); /* a few authorities, three matchers */
    }
    return ERR_OK;
}

static bool is_shown(const struct months *months, const char *word)
{
    bool secret = alert_kind(word)->secret;
    return months->year ? secret : !secret || months->secret;
}

static enum err fill_stats(struct controller *ctl, struct request *request,
                           const struct months *months, struct bytes after, struct fault *fault)
{
    struct alert_sum_row row;
    uint8_t last[ALERT_SUM_KEY_MAX];
    size_t last_size = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; i < SUMS_LOOKED_AT_MOST; i++) {
        err = alert_next_sum(ctl->txn, months->from, months->until, after, &row, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        bool fits = !is_shown(months, row.kind) || stats_row(request->answer, &row, months->year);
        parkgate__alert_sum__free_unpacked(row.sum, NULL);
        if (!fits) {
            break;
        }
        memcpy(last, row.key, row.key_size);
        last_size = row.key_size;
        after = (struct bytes){.data = last, .size = last_size};
    }
    answer_more(request->answer, after);
    return ERR_OK;
}

static enum err on_alert_stats(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct months months;
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t size = 0;
    if (!read_months(ctl, request, &months) || !request_cursor(request, cursor, &size)) {
        return ERR_OK;
    }
    answer_columns(request->answer, months.year ? STATS_YEAR_COLUMNS : STATS_COLUMNS);
    if (months.year && size == 0) {
        TRY(fill_entries(ctl, request->answer, months.from / 12, fault));
    }
    return fill_stats(ctl, request, &months, (struct bytes){.data = cursor, .size = size}, fault);
}

const struct verb_handler verbs_of_alert_news[] = {
    {"alert.follow", on_alert_follow},
    {"alert.stats",  on_alert_stats },
};
const size_t verbs_of_alert_news_count = ARRAY_LEN(verbs_of_alert_news);
