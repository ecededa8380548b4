#include "reader-agent/helper/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

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
