#include "common/base/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/must.h"

enum err privilege_drop(const char *user, struct fault *fault)
{
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (geteuid() != 0) {
        return ERR_OK;
    }
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL) {
        return fault_set(fault, ERR_INPUT, "there is no user \"%s\" on this machine", user);
    }
    if (initgroups(user, entry->pw_gid) != 0 ||
        setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0 ||
        setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0) {
        return fault_set(fault, ERR_IO, "cannot become user \"%s\": %s", user, strerror(errno));
    }
    return ERR_OK;
}

bool privilege_could_open(const char *user, const char *path)
{
    gid_t before[64];
    if (geteuid() != 0) {
        return true;
    }
    const struct passwd *entry = getpwnam(user);
    int count = getgroups((int)ARRAY_LEN(before), before);
    if (entry == NULL || count < 0) {
        return false;
    }
    bool could = initgroups(user, entry->pw_gid) == 0 && setegid(entry->pw_gid) == 0 &&
                 seteuid(entry->pw_uid) == 0 &&
                 faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0;
    MUST(seteuid(0) == 0 && setegid(0) == 0 && setgroups((size_t)count, before) == 0);
    return could;
}
