/* parkgate-webhook: tells a receiver over HTTP of each alert, signed, until it has it.
 *
 * Reads lines from the controller's alert socket behind its own cursor, posts each, and moves the
 * cursor on when the receiver has answered with 2xx, or has refused for good: then the line is a
 * dead letter. One process, one receiver; blocking, for it serves nobody. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "controller/webhook/delivery.h"
#include "controller/webhook/outbox.h"
#include "controller/webhook/post.h"

enum { TEXT_SIZE = 512, RECONNECT_MS = 1000, SECRET_HEX = 2 * SEAL_KEY_SIZE };

struct webhook {
    char socket[TEXT_SIZE], url[TEXT_SIZE], secret_file[TEXT_SIZE], dir[TEXT_SIZE],
        ca_file[TEXT_SIZE];
    struct seal_key secret;
    struct post *post;
    uint64_t done; /* the cursor */
    bool has_cursor;
    int fd; /* of the alert socket; -1 */
    size_t used;
    char line[DELIVERY_LINE_MAX];
};

static const struct config_key config_keys[] = {
    {.name = "socket",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct webhook,                                       socket),
     .required = true,
     .example = "/run/parkgate/alerts.sock"},
    {.name = "url",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct webhook,                                                    url),
     .required = true,
     .example = "https://guard.example.cn/parkgate"},
    {.name = "secret_file",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct webhook, secret_file),
     .required = true,
     .example = "/etc/parkgate/webhook.secret"},
    {.name = "dir",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct webhook,                            dir),
     .required = true,
     .example = "/var/lib/parkgate/webhook"},
    {.name = "ca_file",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct webhook,                                 ca_file),
     .example = "/etc/parkgate/receiver-ca.pem"                               },
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

/* A signal ends it sooner. */
static void wait_ms(int64_t ms)
{
    if (!stopped) {
        (void)poll(NULL, 0, (int)ms);
    }
}

static enum err read_secret(struct webhook *w, struct fault *fault)
{
    char hex[SECRET_HEX + 2] = "";
    size_t size = 0;
    FILE *file = fopen(w->secret_file, "re");
    if (file == NULL) {
        return fault_set(fault, ERR_IO, "%s: %s", w->secret_file, strerror(errno));
    }
    size = fread(hex, 1, sizeof(hex) - 1, file);
    (void)fclose(file);
    size -= size > 0 && hex[size - 1] == '\n';
    hex[size] = '\0';
    bool good = size == SECRET_HEX && bytes_from_hex(hex, w->secret.bytes, sizeof(w->secret.bytes));
    seal_wipe(hex, sizeof(hex));
    return good ? ERR_OK
                : fault_set(fault, ERR_INPUT, "%s: give %d hex digits, as: openssl rand -hex %d",
                            w->secret_file, (int)SECRET_HEX, (int)SEAL_KEY_SIZE);
}

static enum err set_up(struct webhook *w, const char *config, struct fault *fault)
{
    TRY(config_read(config, config_keys, ARRAY_LEN(config_keys), w, fault));
    TRY(seal_init(fault));
    TRY(read_secret(w, fault));
    TRY(outbox_read(w->dir, &w->done, &w->has_cursor, fault));
    return post_create(w->url, w->ca_file, &w->post, fault);
}

/* --- the line to the controller --- */

static void hang_up(struct webhook *w)
{
    if (w->fd >= 0) {
        (void)close(w->fd);
        w->fd = -1;
    }
    w->used = 0;
}

static bool connect_once(struct webhook *w)
{
    char first[40] = "now\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(w->socket) >= sizeof(address.sun_path)) {
        return false;
    }
    memcpy(address.sun_path, w->socket, strlen(w->socket) + 1);
    w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (w->has_cursor) {
        (void)snprintf(first, sizeof(first), "after %llu\n", (unsigned long long)w->done);
    }
    struct timeval look = {.tv_sec = 1};
    if (w->fd < 0 || setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof(look)) != 0 ||
        connect(w->fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        send(w->fd, first, strlen(first), MSG_NOSIGNAL) != (ssize_t)strlen(first)) {
        hang_up(w);
        return false;
    }
    return true;
}

/* The next whole line, without its end, into w->line; 0: the connection is gone, or a signal. */
static size_t read_line(struct webhook *w)
{
    for (;;) {
        char *end = memchr(w->line, '\n', w->used);
        if (end != NULL) {
            return (size_t)(end - w->line);
        }
        if (w->used == sizeof(w->line)) {
            return 0;
        }
        ssize_t size = recv(w->fd, w->line + w->used, sizeof(w->line) - w->used, 0);
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && !stopped) {
            continue; /* looked for a signal */
        }
        if (size <= 0) {
            return 0;
        }
        w->used += (size_t)size;
    }
}

static void forget_line(struct webhook *w, size_t size)
{
    memmove(w->line, w->line + size + 1, w->used - size - 1);
    w->used -= size + 1;
}

/* --- the receiver --- */

static struct wall wall_now(void)
{
    const struct clock *clock = clock_system();
    return clock->wall(clock->ctx);
}

/* Until it has it, has refused it for good, or a signal. */
static enum delivery_end deliver(struct webhook *w, struct bytes line, uint64_t seq)
{
    uint32_t refusals = 0;
    char delivery[24];
    (void)snprintf(delivery, sizeof(delivery), "%llu", (unsigned long long)seq);
    for (uint32_t failures = 0; !stopped; failures++) {
        char signature[DELIVERY_SIGNATURE_SIZE];
        const char *why = "";
        uint32_t retry_after_s = 0;
        int64_t wait = 0;
        delivery_sign(&w->secret, wall_now(), line, signature);
        long status = post_send(w->post, line, delivery, signature, &retry_after_s, &why);
        enum delivery_end end = delivery_judge(status, retry_after_s, failures, &refusals, &wait);
        if (end != DELIVERY_AGAIN) {
            return end;
        }
        log_warning("webhook_failed", LOG_NUM("seq", seq), LOG_NUM("status", status),
                    LOG_TEXT("why", why), LOG_NUM("again_ms", wait));
        wait_ms(wait);
    }
    return DELIVERY_AGAIN;
}

static enum err take_line(struct webhook *w, struct bytes line, struct fault *fault)
{
    uint64_t seq = 0;
    if (!delivery_seq(line, &seq)) {
        return fault_set(fault, ERR_CORRUPT, "%s: no line of alerts", w->socket);
    }
    enum delivery_end end = delivery_is_begin(line) ? DELIVERY_DONE : deliver(w, line, seq);
    if (end == DELIVERY_AGAIN) {
        return ERR_OK; /* a signal: it is told again after the next start */
    }
    if (end == DELIVERY_DEAD) {
        TRY(outbox_dead(w->dir, line, fault));
        log_error("webhook_dead_letter", LOG_NUM("seq", seq));
    }
    TRY(outbox_write(w->dir, seq, fault));
    w->done = seq;
    w->has_cursor = true;
    return ERR_OK;
}

static enum err serve(struct webhook *w, struct fault *fault)
{
    size_t size = 0;
    while (!stopped && (size = read_line(w)) > 0) {
        TRY(take_line(w, (struct bytes){.data = (const uint8_t *)w->line, .size = size}, fault));
        forget_line(w, size);
    }
    return ERR_OK;
}

static enum err run(struct webhook *w, struct fault *fault)
{
    bool said = false;
    while (!stopped) {
        if (connect_once(w)) {
            log_event("webhook_connected", LOG_TEXT("socket", w->socket));
            said = false;
            TRY(serve(w, fault));
            hang_up(w);
        } else if (!said) {
            log_warning("webhook_waits", LOG_TEXT("socket", w->socket));
            said = true;
        }
        wait_ms(RECONNECT_MS);
    }
    return ERR_OK;
}

int main(int argc, char **argv)
{
    static struct webhook w = {.fd = -1};
    struct fault fault = {0};
    struct sigaction action = {.sa_handler = on_signal};
    if (argc != 3 || strcmp(argv[1], "--config") != 0) {
        (void)fprintf(stderr, "usage: parkgate-webhook --config FILE\n"
                              "用法：parkgate-webhook --config 文件\n");
        return 2;
    }
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    enum err err = set_up(&w, argv[2], &fault);
    if (err == ERR_OK) {
        err = run(&w, &fault);
    }
    if (err != ERR_OK) {
        log_error("webhook_stopped", LOG_TEXT("what", fault.what));
    }
    hang_up(&w);
    post_destroy(&w.post);
    seal_wipe(&w.secret, sizeof(w.secret));
    return err == ERR_OK ? 0 : 1;
}
