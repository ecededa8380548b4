/* drive: the controller behind a pipe, for tests/model/run.py.
 *
 * One command a line on stdin, its words parted by tabs, one answer a line on stdout in the same
 * order. Nothing here knows a rule: messages come packed, and go to the real state machine as a
 * gate's or an operator's.
 *
 *   world START_US ZONE SEED    a new world; closes the one before       ok NOW
 *   row HEX                     adds a packed ParkRow to the next apply  ok NOW
 *   apply                       the park becomes these rows              ok NOW
 *   gate INDEX NAME             enrols and joins it                      ok NOW
 *   pass US                     both clocks go on                        ok NOW
 *   event INDEX HEX             a packed Event of that gate              v NOW OUTCOME REASON | v
 * NOW - - turn                        ends the turn                            t NOW REFUSED tick
 * what the shell does once a second        ok NOW restart                     as after a crash;
 * gates say HELLO again  ok NOW ask VERB NAME VALUE ...     as admin a NOW ERROR NAME=VALUE ...
 *   list VERB NAME VALUE ...    the same, with its rows; each answer line is `r` and the cells,
 *                               then the `a` line
 */
#include "tests/unit/controller/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 64, LINE_MAX_BYTES = 1 << 17, GATES = 2 };

struct drive {
    struct world *w;
    struct gate gates[GATES];
    char gate_names[GATES][32];
    size_t word_count;
    char *word[WORDS_MAX];
};

static void split(struct drive *d, char *line)
{
    d->word_count = 0;
    line[strcspn(line, "\n")] = '\0';
    for (char *at = line; d->word_count < WORDS_MAX;) {
        d->word[d->word_count++] = at;
        at = strchr(at, '\t');
        if (at == NULL) {
            return;
        }
        *at++ = '\0';
    }
    fail_msg("too many words in a line");
}

static const char *word(const struct drive *d, size_t index)
{
    if (index >= d->word_count) {
        fail_msg("%s: a word is missing", d->word[0]);
    }
    return d->word[index];
}

static long long number(const struct drive *d, size_t index)
{
    char *end = NULL;
    long long value = strtoll(word(d, index), &end, 10);
    if (*end != '\0') {
        fail_msg("%s: %s is no number", d->word[0], d->word[index]);
    }
    return value;
}

static size_t unhex(const struct drive *d, size_t index, uint8_t *out, size_t size)
{
    size_t count = strlen(word(d, index)) / 2;
    if (count > size || !bytes_from_hex(d->word[index], out, count)) {
        fail_msg("%s: not hex, or too long", d->word[0]);
    }
    return count;
}

static struct gate *gate_named(struct drive *d)
{
    long long index = number(d, 1);
    if (index < 0 || index >= GATES) {
        fail_msg("no gate %lld", index);
    }
    return &d->gates[index];
}

static void say_ok(const struct drive *d)
{
    printf("ok\t%lld\n", (long long)d->w->now.us);
}

static void on_world(struct drive *d)
{
    if (d->w != NULL) {
        world_close(d->w);
    }
    d->w = world_open(&(struct world_options){
        .start_us = number(d, 1), .time_zone = word(d, 2), .seed = (uint64_t)number(d, 3)});
    d->w->rows.count = d->w->rows.used = 0;
    say_ok(d);
}

static void on_row(struct drive *d)
{
    struct park_rows *rows = &d->w->rows;
    if (rows->count == PARK_ROWS_MAX) {
        fail_msg("too many rows");
    }
    uint8_t *at = rows->bytes + rows->used;
    size_t size = unhex(d, 1, at, PARK_BYTES_MAX - rows->used);
    rows->row[rows->count++] = (ProtobufCBinaryData){.len = size, .data = at};
    rows->used += size;
    say_ok(d);
}

static void on_apply(struct drive *d)
{
    park_apply(d->w);
    d->w->rows.count = d->w->rows.used = 0;
    say_ok(d);
}

static void on_gate(struct drive *d)
{
    struct gate *gate = gate_named(d);
    size_t index = (size_t)(gate - d->gates);
    (void)snprintf(d->gate_names[index], sizeof(d->gate_names[index]), "%s", word(d, 2));
    gate_join(d->w, gate, d->gate_names[index], (uint8_t)(index + 1));
    say_ok(d);
}

static void on_pass(struct drive *d)
{
    world_pass(d->w, number(d, 1));
    say_ok(d);
}

static void on_event(struct drive *d)
{
    uint8_t packed[LIMIT_EVENT_BYTES];
    struct gate *gate = gate_named(d);
    size_t size = unhex(d, 2, packed, sizeof(packed));
    Parkgate__Event *event = parkgate__event__unpack(NULL, size, packed);
    if (event == NULL) {
        fail_msg("no event");
        return;
    }
    sent_forget(d->w);
    uint64_t sequence = gate_event(d->w, gate, event);
    parkgate__event__free_unpacked(event, NULL);
    if (!has_verdict(d->w, sequence)) {
        printf("v\t%lld\t-\t-\n", (long long)d->w->now.us);
        return;
    }
    uint32_t outcome = 0;
    uint32_t reason = verdict_of(d->w, sequence, &outcome);
    printf("v\t%lld\t%s\t%s\n", (long long)d->w->now.us, outcome_name((enum outcome)outcome),
           reason_text((enum reason)reason)->name);
}

static size_t refused(const struct world *w)
{
    size_t count = 0;
    for (size_t i = 0; i < w->sent_count; i++) {
        const Parkgate__Ack *ack = (const void *)w->sent[i].body;
        for (size_t k = 0; w->sent[i].kind == MESSAGE_ACK && k < ack->n_answer; k++) {
            count += ack->answer[k] != ANSWER_APPLIED;
        }
    }
    return count;
}

static void on_turn(struct drive *d)
{
    sent_forget(d->w);
    world_turn(d->w);
    printf("t\t%lld\t%zu\n", (long long)d->w->now.us, refused(d->w));
}

static void on_tick(struct drive *d)
{
    turn_tick(d->w->ctl);
    say_ok(d);
}

static void on_restart(struct drive *d)
{
    world_turn(d->w);
    world_restart(d->w);
    for (size_t i = 0; i < GATES; i++) {
        if (d->gates[i].name != NULL) {
            Parkgate__Hello hello = gate_hello_message(d->w, &d->gates[i]);
            gate_send_hello(d->w, &d->gates[i], &hello);
        }
    }
    say_ok(d);
}

/* ask() takes its pairs up to a NULL; what is not given here is one. */
static const Parkgate__Reply *put(struct drive *d)
{
    enum { PAIRS_MAX = 8 };
    const char *v[2 * PAIRS_MAX] = {NULL};
    for (size_t i = 2; i < d->word_count && i - 2 < ARRAY_LEN(v); i++) {
        v[i - 2] = d->word[i];
    }
    sent_forget(d->w);
    const Parkgate__Reply *reply =
        ask(d->w, d->w->admin, word(d, 1), v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8],
            v[9], v[10], v[11], v[12], v[13], v[14], v[15], NULL);
    assert_non_null(reply);
    return reply;
}

static void say_reply(const struct drive *d, const Parkgate__Reply *reply)
{
    printf("a\t%lld\t%u", (long long)d->w->now.us, reply->error);
    for (size_t i = 0; i < reply->n_note; i++) {
        printf("\t%s=%.*s", reply->note[i], (int)reply->note_value[i].len,
               (const char *)reply->note_value[i].data);
    }
    for (size_t i = 0; i < reply->n_error_arg; i++) {
        printf("\terror=%s", reply->error_arg[i]);
    }
    printf("\n");
}

static void on_ask(struct drive *d)
{
    say_reply(d, put(d));
}

static void on_list(struct drive *d)
{
    const Parkgate__Reply *reply = put(d);
    for (size_t i = 0; i < reply->n_cell; i++) {
        printf("%s\t%.*s%s", i % reply->n_column == 0 ? "r" : "", (int)reply->cell[i].len,
               (const char *)reply->cell[i].data, (i + 1) % reply->n_column == 0 ? "\n" : "");
    }
    say_reply(d, reply);
}

static const struct {
    const char *name;
    void (*work)(struct drive *d);
} commands[] = {
    {"world",   on_world  },
    {"row",     on_row    },
    {"apply",   on_apply  },
    {"gate",    on_gate   },
    {"pass",    on_pass   },
    {"event",   on_event  },
    {"turn",    on_turn   },
    {"tick",    on_tick   },
    {"restart", on_restart},
    {"ask",     on_ask    },
    {"list",    on_list   },
};

static void obey(struct drive *d)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, d->word[0]) == 0) {
            commands[i].work(d);
            return;
        }
    }
    fail_msg("no command %s", d->word[0]);
}

static void play(void **state)
{
    static char line[LINE_MAX_BYTES];
    static struct drive d;
    (void)state;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (strcmp(line, "flush\n") == 0) {
            (void)fflush(stdout);
            continue;
        }
        split(&d, line);
        obey(&d);
    }
    if (d.w != NULL) {
        world_close(d.w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(play)};
    return cmocka_run_group_tests_name("drive", tests, NULL, NULL);
}
