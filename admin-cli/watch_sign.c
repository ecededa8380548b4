/* watch sign: a list of changes becomes a signed bundle, on the station's own computer. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin-cli/file.h"
#include "admin-cli/request.h"
#include "admin-cli/watch_file.h"
#include "admin-cli/watch_key.h"
#include "admin-cli/watch_list.h"
#include "common/base/must.h"

#define ZONE_DEFAULT "Asia/Shanghai"

/* One bundle being made. */
struct signing {
    struct cli *cli;
    const struct call *call;
    const char *path;
    struct watch_plan plan;
    struct sign_key key;
    struct seal_key match;
    bool has_match;
    struct watch_list list;
    struct watch_bundle bundle;
    struct complaint *c;
};

/* --- problems --- */

static void say_problem(const struct cli *cli, const struct watch_list_problem *problem)
{
    char line[24];
    struct complaint say[LANG_COUNT] = {0};
    (void)cli_number(line, problem->line);
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        (void)complain(&say[lang], ERROR_ROW_BAD, line, watch_column_name(problem->problem.column),
                       problem->problem.sentence[lang], NULL);
    }
    (void)cli_say_pair(cli, &say[LANG_EN], &say[LANG_ZH]);
}

static enum exit_code say_problems(const struct signing *s)
{
    char count[24];
    for (size_t i = 0; i < s->list.problem_count && i < WATCH_PROBLEMS_SHOWN; i++) {
        say_problem(s->cli, &s->list.problems[i]);
    }
    return cli_refuse(s->cli, ERROR_ROWS_BAD, s->path, cli_number(count, s->list.problem_count),
                      NULL, NULL);
}

/* --- on what it builds --- */

static bool take_names(struct signing *s)
{
    const char *authority = call_value(s->call, "authority");
    const char *park = call_value(s->call, "park");
    if (!name_from_text(authority, &s->plan.authority)) {
        return complain(s->c, ERROR_ARG_BAD, "--authority", authority,
                        "a-z 0-9 - and . , at most 31", NULL);
    }
    if (!name_from_text(park, &s->plan.park)) {
        return complain(s->c, ERROR_ARG_BAD, "--park", park, "a-z 0-9 - and . , at most 31", NULL);
    }
    return true;
}

/* The bundle before, by its own file: signed by this station, for this park. */
static bool take_file_before(struct signing *s, const char *path)
{
    struct watch_bundle *before = calloc(1, sizeof(*before));
    struct watch_manifest *manifest = calloc(1, sizeof(*manifest));
    MUST(before != NULL && manifest != NULL);
    bool good = watch_file_read(path, before, s->c) &&
                watch_manifest_read(before->manifest, manifest, s->c);
    if (good) {
        struct watch_expected expected = {.authority = s->plan.authority,
                                          .park = s->plan.park,
                                          .key = sign_public_of(&s->key),
                                          .last_number = manifest->number - 1,
                                          .last_digest = manifest->previous,
                                          .now = manifest->made};
        good =
            watch_manifest_check(before->manifest, &before->signature, &expected, manifest, s->c);
        s->plan.number = manifest->number + 1;
        s->plan.previous = manifest->digest;
    }
    watch_bundle_destroy(before);
    free(before);
    free(manifest);
    return good;
}

static bool take_number(struct signing *s, const char *number, const char *previous)
{
    char *end = NULL;
    s->plan.number = strtoull(number, &end, 10);
    if (*end != '\0' || s->plan.number < 2) {
        return complain(s->c, ERROR_ARG_BAD, "--number", number, "2 or more", NULL);
    }
    if (previous == NULL) {
        return complain(s->c, ERROR_ARG_MISSING, "previous", NULL, NULL, NULL);
    }
    return bytes_from_hex(previous, s->plan.previous.bytes, SEAL_HASH_SIZE) ||
           complain(s->c, ERROR_ARG_BAD, "--previous", previous, "64 hex digits", NULL);
}

static bool take_base(struct signing *s)
{
    const char *after = call_value(s->call, "after");
    const char *number = call_value(s->call, "number");
    const char *previous = call_value(s->call, "previous");
    if (after != NULL && (number != NULL || previous != NULL)) {
        return complain(s->c, ERROR_ARG_BAD, "--number", number != NULL ? number : previous,
                        "--after says it already", NULL);
    }
    if (after != NULL) {
        return take_file_before(s, after);
    }
    if (number == NULL && previous != NULL) {
        return complain(s->c, ERROR_ARG_MISSING, "number", NULL, NULL, NULL);
    }
    s->plan.number = 1;
    return number == NULL || take_number(s, number, previous);
}

static bool take_keys(struct signing *s)
{
    const char *match = call_value(s->call, "match_key");
    s->has_match = match != NULL;
    return watch_sign_key_read(call_value(s->call, "sign_key"), &s->key, s->c) &&
           (match == NULL || watch_match_key_read(match, &s->match, s->c));
}

/* --- all of it --- */

static bool write_bundle(struct signing *s)
{
    const char *path = call_value(s->call, "out");
    struct bytes file = {.data = s->bundle.file, .size = s->bundle.file_size};
    if (access(path, F_OK) == 0) {
        return complain(s->c, ERROR_DIR_MAKE, path, "it exists already", NULL, NULL);
    }
    return file_make(path, 0600, file, s->c);
}

static void show_bundle(const struct signing *s, struct answer *answer)
{
    char text[24];
    char hex[2 * SEAL_HASH_SIZE + 1];
    struct seal_hash digest = seal_hash_of(s->bundle.manifest);
    bytes_to_hex(BYTES_OF(digest.bytes), hex, sizeof(hex));
    answer_add_note(answer, "number", cli_number(text, s->plan.number));
    answer_add_note(answer, "changes", cli_number(text, s->list.maker.count));
    answer_add_note(answer, "chunks", cli_number(text, s->bundle.chunk_count));
    answer_add_note(answer, "digest", hex);
}

static enum exit_code sign(struct signing *s)
{
    AUTO(answer_destroy) struct answer answer = {0};
    const char *zone = call_value(s->call, "zone");
    cli_set_zone(s->cli, zone == NULL ? ZONE_DEFAULT : zone);
    s->plan.made = clock_system()->wall(clock_system()->ctx);
    struct watch_row_options options = {
        .made = s->plan.made, .zone = s->cli->zone, .match = s->has_match ? &s->match : NULL};
    if (!take_names(s) || !take_keys(s) || !take_base(s)) {
        return cli_say(s->cli, s->c);
    }
    options.match = s->has_match ? &s->match : NULL;
    if (!watch_list_read(s->path, &options, &s->list, s->c)) {
        return cli_say(s->cli, s->c);
    }
    if (s->list.problem_count > 0) {
        return say_problems(s);
    }
    if (!watch_make(&s->list.maker, &s->plan, &s->key, &s->bundle, s->c) || !write_bundle(s)) {
        return cli_say(s->cli, s->c);
    }
    show_bundle(s, &answer);
    return request_show(s->cli, s->call, &answer);
}

enum exit_code run_watch_sign(struct cli *cli, const struct call *call)
{
    struct complaint c = {0};
    struct fault fault = {0};
    if (seal_init(&fault) != ERR_OK) {
        return cli_refuse(cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    struct signing *s = calloc(1, sizeof(*s));
    MUST(s != NULL);
    s->cli = cli;
    s->call = call;
    s->path = call_value(call, "file");
    s->c = &c;
    enum exit_code code = sign(s);
    seal_wipe(&s->key, sizeof(s->key));
    seal_wipe(&s->match, sizeof(s->match));
    watch_list_destroy(&s->list);
    watch_bundle_destroy(&s->bundle);
    free(s);
    return code;
}
