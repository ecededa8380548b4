/* parkgate-agent: the daemon of one gate. See docs/man/parkgate-agent.8.scd. */
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/base/launcher.h"
#include "common/base/must.h"
#include "reader-agent/app/agent.h"
#include "reader-agent/app/settings.h"
#include "schema/errors.h"

struct options {
    bool join, help, version;
    struct agent_join given;
    const char *aside;
    const char *carry;
    bool muster;
    const char *key;
    struct device_test_options test;
};

/* One table reads the command line and is its help. */
static const struct argument {
    const char *name;
    const char *value; /* NULL: a flag */
    size_t offset;     /* of its text in struct options; of its flag when value is NULL */
    const char *help;
} arguments[] = {
    {"dir",        "DIR",             offsetof(struct options, given.dir),        "the gate's directory 出入口目录"               },
    {"join",       NULL,              offsetof(struct options, join),             "join a controller, once 加入控制器（一次）"},
    {"gate",       "NAME",            offsetof(struct options, given.gate),       "with --join: this gate 出入口名称"             },
    {"controller", "tcp://HOST:PORT", offsetof(struct options, given.controller),
     "with --join: its port for agents 控制器代理端口"                                                                          },
    {"enrol",      "tcp://HOST:PORT", offsetof(struct options, given.enrol),
     "with --join: its enrolment port 注册端口"                                                                                    },
    {"server-key", "Z85",             offsetof(struct options, given.server_key),
     "with --join: its public key 控制器公钥"                                                                                     },
    {"code",       "CODE",            offsetof(struct options, given.code),
     "with --join: from `parkgate agent enroll` 一次性注册码"                                                                    },
    {"aside",      "list|NUMBER",     offsetof(struct options, aside),
     "what devices posted and nobody understood 查看无法识别的上报"                                                           },
    {"carry",      "FILE",            offsetof(struct options, carry),
     "take a roster from a stick: `parkgate agent carry` 采用 U 盘带来的离线名册"                                            },
    {"muster",     NULL,              offsetof(struct options, muster),
     "at a muster post: who is inside 集合点：在园人员"                                                                        },
    {"key",        "FILE",            offsetof(struct options, key),
     "with --muster: the key that opens names 打开姓名的密钥文件"                                                             },
    {"test",       "DEVICE",          offsetof(struct options, test.name),
     "talk to one reader, board or camera 测试一个设备"                                                                          },
    {"pulse",      "LANE",            offsetof(struct options, test.pulse),
     "with --test: open this lane once 打开该通道一次"                                                                          },
    {"yes",        NULL,              offsetof(struct options, test.yes),
     "with --pulse: nobody is in its way 已确认通道无人"                                                                        },
    {"record",     "FILE",            offsetof(struct options, test.record),
     "with --test: a trace without personal data 记录不含个人信息的轨迹"                                                    },
    {"seconds",    "N",               offsetof(struct options, test.seconds),
     "with --test: how long to look 观察秒数"                                                                                      },
    {"help",       NULL,              offsetof(struct options, help),             "this text 显示本帮助"                          },
    {"version",    NULL,              offsetof(struct options, version),          "show the version 显示版本"                      },
};

static void print_help(FILE *to)
{
    (void)fputs(
        "usage: parkgate-agent --dir DIR\n"
        "       parkgate-agent --join --dir DIR --gate NAME --controller tcp://HOST:PORT\n"
        "                      --enrol tcp://HOST:PORT --server-key Z85 --code CODE\n"
        "       parkgate-agent --dir DIR --aside list|NUMBER\n"
        "       parkgate-agent --dir DIR --carry FILE\n"
        "       parkgate-agent --dir DIR --muster [--key FILE]\n"
        "       parkgate-agent --dir DIR --test DEVICE [--pulse LANE --yes] [--record FILE] "
        "[--seconds N]\n\n",
        to);
    for (size_t i = 0; i < ARRAY_LEN(arguments); i++) {
        char left[64];
        (void)snprintf(left, sizeof(left), "--%s %s", arguments[i].name,
                       arguments[i].value == NULL ? "" : arguments[i].value);
        (void)fprintf(to, "  %-28s %s\n", left, arguments[i].help);
    }
}

static int parse(int argc, char **argv, struct options *options)
{
    struct option table[ARRAY_LEN(arguments) + 1] = {0};
    for (size_t i = 0; i < ARRAY_LEN(arguments); i++) {
        table[i] =
            (struct option){.name = arguments[i].name,
                            .has_arg = arguments[i].value != NULL ? required_argument : no_argument,
                            .val = (int)i + 1};
    }
    int found;
    while ((found = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (found < 1 || found > (int)ARRAY_LEN(arguments)) {
            return EXIT_USAGE;
        }
        const struct argument *argument = &arguments[found - 1];
        char *field = (char *)options + argument->offset;
        if (argument->value != NULL) {
            *(const char **)(void *)field = optarg;
        } else {
            *(bool *)(void *)field = true;
        }
    }
    return optind == argc ? EXIT_DONE : EXIT_USAGE;
}

/* The first that is missing; NULL: none. --dir always, the others with --join. */
static const char *missing(const struct options *options)
{
    for (size_t i = 0; i < ARRAY_LEN(arguments); i++) {
        const struct argument *argument = &arguments[i];
        const char *field = (const char *)options + argument->offset;
        bool needed =
            i == 0 || (options->join && argument->offset >= offsetof(struct options, given) &&
                       argument->offset < offsetof(struct options, aside));
        if (argument->value != NULL && needed &&
            *(const char *const *)(const void *)field == NULL) {
            return argument->name;
        }
    }
    return NULL;
}

static int worker(void *ctx, struct launcher_link *link)
{
    return agent_run(ctx, link);
}

static int run(const char *dir)
{
    struct settings settings;
    struct fault fault = {0};
    if (settings_read(dir, &settings, &fault) != ERR_OK) {
        (void)fprintf(stderr,
                      "parkgate-agent: %s\nparkgate-agent: 无法启动：请检查 %s/agent.conf，或先用 "
                      "--join 加入控制器\n",
                      fault.what, dir);
        return EXIT_BAD_FILE;
    }
    struct launcher_options options = {
        .helper_dir = settings.helper_dir[0] == '\0' ? NULL : settings.helper_dir,
        .program = "parkgate-agent"};
    struct agent_start start = {.dir = dir, .page = agent_share_page()};
    return launcher_run(&options, worker, &start);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    int code = parse(argc, argv, &options);
    if (code != EXIT_DONE) {
        print_help(stderr);
        return code;
    }
    if (options.help || options.version) {
        options.help ? print_help(stdout) : (void)puts("parkgate-agent 0.1.0");
        return EXIT_DONE;
    }
    const char *needed = missing(&options);
    if (needed != NULL) {
        (void)fprintf(stderr, "parkgate-agent: --%s is missing\nparkgate-agent: 缺少 --%s\n",
                      needed, needed);
        return EXIT_USAGE;
    }
    if (options.aside != NULL) {
        return agent_look_aside(options.given.dir, options.aside);
    }
    if (options.carry != NULL) {
        return agent_carry(options.given.dir, options.carry);
    }
    if (options.muster) {
        return agent_look_muster(options.given.dir, options.key);
    }
    if (options.test.name != NULL) {
        options.test.dir = options.given.dir;
        return agent_test_device(&options.test);
    }
    return options.join ? agent_join(&options.given) : run(options.given.dir);
}
