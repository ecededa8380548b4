/* muster: who is inside, counted by tenant and zone, and which gates may know of more. */
#include "admin-cli/muster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-cli/answer.h"
#include "admin-cli/request.h"
#include "admin-cli/show.h"
#include "common/base/must.h"

enum { NOTE_SIZE = 4096, MORE_SIZE = 8 };

struct count {
    const char *tenant, *zone; /* borrowed from the answer */
    unsigned persons;
};

static size_t column_of(const struct answer *answer, const char *id)
{
    for (size_t i = 0; i < answer->column_count; i++) {
        if (strcmp(answer->columns[i], id) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static int by_place(const void *a, const void *b)
{
    const struct count *left = a;
    const struct count *right = b;
    int order = strcmp(left->tenant, right->tenant);
    return order != 0 ? order : strcmp(left->zone, right->zone);
}

static size_t put_row(struct answer *out, size_t cell, const char *value)
{
    out->cells[cell] = strdup(value);
    MUST(out->cells[cell] != NULL);
    return cell + 1;
}

/* Rows of tenant, zone, persons out of one a person. */
static void fill_counts(struct answer *out, const struct count *counts, size_t count)
{
    static const char *const columns[] = {"tenant", "zone", "persons"};
    char number[24];
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        out->columns[out->column_count++] = strdup(columns[i]);
        MUST(out->columns[i] != NULL);
    }
    out->cells = calloc(count * ARRAY_LEN(columns) + 1, sizeof(*out->cells));
    MUST(out->cells != NULL);
    out->cells_capacity = count * ARRAY_LEN(columns) + 1;
    size_t cell = 0;
    for (size_t i = 0; i < count; i++) {
        cell = put_row(out, cell, counts[i].tenant);
        cell = put_row(out, cell, counts[i].zone);
        cell = put_row(out, cell, cli_number(number, counts[i].persons));
    }
    out->row_count = count;
}

bool muster_count(const struct answer *people, struct answer *ret_counts)
{
    size_t tenant = column_of(people, "tenant");
    size_t zone = column_of(people, "zone");
    if (people->column_count == 0 || tenant == SIZE_MAX || zone == SIZE_MAX) {
        return false;
    }
    struct count *all = calloc(people->row_count + 1, sizeof(*all));
    MUST(all != NULL);
    for (size_t i = 0; i < people->row_count; i++) {
        char *const *cells = people->cells + i * people->column_count;
        all[i] = (struct count){.tenant = cells[tenant], .zone = cells[zone], .persons = 1};
    }
    qsort(all, people->row_count, sizeof(*all), by_place);
    size_t used = 0;
    for (size_t i = 0; i < people->row_count; i++) {
        if (used > 0 && by_place(&all[used - 1], &all[i]) == 0) {
            all[used - 1].persons++;
        } else {
            all[used++] = all[i];
        }
    }
    fill_counts(ret_counts, all, used);
    free(all);
    return true;
}

/* "gate-b (heard 2026-05-01 18:03:05, 12 pending), ..." of the gates that have not told all. */
static size_t gates_not_told(const struct cli *cli, const struct answer *gates, char *out,
                             size_t size)
{
    size_t count = 0;
    size_t used = 0;
    bool full = false;
    size_t told = column_of(gates, "told");
    size_t gate = column_of(gates, "gate");
    size_t heard = column_of(gates, "heard_us");
    size_t pending = column_of(gates, "pending");
    out[0] = '\0';
    if (told == SIZE_MAX || gate == SIZE_MAX || heard == SIZE_MAX || pending == SIZE_MAX) {
        return 0;
    }
    for (size_t i = 0; i < gates->row_count; i++) {
        char text[SHOW_VALUE_SIZE];
        char *const *cells = gates->cells + i * gates->column_count;
        if (strcmp(cells[told], "yes") == 0) {
            continue;
        }
        if (full) {
            count++;
            continue;
        }
        const char *when = show_value(cli, "heard_us", cells[heard], text);
        int wrote = snprintf(out + used, size - used - MORE_SIZE,
                             cli->lang == LANG_ZH ? "%s%s（最近联系 %s，待报 %s）"
                                                  : "%s%s (heard %s, %s pending)",
                             count > 0 ? ", " : "", cells[gate],
                             when[0] != '\0'        ? when
                             : cli->lang == LANG_ZH ? "无"
                                                    : "never",
                             cells[pending]);
        count++;
        if (wrote < 0 || (size_t)wrote >= size - used - MORE_SIZE) {
            full = true; /* those that have no room are shown by `muster gates` */
            out[used] = '\0';
        } else {
            used += (size_t)wrote;
        }
    }
    if (full) {
        (void)snprintf(out + used, size - used, ", ...");
    }
    return count;
}

static void move_notes(const struct answer *from, struct answer *to)
{
    for (size_t i = 0; i < from->note_count; i++) {
        answer_add_note(to, from->note_names[i], from->note_values[i]);
    }
}

/* In text one after the other; as JSON and CSV what was asked for: the list, else the counts. */
static void print(struct cli *cli, struct answer *people, struct answer *counts, bool list)
{
    if (cli->format != FORMAT_TABLE) {
        answer_print(cli, list && cli->format == FORMAT_JSON ? people : counts);
        return;
    }
    answer_print(cli, counts);
    if (list) {
        while (people->note_count > 0) {
            char name[64];
            (void)snprintf(name, sizeof(name), "%s", people->note_names[0]);
            answer_drop_note(people, name);
        }
        answer_print(cli, people);
    }
}

enum exit_code run_muster(struct cli *cli, const struct call *call)
{
    struct request who = {.verb = "muster"};
    struct request where = {.verb = "muster.gates"};
    struct complaint c = {0};
    char text[NOTE_SIZE];
    char number[24];
    bool names = call_value(call, "names") != NULL;
    AUTO(answer_destroy) struct answer people = {0};
    AUTO(answer_destroy) struct answer gates = {0};
    AUTO(answer_destroy) struct answer counts = {0};
    request_arg(&who, "names", call_value(call, "names"));
    request_arg(&who, "reason", call_value(call, "reason"));
    if (!client_ask_all(cli, &who, &people, &c) || !client_ask_all(cli, &where, &gates, &c)) {
        return cli_say(cli, &c);
    }
    if (!muster_count(&people, &counts)) {
        return cli_refuse(cli, ERROR_REPLY_BAD, "this is no list of persons", NULL, NULL, NULL);
    }
    size_t unheard = gates_not_told(cli, &gates, text, sizeof(text));
    answer_add_note(&people, "gates_unheard", cli_number(number, unheard));
    answer_add_note(&people, "unheard", text);
    answer_drop_note(&people, "time_zone");
    move_notes(&people, &counts);
    print(cli, &people, &counts, names || call_value(call, "list") != NULL);
    return EXIT_DONE;
}
