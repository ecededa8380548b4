/* desk add, badge, unlock, lock, show: several persons at one computer, each with the own key.
 *
 * What a person types is never echoed, never an argument and never an environment variable. A badge
 * is read by a reader that types like a keyboard: its number and Enter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "admin-cli/command.h"
#include "admin-cli/desk_file.h"
#include "admin-cli/desk_keeper.h"
#include "common/base/must.h"
#include "schema/limits.h"

struct typed {
    char text[LIMIT_ARG_BYTES + 2];
};

static void typed_wipe(struct typed *typed)
{
    seal_wipe(typed, sizeof(*typed));
}

/* One line without echo. False: end of input, or too long. */
static bool read_typed(struct cli *cli, struct bilingual prompt, struct typed *ret)
{
    struct termios before;
    struct termios quiet;
    bool terminal = cli->in_terminal && tcgetattr(fileno(cli->in), &before) == 0;
    cli_tell(cli, prompt);
    if (terminal) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(fileno(cli->in), TCSAFLUSH, &quiet);
    }
    bool got = fgets(ret->text, sizeof(ret->text), cli->in) != NULL;
    if (terminal) {
        (void)tcsetattr(fileno(cli->in), TCSAFLUSH, &before);
    }
    size_t size = got ? strcspn(ret->text, "\r\n") : 0;
    got = got && size <= LIMIT_ARG_BYTES; /* a line that was cut is not what was typed */
    ret->text[got ? size : 0] = '\0';
    return got;
}

static const struct bilingual ask_phrase = {
    {"Passphrase (8 characters or more):", "口令（至少 8 个字符）："}
};
static const struct bilingual ask_again = {
    {"The same again:", "请再输入一次："}
};
static const struct bilingual ask_badge = {
    {"Show the badge to the desk's reader:", "请在桌面读卡器上刷卡："}
};
static const struct bilingual ask_either = {
    {"Passphrase or badge:", "口令或刷卡："}
};

static bool long_enough(const struct typed *typed, struct complaint *c)
{
    return strlen(typed->text) >= DESK_TYPED_MIN ||
           complain(c, ERROR_ARG_BAD, "passphrase", "...", "8 characters or more", NULL);
}

static bool new_phrase(struct cli *cli, struct typed *ret, struct complaint *c)
{
    AUTO(typed_wipe) struct typed again = {{0}};
    if (!read_typed(cli, ask_phrase, ret) || !long_enough(ret, c)) {
        return c->number != 0 || complain(c, ERROR_ARG_MISSING, "passphrase", NULL, NULL, NULL);
    }
    return (read_typed(cli, ask_again, &again) && strcmp(ret->text, again.text) == 0) ||
           complain(c, ERROR_ARG_BAD, "passphrase", "...", "twice the same", NULL);
}

enum exit_code run_desk_add(struct cli *cli, const struct call *call)
{
    char dir[OPERATOR_PATH_SIZE];
    struct complaint c = {0};
    struct fault fault = {0};
    struct desk_file file = {0};
    AUTO(typed_wipe) struct typed phrase = {{0}};
    AUTO(link_key_pair_destroy) struct link_key_pair pair = {0};
    if (link_key_pair_read(call_value(call, "key_file"), &pair, &fault) != ERR_OK) {
        return cli_refuse(cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    bool good = desk_dir(cli, dir, &c) && new_phrase(cli, &phrase, &c) && c.number == 0 &&
                desk_close(dir, &file, &pair, phrase.text, false, &c) &&
                desk_file_write(dir, call_value(call, "name"), &file, &c);
    if (!good) {
        return cli_say(cli, &c);
    }
    cli_tell(cli, (struct bilingual){
                      {"Kept, closed. The key file itself may now leave this computer.",
                       "已加密保存。原密钥文件现在可以从本机移走。"}
    });
    return EXIT_DONE;
}

/* Opens the named key by what is typed. */
static bool open_named(struct cli *cli, const char *dir, const char *name, struct bilingual prompt,
                       struct desk_file *file, struct link_key_pair *ret_pair, struct complaint *c)
{
    AUTO(typed_wipe) struct typed typed = {{0}};
    if (!desk_file_read(dir, name, file, c)) {
        return false;
    }
    if (!read_typed(cli, prompt, &typed) || typed.text[0] == '\0') {
        return complain(c, ERROR_ARG_MISSING, "passphrase", NULL, NULL, NULL);
    }
    return desk_open(dir, file, typed.text, ret_pair, c) || c->number != 0
               ? c->number == 0
               : complain(c, ERROR_DESK_WRONG, name, NULL, NULL, NULL);
}

enum exit_code run_desk_badge(struct cli *cli, const struct call *call)
{
    char dir[OPERATOR_PATH_SIZE];
    struct complaint c = {0};
    struct desk_file file = {0};
    const char *name = call_value(call, "name");
    AUTO(typed_wipe) struct typed badge = {{0}};
    AUTO(link_key_pair_destroy) struct link_key_pair pair = {0};
    if (!desk_dir(cli, dir, &c) || !open_named(cli, dir, name, ask_phrase, &file, &pair, &c)) {
        return cli_say(cli, &c);
    }
    if (!read_typed(cli, ask_badge, &badge) || !long_enough(&badge, &c)) {
        return c.number != 0 ? cli_say(cli, &c)
                             : cli_refuse(cli, ERROR_ARG_MISSING, "badge", NULL, NULL, NULL);
    }
    if (!desk_close(dir, &file, &pair, badge.text, true, &c) ||
        !desk_file_write(dir, name, &file, &c)) {
        return cli_say(cli, &c);
    }
    return EXIT_DONE;
}

enum exit_code run_desk_unlock(struct cli *cli, const struct call *call)
{
    char dir[OPERATOR_PATH_SIZE];
    struct complaint c = {0};
    struct desk_file file = {0};
    unsigned long seconds = LIMIT_DESK_IDLE_S;
    const char *name = call_value(call, "name");
    const char *sooner = call_value(call, "seconds");
    AUTO(link_key_pair_destroy) struct link_key_pair pair = {0};
    if (sooner != NULL) {
        seconds = strtoul(sooner, NULL, 10);
    }
    if (seconds < 1 || seconds > LIMIT_DESK_IDLE_S) {
        return cli_refuse(cli, ERROR_ARG_BAD, "seconds", sooner, "1 to 300", NULL);
    }
    if (!desk_dir(cli, dir, &c) || !open_named(cli, dir, name, ask_either, &file, &pair, &c) ||
        !desk_keeper_start(dir, name, &pair, (unsigned)seconds, &c)) {
        return cli_say(cli, &c);
    }
    cli_tell(cli, (struct bilingual){
                      {"Unlocked. It locks by itself 5 minutes after the last command; sooner: "
                       "parkgate desk lock", "已解锁。最后一次命令 5 分钟后自动锁定；提前锁定：parkgate desk lock"}
    });
    return EXIT_DONE;
}

enum exit_code run_desk_lock(struct cli *cli, const struct call *call)
{
    char dir[OPERATOR_PATH_SIZE];
    struct complaint c = {0};
    (void)call;
    if (!desk_dir(cli, dir, &c)) {
        return cli_say(cli, &c);
    }
    return desk_keeper_lock(dir) ? EXIT_DONE
                                 : cli_refuse(cli, ERROR_DESK_LOCKED, NULL, NULL, NULL, NULL);
}

enum exit_code run_desk_show(struct cli *cli, const struct call *call)
{
    char dir[OPERATOR_PATH_SIZE];
    struct complaint c = {0};
    struct desk_state state;
    (void)call;
    if (!desk_dir(cli, dir, &c)) {
        return cli_say(cli, &c);
    }
    if (!desk_keeper_state(dir, &state)) {
        return cli_refuse(cli, ERROR_DESK_LOCKED, NULL, NULL, NULL, NULL);
    }
    if (cli->format == FORMAT_JSON) {
        (void)fprintf(cli->out, "{\"notes\":{\"name\":\"%s\",\"left_s\":%u},\"rows\":[]}\n",
                      state.name, state.left_s);
    } else {
        (void)fprintf(cli->out,
                      cli->lang == LANG_ZH ? "%s 已解锁，%u 秒后锁定\n"
                                           : "%s is unlocked, for %u s\n",
                      state.name, state.left_s);
    }
    return EXIT_DONE;
}
