#include "controller/app/waiters.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "controller/app/anchors.h"
#include "controller/app/backups.h"
#include "controller/app/checkpoints.h"
#include "schema/envelope.h"

enum { WAITER_ARGS = 3, WAITER_ARG_BYTES = LIMIT_ARG_BYTES + 256 };

struct waiter {
    bool used;
    uint64_t job; /* 0: follows the journal */
    struct link_peer peer;
    struct link_key key;
    uint8_t version;
    uint64_t sequence;
    struct mono until;
    bool to_start; /* its job, by a later commit than `commit`: so its entry is on record first */
    uint64_t commit;
    char args[WAITER_ARGS][WAITER_ARG_BYTES];
    size_t frame_size;
    uint8_t frame[WAITER_FRAME_BYTES];
};

struct waiters {
    uint64_t last_job;
    bool last_time;
    struct waiter *again; /* whose request is asked again; it keeps its place */
    struct waiter items[WAITERS_MAX];
};

struct waiters *waiters_create(void)
{
    return calloc(1, sizeof(struct waiters));
}

void waiters_destroy(struct waiters **waiters)
{
    free(*waiters);
    *waiters = NULL;
}

/* The place of this very request (a batch may work it off twice), or a free one. */
static struct waiter *place_for(struct waiters *waiters, const struct request *request,
                                bool *ret_known)
{
    struct waiter *free_place =
        waiters->again != NULL && !waiters->again->used ? waiters->again : NULL;
    *ret_known = false;
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        struct waiter *w = &waiters->items[i];
        if (w->used && w->sequence == request->sequence &&
            memcmp(w->peer.id, request->input->peer.id, sizeof(w->peer.id)) == 0) {
            *ret_known = true;
            return w;
        }
        if (!w->used && free_place == NULL) {
            free_place = w;
        }
    }
    return free_place;
}

static struct waiter *keep(struct controller *ctl, struct request *request, bool *ret_known)
{
    struct waiter *w = place_for(ctl->waiters, request, ret_known);
    if (w == NULL || request->input->frame.size > WAITER_FRAME_BYTES) {
        return NULL;
    }
    if (!*ret_known) {
        *w = (struct waiter){.used = true,
                             .peer = request->input->peer,
                             .key = request->input->key,
                             .version = request->version,
                             .sequence = request->sequence,
                             .until = mono_after_ms(ctl->mono, LIMIT_FOLLOW_MS),
                             .frame_size = request->input->frame.size};
        memcpy(w->frame, request->input->frame.data, w->frame_size);
    }
    request->waits = true;
    return w;
}

bool waiters_follow(struct controller *ctl, struct request *request)
{
    bool known = false;
    return keep(ctl, request, &known) != NULL;
}

struct waiters_load waiters_load_of(const struct waiters *waiters)
{
    struct waiters_load load = {0};
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        load.waiting += waiters->items[i].used;
        load.jobs += waiters->items[i].used && waiters->items[i].job != 0;
    }
    return load;
}

bool waiters_is_last_time(const struct controller *ctl)
{
    return ctl->waiters->last_time;
}

bool waiters_start_job(struct controller *ctl, struct request *request, const char *const args[])
{
    bool known = false;
    struct waiter *w = keep(ctl, request, &known);
    if (w == NULL) {
        return request_refuse(request, ERROR_TRY_LATER, "too many wait for an answer", NULL, NULL);
    }
    if (known) {
        return true;
    }
    w->job = ++ctl->waiters->last_job;
    w->to_start = true;
    w->commit = ctl->commits;
    for (size_t i = 0; args[i] != NULL; i++) {
        size_t size = strlen(args[i]) + 1;
        MUST(i < WAITER_ARGS && size <= WAITER_ARG_BYTES);
        memcpy(w->args[i], args[i], size);
    }
    return true;
}

/* Two operators' frames may be the same bytes. */
static bool is_of(const struct waiter *w, const struct input *input)
{
    return link_key_equal(w->key, input->key) &&
           memcmp(w->peer.id, input->peer.id, sizeof(w->peer.id)) == 0 &&
           bytes_equal((struct bytes){.data = w->frame, .size = w->frame_size}, input->frame);
}

static bool is_undone(const struct controller *ctl, const struct waiter *w,
                      const struct input *input)
{
    return w->used && w->to_start && w->commit == ctl->commits &&
           (input == NULL || is_of(w, input));
}

void waiters_undone(struct controller *ctl, const struct input *input)
{
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        struct waiter *w = &ctl->waiters->items[i];
        if (is_undone(ctl, w, input)) {
            w->used = false;
        }
    }
}

/* Asks the kept request again as if it had just come. */
static void ask_again(struct controller *ctl, struct waiter *w, bool last_time)
{
    struct waiter asked = *w;
    struct input input = {
        .port = PORT_OPERATORS,
        .peer = asked.peer,
        .key = asked.key,
        .frame = {.data = asked.frame, .size = asked.frame_size}
    };
    w->used = false;
    ctl->waiters->last_time = last_time;
    ctl->waiters->again = w;
    batch_take(ctl, &input);
    ctl->waiters->again = NULL;
    ctl->waiters->last_time = false;
}

void waiters_turn(struct controller *ctl, bool journal_grew)
{
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        struct waiter *w = &ctl->waiters->items[i];
        if (!w->used || w->job != 0) {
            continue;
        }
        struct mono until = w->until;
        bool late = !mono_before(ctl->mono, until);
        if (journal_grew || late) {
            ask_again(ctl, w, late);
            if (w->used) {
                w->until = until; /* nothing for it yet: its time goes on */
            }
        }
    }
}

/* --- jobs --- */

static bool take_columns(struct answer *a, const char *line)
{
    static const char head[] = "columns=";
    if (strncmp(line, head, sizeof(head) - 1) != 0) {
        return false;
    }
    answer_columns(a, line + sizeof(head) - 1);
    return true;
}

static void take_row(struct answer *a, char *line)
{
    answer_begin_row(a);
    for (char *at = line; at != NULL;) {
        char *tab = strchr(at, '\t');
        if (tab != NULL) {
            *tab = '\0';
        }
        answer_text(a, at);
        at = tab == NULL ? NULL : tab + 1;
    }
    (void)answer_end_row(a);
}

static size_t count_tabs(const char *line)
{
    size_t tabs = 0;
    for (; *line != '\0'; line++) {
        tabs += *line == '\t';
    }
    return tabs;
}

static void take_line(struct answer *a, char *line)
{
    char *equals = strchr(line, '=');
    if (take_columns(a, line)) {
        return;
    }
    if (a->column_count > 0 && count_tabs(line) + 1 == a->column_count) {
        take_row(a, line);
    } else if (equals != NULL) {
        *equals = '\0';
        if (strcmp(line, "failed") == 0) {
            (void)complain(&a->complaint, ERROR_VERIFY_FAILED, equals + 1, NULL, NULL, NULL);
        } else if (a->note_count < ANSWER_NOTES_MAX) {
            answer_note(a, line, equals + 1);
        }
    }
}

static void read_output(struct answer *a, const char *output)
{
    char copy[8193];
    size_t size = strnlen(output, sizeof(copy) - 1);
    memcpy(copy, output, size);
    copy[size] = '\0';
    for (char *line = copy; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        take_line(a, line);
        line = end == NULL ? NULL : end + 1;
    }
}

static void send_reply(struct controller *ctl, const struct waiter *w, struct answer *a)
{
    static uint8_t frame[LIMIT_FRAME_BYTES]; /* one thread */
    Parkgate__Reply reply;
    answer_message(a, &reply);
    size_t size =
        envelope_write(w->version, MESSAGE_REPLY, w->sequence, &reply.base, frame, sizeof(frame));
    ctl->outlet.send(ctl->outlet.ctx, PORT_OPERATORS, &w->peer,
                     (struct bytes){.data = frame, .size = size});
}

static void start(struct controller *ctl, struct waiter *w)
{
    static struct answer answer; /* one thread; too large for the stack */
    const char *args[WAITER_ARGS + 1] = {NULL};
    struct fault fault = {0};
    for (size_t i = 0; i < WAITER_ARGS && w->args[i][0] != '\0'; i++) {
        args[i] = w->args[i];
    }
    w->to_start = false;
    if (ctl->outlet.job(ctl->outlet.ctx, w->job, args, &fault) != ERR_OK) {
        answer_reset(&answer);
        (void)complain(&answer.complaint, ERROR_TRY_LATER, fault.what, NULL, NULL, NULL);
        send_reply(ctl, w, &answer);
        w->used = false;
    }
}

void waiters_start_jobs(struct controller *ctl)
{
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        struct waiter *w = &ctl->waiters->items[i];
        if (w->used && w->to_start && ctl->commits > w->commit) {
            start(ctl, w);
        }
    }
}

void waiters_job_done(struct controller *ctl, uint64_t job, int status, const char *output)
{
    static struct answer answer; /* one thread; too large for the stack */
    for (size_t i = 0; i < WAITERS_MAX; i++) {
        struct waiter *w = &ctl->waiters->items[i];
        if (!w->used || w->job != job) {
            continue;
        }
        answer_reset(&answer);
        read_output(&answer, output);
        if (status != 0 && answer.complaint.number == 0) {
            (void)complain(&answer.complaint, ERROR_VERIFY_FAILED,
                           "the job's process died; look into the controller's log", NULL, NULL,
                           NULL);
        }
        if (strcmp(w->args[0], "audit") == 0) {
            anchors_job_done(ctl, output);
        }
        if (strcmp(w->args[0], "checkpoint") == 0 && status == 0) {
            checkpoints_made(ctl, w->args[1], output);
        }
        if (strcmp(w->args[0], "backup") == 0 && status == 0) {
            backups_made(ctl, w->args[1], output);
        }
        log_event("job_done", LOG_NUM("job", job), LOG_NUM("status", status));
        send_reply(ctl, w, &answer);
        w->used = false;
    }
}
