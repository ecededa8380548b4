/* parkgate-agent --carry FILE: for the person who stands at the gate's box with a stick. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/must.h"
#include "reader-agent/app/agent.h"
#include "reader-agent/app/carry.h"
#include "reader-agent/app/settings.h"
#include "schema/errors.h"

enum { LOOK_MS = 100, COPY_BYTES = 65536, ANSWER_LINE = 256 };

static int refuse(enum error_number number, const char *a1, const char *a2, const char *a3)
{
    struct complaint complaint = {0};
    char en[1024];
    char zh[1024];
    (void)complain(&complaint, number, a1, a2, a3, NULL);
    error_sentence_en(&complaint, en, sizeof(en));
    error_sentence_zh(&complaint, zh, sizeof(zh));
    (void)fprintf(stderr, "parkgate-agent: %s\nparkgate-agent: %s\n", en, zh);
    return (int)error_exit((uint32_t)number);
}

static bool copy_all(int from, int to)
{
    static uint8_t buffer[COPY_BYTES];
    for (;;) {
        ssize_t got = read(from, buffer, sizeof(buffer));
        if (got <= 0) {
            return got == 0 && fsync(to) == 0;
        }
        if (write(to, buffer, (size_t)got) != got) {
            return false;
        }
    }
}

/* Whole or not at all: the agent looks for the name. */
static int lay_in(const char *from, const char *in)
{
    char fresh[SETTINGS_PATH_SIZE + 8];
    (void)snprintf(fresh, sizeof(fresh), "%s.new", in);
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0) {
        return refuse(ERROR_FILE_OPEN, from, strerror(errno), NULL);
    }
    int target = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = target >= 0 && copy_all(source, target);
    int why = errno;
    (void)close(source);
    if (target >= 0) {
        good = close(target) == 0 && good;
    }
    if (!good || rename(fresh, in) != 0) {
        (void)unlink(fresh);
        return refuse(ERROR_CARRY_FAILED, from, strerror(good ? errno : why), NULL);
    }
    return EXIT_DONE;
}

static void read_line(FILE *file, char out[ANSWER_LINE])
{
    if (fgets(out, ANSWER_LINE, file) == NULL) {
        out[0] = '\0';
    }
    out[strcspn(out, "\n")] = '\0';
}

static int say(const char *from, FILE *answer)
{
    char error[ANSWER_LINE];
    char a2[ANSWER_LINE];
    char a3[ANSWER_LINE];
    read_line(answer, error);
    read_line(answer, a2);
    read_line(answer, a3);
    (void)fclose(answer);
    long number = strtol(error, NULL, 10);
    if (number != 0) {
        return refuse((enum error_number)number, from, a2, a3);
    }
    (void)printf("taken: roster number %s; this gate may decide alone until %s\n"
                 "已采用：名册编号 %s；本出入口可离线判定至 %s\n",
                 a2, a3, a2, a3);
    return EXIT_DONE;
}

int agent_carry(const char *dir, const char *file)
{
    char in[SETTINGS_PATH_SIZE];
    char out[SETTINGS_PATH_SIZE];
    char waited[16];
    struct fault fault = {0};
    if (settings_path(dir, CARRY_IN, in, &fault) != ERR_OK ||
        settings_path(dir, CARRY_OUT, out, &fault) != ERR_OK) {
        return refuse(ERROR_CONFIG_FILE, fault.what, NULL, NULL);
    }
    (void)unlink(out); /* what it said the last time */
    int code = lay_in(file, in);
    if (code != EXIT_DONE) {
        return code;
    }
    for (int i = 0; i < CARRY_WAIT_S * 1000 / LOOK_MS; i++) {
        FILE *answer = fopen(out, "re");
        if (answer != NULL) {
            return say(file, answer);
        }
        (void)poll(NULL, 0, LOOK_MS);
    }
    (void)snprintf(waited, sizeof(waited), "%d", CARRY_WAIT_S);
    return refuse(ERROR_CARRY_WAITS, file, waited, NULL);
}
