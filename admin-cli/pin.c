/* pin set: the digits come from a prompt without echo, a file or standard input, never from the
 * command line, where `ps` and the shell's history would keep them. */
#include <stdlib.h>
#include <string.h>
#include <termios.h>

#include "admin-cli/client.h"
#include "admin-cli/file.h"
#include "admin-cli/request.h"
#include "common/access/credential.h"
#include "common/base/must.h"
#include "common/seal/seal.h"

enum { PIN_TEXT_SIZE = PIN_MAX + 8 };

/* One line, without its end. False: none, or too long for a PIN. */
static bool read_line(FILE *from, char out[PIN_TEXT_SIZE])
{
    if (fgets(out, PIN_TEXT_SIZE, from) == NULL) {
        out[0] = '\0';
        return false;
    }
    size_t size = strcspn(out, "\r\n");
    bool whole = out[size] != '\0' || feof(from);
    out[size] = '\0';
    return whole;
}

/* What is typed is not shown; the terminal is as before afterwards, whatever happens. */
static bool ask(struct cli *cli, const char *question, char out[PIN_TEXT_SIZE])
{
    struct termios shown;
    int terminal = fileno(cli->in);
    if (tcgetattr(terminal, &shown) != 0) {
        return false;
    }
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    hidden.c_lflag |= ECHONL;
    (void)fputs(question, cli->err);
    (void)fflush(cli->err);
    (void)tcsetattr(terminal, TCSAFLUSH, &hidden);
    bool read = read_line(cli->in, out);
    (void)tcsetattr(terminal, TCSAFLUSH, &shown);
    return read;
}

static bool ask_twice(struct cli *cli, char out[PIN_TEXT_SIZE], struct complaint *c)
{
    static const struct bilingual first = {
        {"new PIN (4 to 12 digits): ", "新密码（4 至 12 位数字）："}
    };
    static const struct bilingual second = {
        {"the same again: ", "再次输入："}
    };
    char again[PIN_TEXT_SIZE] = "";
    bool same = ask(cli, first.text[cli->lang], out) && ask(cli, second.text[cli->lang], again) &&
                strcmp(out, again) == 0;
    seal_wipe(again, sizeof(again));
    return same || complain(c, ERROR_ARG_BAD, "pin", "...", "give the same digits twice", NULL);
}

static bool read_file(struct cli *cli, const char *path, char out[PIN_TEXT_SIZE],
                      struct complaint *c)
{
    size_t size = 0;
    if (strcmp(path, "-") == 0) {
        (void)read_line(cli->in, out);
        return true;
    }
    char *text = file_read(path, PIN_TEXT_SIZE - 1, &size, c);
    if (text == NULL) {
        return false;
    }
    size_t used = strcspn(text, "\r\n");
    memcpy(out, text, used);
    out[used] = '\0';
    seal_wipe(text, size);
    free(text);
    return true;
}

static bool read_pin(struct cli *cli, const struct call *call, char out[PIN_TEXT_SIZE],
                     struct complaint *c)
{
    const char *path = call_value(call, "pin_file");
    if (path != NULL) {
        return read_file(cli, path, out, c);
    }
    if (!cli->in_terminal || !cli->err_terminal) {
        return complain(c, ERROR_ARG_MISSING, "pin-file", NULL, NULL, NULL);
    }
    return ask_twice(cli, out, c);
}

enum exit_code run_pin_set(struct cli *cli, const struct call *call)
{
    char pin[PIN_TEXT_SIZE] = "";
    struct complaint c = {0};
    struct request request = {.verb = call->command->request};
    AUTO(answer_destroy) struct answer answer = {0};
    if (!read_pin(cli, call, pin, &c)) {
        return cli_say(cli, &c);
    }
    request_arg(&request, "person", call_value(call, "person"));
    request_arg(&request, "pin", pin);
    bool done = client_ask_all(cli, &request, &answer, &c);
    seal_wipe(pin, sizeof(pin));
    return done ? request_show(cli, call, &answer) : cli_say(cli, &c);
}
