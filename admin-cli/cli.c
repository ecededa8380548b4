#include "admin-cli/cli.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "admin-cli/client.h"
#include "common/base/must.h"
#include "common/base/tz.h"

enum { SENTENCE_SIZE = 1400 };

void cli_init(struct cli *cli, FILE *in, FILE *out, FILE *err)
{
    *cli = (struct cli){.in = in, .out = out, .err = err};
    cli->zone = calloc(1, sizeof(*cli->zone));
    MUST(cli->zone != NULL);
    tz_utc(cli->zone);
    cli->zone->name[0] = '\0';
}

void cli_destroy(struct cli *cli)
{
    client_destroy(&cli->client);
    free(cli->zone);
    cli->zone = NULL;
}

void cli_set_zone(struct cli *cli, const char *name)
{
    struct fault fault;
    struct tz_table *zone = calloc(1, sizeof(*zone));
    MUST(zone != NULL);
    if (strcmp(cli->zone->name, name) != 0 && tz_load(TZ_DIRECTORY, name, zone, &fault) == ERR_OK) {
        free(cli->zone);
        cli->zone = zone;
    } else {
        free(zone);
    }
}

static void say_json(const struct cli *cli, uint32_t number, const char *en, const char *zh)
{
    json_t *object = json_pack("{s:{s:i,s:s%,s:s%}}", "error", "number", (int)number, "en", en,
                               strlen(en), "zh", zh, strlen(zh));
    if (object == NULL || json_dumpf(object, cli->err, JSON_COMPACT) != 0) {
        (void)fprintf(cli->err, "{\"error\":{\"number\":%" PRIu32 "}}", number);
    }
    (void)fputc('\n', cli->err);
    json_decref(object);
}

enum exit_code cli_say_pair(const struct cli *cli, const struct complaint *en,
                            const struct complaint *zh)
{
    MUST(en->number == zh->number);
    char text[LANG_COUNT][SENTENCE_SIZE];
    error_sentence_en(en, text[LANG_EN], SENTENCE_SIZE);
    error_sentence_zh(zh, text[LANG_ZH], SENTENCE_SIZE);
    if (cli->format == FORMAT_JSON) {
        say_json(cli, en->number, text[LANG_EN], text[LANG_ZH]);
    } else {
        (void)fprintf(cli->err, "parkgate: %s\nparkgate: %s\n", text[cli->lang],
                      text[cli->lang == LANG_EN ? LANG_ZH : LANG_EN]);
    }
    return error_exit(en->number);
}

enum exit_code cli_say(const struct cli *cli, const struct complaint *c)
{
    return cli_say_pair(cli, c, c);
}

enum exit_code cli_refuse(const struct cli *cli, enum error_number number, const char *a1,
                          const char *a2, const char *a3, const char *a4)
{
    struct complaint c = {0};
    (void)complain(&c, number, a1, a2, a3, a4);
    return cli_say(cli, &c);
}

void cli_tell(const struct cli *cli, struct bilingual text)
{
    if (cli->format == FORMAT_TABLE) {
        (void)fprintf(cli->err, "%s\n", text.text[cli->lang]);
    }
}

bool cli_confirm(const struct cli *cli, struct bilingual question)
{
    char answer[16] = "";
    (void)fprintf(cli->err, "%s [y/N] ", question.text[cli->lang]);
    (void)fflush(cli->err);
    if (fgets(answer, sizeof(answer), cli->in) == NULL) {
        return false;
    }
    answer[strcspn(answer, "\r\n")] = '\0';
    static const char *const yes[] = {"y", "Y", "yes", "Yes", "YES", "是"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (strcmp(answer, yes[i]) == 0) {
            return true;
        }
    }
    return false;
}

const char *cli_number(char out[24], uint64_t value)
{
    (void)snprintf(out, 24, "%" PRIu64, value);
    return out;
}
