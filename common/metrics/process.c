#include "common/metrics/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/must.h"

#define STATUS "/proc/self/status"
#define FDS    "/proc/self/fd"

static enum err count_fds(int64_t *ret, struct fault *fault)
{
    DIR *dir = opendir(FDS);
    int64_t count = -3; /* ".", ".." and the one that reads it */
    if (dir == NULL) {
        return fault_set(fault, ERR_IO, FDS ": %s", strerror(errno));
    }
    while (readdir(dir) != NULL) {
        count++;
    }
    (void)closedir(dir);
    *ret = count;
    return ERR_OK;
}

static enum err read_anonymous(int64_t *ret, struct fault *fault)
{
    char text[4096];
    int fd = open(STATUS, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    int error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (size < 0) {
        return fault_set(fault, ERR_IO, STATUS ": %s", strerror(error));
    }
    text[size] = '\0';
    const char *at = strstr(text, "\nRssAnon:");
    if (at == NULL) {
        return fault_set(fault, ERR_IO, STATUS ": it has no RssAnon");
    }
    *ret = strtoll(at + strlen("\nRssAnon:"), NULL, 10) * 1024;
    return ERR_OK;
}

static int64_t us_of(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

enum err process_figures_read(struct process_figures *ret, struct fault *fault)
{
    struct process_figures figures = {0};
    struct rlimit limit;
    struct rusage usage;
    TRY(count_fds(&figures.open_fds, fault));
    TRY(read_anonymous(&figures.anonymous_bytes, fault));
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || getrusage(RUSAGE_SELF, &usage) != 0) {
        return fault_set(fault, ERR_IO, "getrlimit, getrusage: %s", strerror(errno));
    }
    figures.fd_limit = limit.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_cur;
    figures.cpu_us = us_of(usage.ru_utime) + us_of(usage.ru_stime);
    *ret = figures;
    return ERR_OK;
}

void process_figures_put(const struct metric_out *out, const struct process_figures *figures,
                         int64_t uptime_us)
{
    metric_put(out, METRIC_UPTIME, "", uptime_us);
    metric_put_bound(out, METRIC_OPEN_FDS, "", figures->open_fds, figures->fd_limit);
    metric_put(out, METRIC_ANONYMOUS, "", figures->anonymous_bytes);
    metric_put(out, METRIC_CPU, "", figures->cpu_us);
}

/* A figure of every store, with its bound (0: none). */
struct store_row {
    enum metric metric;
    size_t value, limit; /* places in struct store_figures */
};

#define NO_PLACE SIZE_MAX

static int64_t at_place(const struct store_figures *store, size_t place)
{
    int64_t value = 0;
    if (place != NO_PLACE) {
        memcpy(&value, (const char *)store + place, sizeof(value));
    }
    return value;
}

void store_figures_put(const struct metric_out *out, const struct store_figures *stores,
                       size_t count)
{
    static const struct store_row rows[] = {
        {METRIC_STORE_MAP,               offsetof(struct store_figures, map_bytes),
         offsetof(struct store_figures,                                                        map_limit)},
        {METRIC_STORE_USED,              offsetof(struct store_figures, used_bytes),
         offsetof(struct store_figures,                                                        map_bytes)},
        {METRIC_STORE_FREE,              offsetof(struct store_figures, free_bytes), NO_PLACE},
        {METRIC_STORE_READERS, offsetof(struct store_figures,                      readers),
         offsetof(struct store_figures,                                        readers_limit)          },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t k = 0; k < count; k++) {
            char labels[METRIC_LABELS_SIZE] = "";
            metric_label(labels, "store", stores[k].name);
            metric_put_bound(out, rows[i].metric, labels, at_place(&stores[k], rows[i].value),
                             at_place(&stores[k], rows[i].limit));
        }
    }
}
