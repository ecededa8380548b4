#include "admin-cli/watch_file.h"

#include "admin-cli/file.h"

bool watch_file_read(const char *path, struct watch_bundle *ret, struct complaint *c)
{
    const char *why = NULL;
    size_t size = 0;
    char *file = file_read(path, WATCH_FILE_MAX, &size, c);
    if (file == NULL) {
        return false;
    }
    return watch_bundle_open((uint8_t *)file, size, ret, &why) ||
           complain(c, ERROR_WATCH_FILE, path, why, NULL, NULL);
}
