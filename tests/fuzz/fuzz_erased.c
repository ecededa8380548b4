/* Fuzzes the list of who was erased, which a restore takes from a person's hand. Whatever stands in
 * it, what is read is written and read again as it was. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/must.h"
#include "controller/job/erased_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];
static char path[96];

static void end(void)
{
    (void)unlink(path);
    (void)rmdir(dir);
}

static void begin(void)
{
    if (dir[0] == '\0') {
        (void)snprintf(dir, sizeof(dir), "/tmp/parkgate-erased-XXXXXX");
        MUST(mkdtemp(dir) != NULL && atexit(end) == 0);
        (void)snprintf(path, sizeof(path), "%s/erased", dir);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fault fault = {0};
    struct erased_list list = {0};
    struct erased_list again = {0};
    begin();
    if (erased_list_parse((struct bytes){.data = data, .size = size}, &list, &fault) == ERR_OK) {
        MUST(erased_list_write(&list, path, &fault) == ERR_OK);
        MUST(erased_list_read(path, &again, &fault) == ERR_OK);
        MUST(again.count == list.count);
        for (size_t i = 0; i < list.count; i++) {
            MUST(handle_equal(again.items[i].holder, list.items[i].holder));
            MUST(again.items[i].last_day == list.items[i].last_day);
        }
    }
    erased_list_destroy(&list);
    erased_list_destroy(&again);
    return 0;
}
