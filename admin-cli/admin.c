/* admin recover: a note for the controller's next start. It stands beside the controller's own key,
 * so only who could be the controller can write it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin-cli/command.h"
#include "admin-cli/operator_conf.h"
#include "schema/limits.h"
#include "schema/record.pb-c.h"

/* As the owner of the controller's key, so that the controller may read and remove it. */
static bool write_note(const char *path, const char *beside, const Parkgate__Recovery *recovery)
{
    uint8_t packed[4096];
    struct stat owner;
    size_t size = parkgate__recovery__get_packed_size(recovery);
    int fd = size > sizeof(packed) ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    (void)parkgate__recovery__pack(recovery, packed);
    bool good = write(fd, packed, size) == (ssize_t)size && stat(beside, &owner) == 0 &&
                (owner.st_uid == geteuid() || fchown(fd, owner.st_uid, owner.st_gid) == 0) &&
                fsync(fd) == 0;
    int saved = errno;
    (void)close(fd);
    if (!good) {
        (void)unlink(path);
        errno = saved;
    }
    return good;
}

enum exit_code run_admin_recover(struct cli *cli, const struct call *call)
{
    struct complaint c = {0};
    struct link_key key;
    char path[OPERATOR_PATH_SIZE];
    char beside[OPERATOR_PATH_SIZE];
    const char *dir = call_value(call, "dir");
    Parkgate__Recovery recovery = PARKGATE__RECOVERY__INIT;
    if (!operator_key_read(call_value(call, "public"), &key, &c)) {
        return cli_say(cli, &c);
    }
    if (snprintf(path, sizeof(path), "%s/recovery.pb", dir) >= (int)sizeof(path) ||
        snprintf(beside, sizeof(beside), "%s/controller.key", dir) >= (int)sizeof(beside) ||
        access(beside, F_OK) != 0) {
        return cli_refuse(cli, ERROR_FILE_OPEN, dir,
                          "not the directory of a park (no controller.key)", NULL, NULL);
    }
    recovery.name = (char *)(uintptr_t)call_value(call, "name");
    recovery.public_key = (ProtobufCBinaryData){.len = sizeof(key.bytes), .data = key.bytes};
    recovery.reason = (char *)(uintptr_t)call_value(call, "reason");
    if (!write_note(path, beside, &recovery)) {
        return cli_refuse(cli, ERROR_DIR_MAKE, path, strerror(errno), NULL, NULL);
    }
    cli_tell(cli, (struct bilingual){
                      {"Start the controller again: it takes the key in, writes that into the "
                       "journal, and removes the note. Then: parkgate key list", "请重新启动控制器：它将登记该密钥、记入日志并删除此文件。然后执行：parkgate "
                       "key list"}
    });
    return EXIT_DONE;
}
