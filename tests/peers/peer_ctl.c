/* peer-ctl SOCKET [COMMAND...]: gives commands to a peer's control socket and prints its answers.
 *
 * Each argument is one command line; without arguments the lines come from standard input. Ends
 * with 0 if every answer began with "ok", 1 if one did not, 3 if the peer cannot be reached. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static FILE *reach(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return NULL;
    return fdopen(fd, "r+");
}

/* Returns 0 for an ok, 1 for an error, 3 if the peer went away. */
static int ask(FILE *peer, const char *command)
{
    char answer[2048];
    size_t length = strcspn(command, "\n");

    if (dprintf(fileno(peer), "%.*s\n", (int)length, command) < 0 ||
        fgets(answer, sizeof answer, peer) == NULL)
        return 3;
    fputs(answer, stdout);
    fflush(stdout);
    return strncmp(answer, "ok", 2) == 0 ? 0 : 1;
}

static int worse(int a, int b)
{
    return a > b ? a : b;
}

int main(int argc, char **argv)
{
    char line[1024];
    int status = 0;
    FILE *peer;

    if (argc < 2) {
        fputs("usage: peer-ctl SOCKET [COMMAND...]\n", stderr);
        return 2;
    }
    peer = reach(argv[1]);
    if (peer == NULL) {
        fprintf(stderr, "peer-ctl: cannot reach %s: %s\n", argv[1], strerror(errno));
        return 3;
    }
    for (int i = 2; i < argc && status < 3; i++)
        status = worse(status, ask(peer, argv[i]));
    while (argc == 2 && status < 3 && fgets(line, sizeof line, stdin) != NULL)
        status = worse(status, ask(peer, line));
    if (status == 3)
        fputs("peer-ctl: the peer went away\n", stderr);
    fclose(peer);
    return status;
}
