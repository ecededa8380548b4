/* Fuzzes a roster of persons or vehicles, as `parkgate person import` and `vehicle import` read it:
 * whatever stands in a tenant's file, each row is packed or a problem with its line and a sentence,
 * and a file without a problem has all its rows. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "admin-cli/roster.h"
#include "common/base/must.h"
#include "schema/operator.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct roster *roster)
{
    MUST(roster->rows.count <= roster->row_count);
    MUST(roster->problem_count > 0 || roster->rows.count == roster->row_count);
    for (size_t i = 0; i < roster->problem_count && i < ROSTER_PROBLEMS_SHOWN; i++) {
        const struct roster_problem *problem = &roster->problems[i];
        MUST(problem->line > 0);
        MUST(problem->sentence[0][0] != '\0' && problem->sentence[1][0] != '\0');
    }
    for (size_t i = 0; i < roster->rows.count; i++) {
        struct bytes packed = rows_at(&roster->rows, i);
        Parkgate__RosterRow *row = parkgate__roster_row__unpack(NULL, packed.size, packed.data);
        MUST(row != NULL && row->line > 0);
        parkgate__roster_row__free_unpacked(row, NULL);
    }
}

/* The first byte says which kind of file, and whether the command names tenant, kind and shift. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct complaint c = {0};
    struct roster roster = {0};
    char path[64];
    if (size == 0) {
        return 0;
    }
    const struct roster_options options = {.kind = (data[0] & 1) != 0 ? ROSTER_VEHICLES
                                                                      : ROSTER_PERSONS,
                                           .tenant = (data[0] & 2) != 0 ? "sun-express" : NULL,
                                           .person_kind = (data[0] & 4) != 0 ? "staff" : NULL,
                                           .shift = (data[0] & 8) != 0 ? "day" : NULL};
    int fd = memfd_create("roster", MFD_CLOEXEC);
    MUST(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (roster_read(path, &options, &roster, &c)) {
        look(&roster);
    }
    roster_destroy(&roster);
    (void)close(fd);
    return 0;
}
