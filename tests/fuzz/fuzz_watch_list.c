/* Fuzzes a station's list, CSV or JSON, as `parkgate watch sign` reads it: whatever stands in the
 * file, each row is a good change or a problem with its line and a sentence, and what is good makes
 * a bundle. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "admin-cli/watch_list.h"
#include "common/base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct watch_list *list)
{
    for (size_t i = 0; i < list->problem_count && i < WATCH_PROBLEMS_SHOWN; i++) {
        const struct watch_row_problem *problem = &list->problems[i].problem;
        MUST(problem->column <= WATCH_COLUMN_COUNT);
        MUST(problem->sentence[0][0] != '\0' && problem->sentence[1][0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tz_table utc;
    static const struct seal_key match = {{3}};
    static struct watch_list list;
    static bool begun;
    struct complaint c = {0};
    char path[64];
    const struct watch_row_options options = {
        .made = {INT64_C(1772496000000000)}, .zone = &utc, .match = &match};
    MUST(begun || seal_init(NULL) == ERR_OK);
    begun = true;
    int fd = memfd_create("list", MFD_CLOEXEC);
    MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    memset(&list, 0, sizeof(list));
    if (watch_list_read(path, &options, &list, &c)) {
        look(&list);
    }
    watch_list_destroy(&list);
    (void)close(fd);
    return 0;
}
