#include "common/base/must.h"
#include "controller/app/metrics.h"
#include "controller/app/sight.h"

struct page {
    struct answer *answer;
    bool all;
    bool cut; /* a row found no room */
};

/* An alert that is nobody's but security's is a commit, too, and takes its time; its entry makes
 * the sequence longer that gates are told: for who keeps the chain (sight.h). */
static const enum metric of_work[] = {
    METRIC_CPU,
    METRIC_STORE_USED,
    METRIC_STORE_FREE,
    METRIC_COMMITS,
    METRIC_TURN,
    METRIC_TURN_WORK,
    METRIC_INPUTS,
    METRIC_BATCH_INPUTS,
    METRIC_TURN_WORK_LONGEST,
    METRIC_TURNS_LATE,
    METRIC_TURN_ROWS,
    METRIC_INSIDE,
    METRIC_INSIDE_QUANTILE,
    METRIC_COMMIT,
    METRIC_COMMIT_QUANTILE,
    METRIC_COPY_BYTES,
};

static bool is_of_work(const char *name)
{
    const struct metric_spec *spec = metric_find(name);
    for (size_t i = 0; spec != NULL && i < ARRAY_LEN(of_work); i++) {
        if (spec == &metric_table()[of_work[i]]) {
            return true;
        }
    }
    return false;
}

static void add_row(void *ctx, const char *name, const char *labels, const char *value,
                    const char *limit)
{
    struct page *page = ctx;
    if (!page->all && is_of_work(name)) {
        return;
    }
    answer_begin_row(page->answer);
    answer_text(page->answer, name);
    answer_text(page->answer, labels);
    answer_text(page->answer, value);
    answer_text(page->answer, limit);
    page->cut = !answer_end_row(page->answer) || page->cut;
}

/* Groups from `group` on, as many as fit whole: a figure and its bound are of one moment. */
static enum err fill_page(struct controller *ctl, const struct request *request, size_t group,
                          struct fault *fault)
{
    size_t first = group;
    struct answer *a = request->answer;
    for (; group < metrics_group_count(); group++) {
        struct page page = {.answer = a, .all = sight_of_chain(request)};
        const struct metric_out out = {.sample = add_row, .ctx = &page};
        const struct answer_mark before = answer_mark_of(a);
        TRY(metrics_group(ctl, ctl->txn, group, &out, fault));
        if (page.cut) {
            MUST(group > first);
            answer_take_back(a, &before);
            uint8_t cursor[1] = {(uint8_t)group};
            answer_more(a, BYTES_OF(cursor));
            return ERR_OK;
        }
    }
    return ERR_OK;
}

static enum err on_status_metrics(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t size = 0;
    if (!request_cursor(request, cursor, &size)) {
        return ERR_OK;
    }
    if (size > 0 && (size != 1 || cursor[0] >= metrics_group_count())) {
        (void)request_refuse(request, ERROR_ARG_BAD, "after", request_arg(request, "after"),
                             "the mark of the page before");
        return ERR_OK;
    }
    answer_columns(request->answer, "metric,labels,value,bound");
    return fill_page(ctl, request, size == 0 ? 0 : cursor[0], fault);
}

const struct verb_handler verbs_of_metrics[] = {
    {"status.metrics", on_status_metrics},
};
const size_t verbs_of_metrics_count = ARRAY_LEN(verbs_of_metrics);
