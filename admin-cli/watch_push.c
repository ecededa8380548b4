/* watch push: a signed bundle goes to the park, chunk by chunk; what is there already is not sent
 * again. It acts when the last chunk came, whole, or not at all. With a large one the gates' own
 * copies take a while: that is waited for, and shown. */
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "admin-cli/progress.h"
#include "admin-cli/request.h"
#include "admin-cli/watch_file.h"
#include "common/base/must.h"
#include "common/seal/seal.h"

enum {
    PUSH_TIMEOUT_MS = 60000,
    PROMPT_CHANGES = 1000, /* so few are at all online gates within two seconds */
    GATES_MS = 60000,      /* the gates are waited for so long */
    GATES_LOOK_MS = 250,
};

struct pushing {
    struct cli *cli;
    struct watch_bundle bundle;
    char number[24];
    unsigned long next; /* chunk that the park wants, from 1; 0: none */
    struct answer answer;
    struct complaint *c;
};

static bool ask(struct pushing *p, const struct request *request)
{
    const char *next = NULL;
    answer_destroy(&p->answer);
    p->answer = (struct answer){0};
    if (!client_ask_all(p->cli, request, &p->answer, p->c)) {
        return false;
    }
    const char *number = answer_note(&p->answer, "number");
    next = answer_note(&p->answer, "next");
    if (number == NULL || next == NULL || strlen(number) >= sizeof(p->number)) {
        return complain(p->c, ERROR_REPLY_BAD, "no number or next", NULL, NULL, NULL);
    }
    memcpy(p->number, number, strlen(number) + 1);
    p->next = strtoul(next, NULL, 10);
    return p->next <= p->bundle.chunk_count ||
           complain(p->c, ERROR_REPLY_BAD, "no such chunk", NULL, NULL, NULL);
}

static bool begin(struct pushing *p)
{
    char hex[2 * SEAL_SIGNATURE_SIZE + 1];
    struct request request = {.verb = "watch.begin", .timeout_ms = PUSH_TIMEOUT_MS};
    bytes_to_hex(BYTES_OF(p->bundle.signature.bytes), hex, sizeof(hex));
    request_arg(&request, "signature", hex);
    request_row(&request, p->bundle.manifest);
    return ask(p, &request);
}

static bool send_chunk(struct pushing *p)
{
    char index[24];
    struct request request = {.verb = "watch.chunk", .timeout_ms = PUSH_TIMEOUT_MS};
    request_arg(&request, "number", p->number);
    request_arg(&request, "chunk", cli_number(index, p->next));
    request_row(&request, p->bundle.chunks[p->next - 1]);
    return ask(p, &request);
}

static bool push(struct pushing *p)
{
    struct progress progress;
    bool good = begin(p);
    progress_begin(&progress, p->cli, clock_system(), p->bundle.chunk_count);
    while (good && p->next > 0) {
        unsigned long sent = p->next;
        good = send_chunk(p);
        if (good && p->next != 0 && p->next <= sent) {
            good = complain(p->c, ERROR_REPLY_BAD, "the same chunk again", NULL, NULL, NULL);
        }
        progress_show(&progress, sent);
    }
    progress_end(&progress);
    return good;
}

/* --- on its way to the gates --- */

struct gates {
    size_t have, online;
};

/* False: the bundle applied last is another one by now, or nobody answers. */
static bool ask_gates(const struct pushing *p, struct gates *ret)
{
    AUTO(answer_destroy) struct answer answer = {0};
    struct request request = {.verb = "watch.status"};
    struct complaint ignored = {0};
    if (!client_ask_all(p->cli, &request, &answer, &ignored)) {
        return false;
    }
    const char *number = answer_note(&answer, "number");
    const char *have = answer_note(&answer, "gates_with_it");
    const char *online = answer_note(&answer, "gates_online");
    if (number == NULL || strcmp(number, p->number) != 0 || have == NULL || online == NULL) {
        return false;
    }
    *ret = (struct gates){.have = strtoul(have, NULL, 10), .online = strtoul(online, NULL, 10)};
    return true;
}

static void note_gates(struct pushing *p, const struct gates *gates)
{
    char text[24];
    answer_add_note(&p->answer, "gates_with_it", cli_number(text, gates->have));
    answer_add_note(&p->answer, "gates_online", cli_number(text, gates->online));
}

/* The bundle acts, whatever comes of this. */
static void follow(struct pushing *p)
{
    const struct clock *clock = clock_system();
    struct mono end = mono_after_ms(clock->mono(clock->ctx), GATES_MS);
    struct gates gates = {0};
    struct progress progress;
    bool good = ask_gates(p, &gates);
    bool told = good;
    progress_begin(&progress, p->cli, clock, gates.online);
    progress.what = " gates 个出入口";
    while (good && gates.have < gates.online && mono_before(clock->mono(clock->ctx), end)) {
        (void)poll(NULL, 0, GATES_LOOK_MS);
        good = ask_gates(p, &gates);
        progress.whole = gates.online;
        progress_show(&progress, gates.have);
    }
    progress_end(&progress);
    if (told) {
        note_gates(p, &gates);
    }
}

static bool is_large(const struct pushing *p)
{
    const char *changes = answer_note(&p->answer, "changes");
    return changes != NULL && strtoul(changes, NULL, 10) > PROMPT_CHANGES;
}

enum exit_code run_watch_push(struct cli *cli, const struct call *call)
{
    struct complaint c = {0};
    struct pushing *p = calloc(1, sizeof(*p));
    MUST(p != NULL);
    p->cli = cli;
    p->c = &c;
    bool good = watch_file_read(call_value(call, "bundle"), &p->bundle, &c) && push(p);
    enum exit_code code = EXIT_DONE;
    if (good) {
        if (is_large(p)) {
            follow(p);
        }
        answer_drop_note(&p->answer, "next");
        code = request_show(cli, call, &p->answer);
    } else {
        code = cli_say(cli, &c);
    }
    answer_destroy(&p->answer);
    watch_bundle_destroy(&p->bundle);
    free(p);
    return code;
}
