/* parkgate: the command line of a park's staff. */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin-cli/cli.h"
#include "common/seal/seal.h"

static enum lang lang_of_environment(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            return strncmp(value, "zh", 2) == 0 ? LANG_ZH : LANG_EN;
        }
    }
    return LANG_EN;
}

/* Tables measure characters: without a UTF-8 locale Chinese would be shown as escapes. */
static void set_locale(void)
{
    if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    }
}

int main(int argc, char **argv)
{
    struct cli cli;
    struct fault fault = {0};
    set_locale();
    cli_init(&cli, stdin, stdout, stderr);
    cli.lang = lang_of_environment();
    cli.dir = getenv("PARKGATE_DIR");
    cli.in_terminal = isatty(STDIN_FILENO) == 1;
    cli.out_terminal = isatty(STDOUT_FILENO) == 1;
    cli.err_terminal = isatty(STDERR_FILENO) == 1;
    enum exit_code code = EXIT_REFUSED;
    if (seal_init(&fault) != ERR_OK) {
        code = cli_refuse(&cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    } else {
        code = cli_run(&cli, argc - 1, argv + 1);
    }
    cli_destroy(&cli);
    return (int)code;
}
