#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/launcher_wire.h"
#include "common/base/must.h"

static enum err send_order(struct launcher_link *link, const struct launcher_order *order,
                           struct fault *fault)
{
    size_t size = offsetof(struct launcher_order, args) + order->args_size;
    if (send(link->fd, order, size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
        return ERR_OK;
    }
    if (errno == EAGAIN || errno == EINTR) {
        return fault_set(fault, ERR_BUSY, "the line to the launcher is full");
    }
    return fault_set(fault, ERR_IO, "the launcher is gone: %s", strerror(errno));
}

static enum err copy_args(const char *const argv[], struct launcher_order *order,
                          struct fault *fault)
{
    MUST(argv != NULL && argv[0] != NULL);
    if (argv[0][0] == '\0' || strchr(argv[0], '/') != NULL) {
        return fault_set(fault, ERR_INPUT, "\"%s\" is not the plain name of a program", argv[0]);
    }
    size_t count = 0;
    for (; argv[count] != NULL; count++) {
        size_t size = strlen(argv[count]) + 1;
        if (count == LAUNCHER_ARGS_MAX || size > sizeof(order->args) - order->args_size) {
            return fault_set(fault, ERR_INPUT, "too many or too long arguments for %s", argv[0]);
        }
        memcpy(order->args + order->args_size, argv[count], size);
        order->args_size += (uint32_t)size;
    }
    return ERR_OK;
}

static enum err send_plain(struct launcher_link *link, enum launcher_order_kind kind,
                           struct name name, struct fault *fault)
{
    const struct launcher_order order = {.kind = kind, .name = name};
    return send_order(link, &order, fault);
}

int launcher_fd(const struct launcher_link *link)
{
    return link->fd;
}

enum err launcher_want(struct launcher_link *link, struct name name, const char *const argv[],
                       struct fault *fault)
{
    struct launcher_order order = {.kind = ORDER_WANT, .name = name};
    TRY(copy_args(argv, &order, fault));
    return send_order(link, &order, fault);
}

enum err launcher_drop(struct launcher_link *link, struct name name, struct fault *fault)
{
    return send_plain(link, ORDER_DROP, name, fault);
}

enum err launcher_restart(struct launcher_link *link, struct name name, struct fault *fault)
{
    return send_plain(link, ORDER_RESTART, name, fault);
}

enum err launcher_settle(struct launcher_link *link, struct fault *fault)
{
    return send_plain(link, ORDER_SETTLE, (struct name){.text = ""}, fault);
}

enum err launcher_job(struct launcher_link *link, uint64_t job, const char *const argv[],
                      struct fault *fault)
{
    struct launcher_order order = {.kind = ORDER_JOB, .job = job};
    TRY(copy_args(argv, &order, fault));
    return send_order(link, &order, fault);
}

void launcher_done(struct launcher_link *link, int status)
{
    const struct launcher_order order = {.kind = ORDER_DONE, .status = status};
    /* Blocking: whatever the line holds, the launcher takes it at once. */
    (void)send(link->fd, &order, offsetof(struct launcher_order, args), MSG_NOSIGNAL);
}

enum err launcher_turn(struct launcher_link *link, launcher_heard *heard, void *ctx,
                       struct fault *fault)
{
    struct launcher_answer answer;
    for (;;) {
        ssize_t size = recv(link->fd, &answer, sizeof(answer), MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
            return ERR_OK;
        }
        if (size <= 0) {
            return fault_set(fault, ERR_IO, "the launcher is gone");
        }
        MUST((size_t)size == offsetof(struct launcher_answer, output) + answer.output_size);
        answer.output[answer.output_size] = '\0';
        const struct launcher_report report = {.kind = answer.kind,
                                               .name = answer.name,
                                               .job = answer.job,
                                               .pid = answer.pid,
                                               .status = answer.status,
                                               .output = answer.output,
                                               .output_size = answer.output_size};
        heard(ctx, &report);
    }
}
