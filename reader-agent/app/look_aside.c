/* parkgate-agent --aside: what was put aside at this gate, for the person at its box. Reads only;
 * the daemon goes on meanwhile. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/app/agent.h"
#include "reader-agent/app/vault.h"
#include "schema/errors.h"

static void close_stores(struct agent_store **store, struct day_keys **keys)
{
    agent_store_destroy(store);
    day_keys_destroy(keys);
}

static void print_head(const struct aside_head *head)
{
    char time[32] = "";
    char digest[17];
    time_t seconds = (time_t)(head->at.us / 1000000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) != NULL) {
        (void)strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    bytes_to_hex((struct bytes){.data = head->digest, .size = 8}, digest, sizeof(digest));
    (void)printf("%llu\t%s\t%s\t%zu\t%s\t%s\n", (unsigned long long)head->number, time,
                 head->reader.text, head->kept, digest, head->why);
}

static enum err list(struct agent_store *store, struct fault *fault)
{
    struct aside_head *heads = calloc(LIMIT_ASIDE_COUNT, sizeof(*heads));
    MUST(heads != NULL);
    size_t count = 0;
    enum err err = aside_list(store, 0, LIMIT_ASIDE_COUNT, heads, &count, fault);
    (void)printf("number\ttime\treader\tbytes\tdigest\twhy\n");
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        print_head(&heads[i]);
    }
    free(heads);
    return err;
}

/* To a terminal nothing goes that could move its cursor; to a file or pipe go the bytes as they
 * are. */
static void print_body(struct bytes body)
{
    bool raw = isatty(STDOUT_FILENO) == 0;
    for (size_t i = 0; i < body.size; i++) {
        uint8_t byte = body.data[i];
        if (raw || byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7f)) {
            (void)putchar(byte);
        } else {
            (void)printf("\\x%02x", byte);
        }
    }
    if (!raw) {
        (void)putchar('\n');
    }
}

static enum err show(struct agent_store *store, struct day_keys *keys, uint64_t number,
                     struct fault *fault)
{
    struct aside_item *item = calloc(1, sizeof(*item));
    uint8_t *body = malloc(LIMIT_ASIDE_BYTES);
    size_t size = 0;
    MUST(item != NULL && body != NULL);
    enum err err = aside_get(store, number, item, fault);
    if (err == ERR_OK) {
        err = vault_open_aside(keys, item, body, &size, fault);
    }
    if (err == ERR_NOT_FOUND) {
        (void)fault_set(fault, ERR_NOT_FOUND, "there is no body %llu (any more)",
                        (unsigned long long)number);
    }
    if (err == ERR_OK) {
        print_body((struct bytes){.data = body, .size = size});
    }
    seal_wipe(body, LIMIT_ASIDE_BYTES);
    free(body);
    free(item);
    return err;
}

static enum err look(const char *dir, uint64_t number, struct fault *fault)
{
    struct agent_store *store = NULL;
    struct day_keys *keys = NULL;
    enum err err = seal_init(fault);
    if (err == ERR_OK) {
        err = agent_store_open_to_read(dir, &store, fault);
    }
    if (err == ERR_OK) {
        err = day_keys_open_to_read(dir, &keys, fault);
    }
    if (err == ERR_OK) {
        err = number == 0 ? list(store, fault) : show(store, keys, number, fault);
    }
    close_stores(&store, &keys);
    return err;
}

/* 0: the list. False: neither that nor a number. */
static bool read_what(const char *what, uint64_t *ret_number)
{
    char *end = NULL;
    *ret_number = 0;
    if (strcmp(what, "list") == 0) {
        return true;
    }
    errno = 0;
    *ret_number = strtoull(what, &end, 10);
    return isdigit((unsigned char)what[0]) && *end == '\0' && errno == 0 && *ret_number > 0;
}

int agent_look_aside(const char *dir, const char *what)
{
    uint64_t number = 0;
    struct fault fault = {0};
    if (!read_what(what, &number)) {
        (void)fprintf(stderr,
                      "parkgate-agent: --aside takes `list` or a number of that list, not \"%s\"\n"
                      "parkgate-agent: --aside 后面是 list 或列表中的编号，不能是“%s”\n",
                      what, what);
        return EXIT_USAGE;
    }
    enum err err = look(dir, number, &fault);
    if (err == ERR_OK) {
        return EXIT_DONE;
    }
    if (err == ERR_NOT_FOUND && number != 0) {
        (void)fprintf(stderr, "parkgate-agent: %s\nparkgate-agent: 没有编号为 %llu 的内容\n",
                      fault.what, (unsigned long long)number);
        return EXIT_REFUSED;
    }
    (void)fprintf(stderr, "parkgate-agent: %s\nparkgate-agent: 读不到：请检查 %s，并以 root 运行\n",
                  fault.what, dir);
    return EXIT_BAD_FILE;
}
