/* person import, vehicle import: a whole good file, or nothing. */
#include <jansson.h>
#include <string.h>

#include "admin-cli/progress.h"
#include "admin-cli/request.h"
#include "admin-cli/roster.h"
#include "common/base/must.h"

enum { IMPORT_SLICE_MS = 30000, IMPORT_CLOSE_MS = 120000 };

static void say_problem(const struct cli *cli, const struct roster_problem *problem)
{
    char line[24];
    struct complaint say[LANG_COUNT] = {0};
    (void)cli_number(line, problem->line);
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        (void)complain(&say[lang], ERROR_ROW_BAD, line, problem->column, problem->sentence[lang],
                       NULL);
    }
    (void)cli_say_pair(cli, &say[LANG_EN], &say[LANG_ZH]);
}

static enum exit_code say_problems(const struct cli *cli, const char *path,
                                   const struct roster *roster)
{
    char count[24];
    for (size_t i = 0; i < roster->problem_count && i < ROSTER_PROBLEMS_SHOWN; i++) {
        say_problem(cli, &roster->problems[i]);
    }
    return cli_refuse(cli, ERROR_ROWS_BAD, path, cli_number(count, roster->problem_count), NULL,
                      NULL);
}

static void tell_unused(const struct cli *cli, const struct roster *roster)
{
    static const struct bilingual unused = {
        {"column not used", "未使用的列"}
    };
    for (size_t i = 0; cli->format == FORMAT_TABLE && i < roster->unused_count; i++) {
        (void)fprintf(cli->err, "%s: %s\n", unused.text[cli->lang], roster->unused[i]);
    }
}

/* One import on its way. */
struct sending {
    struct cli *cli;
    const struct roster *roster;
    const char *path, *tenant;
    char import[64];
    char digest[2 * SEAL_HASH_SIZE + 1];
    char count[24];
    struct complaint *c;
};

static bool begin(struct sending *s)
{
    struct request request = {.verb = "import.begin"};
    AUTO(answer_destroy) struct answer answer = {0};
    const char *slash = strrchr(s->path, '/');
    request_arg(&request, "tenant", s->tenant);
    request_arg(&request, "file", slash == NULL ? s->path : slash + 1);
    request_arg(&request, "rows", s->count);
    request_arg(&request, "digest", s->digest);
    if (!client_ask_all(s->cli, &request, &answer, s->c)) {
        return false;
    }
    const char *import = answer_note(&answer, "import");
    if (import == NULL || strlen(import) >= sizeof(s->import)) {
        return complain(s->c, ERROR_REPLY_BAD, "no import", NULL, NULL, NULL);
    }
    (void)snprintf(s->import, sizeof(s->import), "%s", import);
    return true;
}

/* Slices on their way: the controller has the next one in its hands while it commits the last. */
enum { SLICES_AHEAD = 8, SLICE_ROWS = 100 };

/* Half of what a request may carry: the events of a crowd wait for at most one slice. */
static size_t slice_of(const struct rows *rows, size_t first)
{
    size_t count = rows_slice(rows, first);
    return count < SLICE_ROWS ? count : SLICE_ROWS;
}

static bool send_slice(struct sending *s, size_t first, size_t count, struct asked *ret_asked)
{
    struct request request = {.verb = "import.slice", .timeout_ms = IMPORT_SLICE_MS};
    char text[24];
    request_arg(&request, "import", s->import);
    request_arg(&request, "first", cli_number(text, first));
    for (size_t i = 0; i < count; i++) {
        request_row(&request, rows_at(&s->roster->rows, first + i));
    }
    return client_begin(s->cli, &request, ret_asked, s->c);
}

static bool slice_done(struct sending *s, const struct asked *asked)
{
    Parkgate__Reply *reply = NULL;
    if (!client_finish(s->cli, asked, &reply, s->c)) {
        return false; /* those behind it are refused: they do not begin where the import stands */
    }
    parkgate__reply__free_unpacked(reply, NULL);
    return true;
}

static bool send_slices(struct sending *s)
{
    const struct rows *rows = &s->roster->rows;
    struct progress progress;
    struct asked ahead[SLICES_AHEAD];
    size_t begun = 0;
    size_t done = 0;
    bool good = true;
    progress_begin(&progress, s->cli, clock_system(), rows->count);
    for (size_t first = 0; good && (first < rows->count || done < begun);) {
        if (first < rows->count && begun - done < SLICES_AHEAD) {
            size_t count = slice_of(rows, first);
            good = send_slice(s, first, count, &ahead[begun++ % SLICES_AHEAD]);
            first += count;
            continue;
        }
        good = slice_done(s, &ahead[done++ % SLICES_AHEAD]);
        progress_show(&progress, first);
    }
    progress_end(&progress);
    return good;
}

static bool close_import(struct sending *s, struct answer *answer)
{
    struct request request = {.verb = "import.close", .timeout_ms = IMPORT_CLOSE_MS};
    request_arg(&request, "import", s->import);
    request_arg(&request, "rows", s->count);
    request_arg(&request, "digest", s->digest);
    return client_ask_all(s->cli, &request, answer, s->c);
}

/* After a refusal: what was staged is inert, and now also forgotten. */
static void cancel(struct sending *s)
{
    struct request request = {.verb = "import.cancel"};
    struct complaint ignored = {0};
    Parkgate__Reply *reply = NULL;
    if (s->import[0] == '\0' || s->c->number == ERROR_UNREACHABLE) {
        return;
    }
    request_arg(&request, "import", s->import);
    if (client_ask(s->cli, &request, &reply, &ignored)) {
        parkgate__reply__free_unpacked(reply, NULL);
    }
}

static enum exit_code send_all(struct cli *cli, const struct call *call,
                               const struct roster *roster)
{
    struct complaint c = {0};
    struct sending s = {.cli = cli,
                        .roster = roster,
                        .path = call_value(call, "file"),
                        .tenant = call_value(call, "tenant"),
                        .c = &c};
    AUTO(answer_destroy) struct answer answer = {0};
    struct seal_hash digest = rows_digest(&roster->rows);
    bytes_to_hex(BYTES_OF(digest.bytes), s.digest, sizeof(s.digest));
    (void)cli_number(s.count, roster->rows.count);
    if (!begin(&s) || !send_slices(&s) || !close_import(&s, &answer)) {
        cancel(&s);
        return cli_say(cli, &c);
    }
    return request_show(cli, call, &answer);
}

enum exit_code run_import(struct cli *cli, const struct call *call)
{
    const char *path = call_value(call, "file");
    bool persons = strcmp(call->command->noun, "person") == 0;
    struct roster_options options = {.kind = persons ? ROSTER_PERSONS : ROSTER_VEHICLES,
                                     .tenant = call_value(call, "tenant")};
    if (persons) {
        options.person_kind = call_value(call, "kind");
        options.shift = call_value(call, "shift");
    }
    struct complaint c = {0};
    AUTO(roster_destroy) struct roster roster = {0};
    if (!roster_read(path, &options, &roster, &c)) {
        return cli_say(cli, &c);
    }
    tell_unused(cli, &roster);
    if (roster.problem_count > 0) {
        return say_problems(cli, path, &roster);
    }
    return send_all(cli, call, &roster);
}
