/* muster key: its secret half is a guard's, on paper or a stick; its public half stands in the park
 * file. The controller never sees the former. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "admin-cli/request.h"
#include "common/base/must.h"
#include "common/seal/muster_seal.h"

static bool write_secret(const char *path, const struct seal_box_secret *secret)
{
    char text[MUSTER_KEY_TEXT_SIZE + 1];
    bytes_to_hex(BYTES_OF(secret->bytes), text, sizeof(text));
    text[MUSTER_KEY_TEXT_SIZE - 1] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done =
        fd >= 0 && write(fd, text, MUSTER_KEY_TEXT_SIZE) == MUSTER_KEY_TEXT_SIZE && fsync(fd) == 0;
    int why = errno;
    seal_wipe(text, sizeof(text));
    if (fd >= 0) {
        (void)close(fd);
    }
    if (fd >= 0 && !done) {
        (void)unlink(path); /* half a key opens nothing, and would be in the way of the next try */
    }
    errno = why;
    return done;
}

enum exit_code run_muster_key(struct cli *cli, const struct call *call)
{
    const char *path = call_value(call, "file");
    char text[MUSTER_KEY_TEXT_SIZE];
    struct fault fault = {0};
    struct complaint c = {0};
    struct seal_box_secret secret;
    struct seal_box_public public_key;
    AUTO(answer_destroy) struct answer answer = {0};
    Parkgate__Reply reply = PARKGATE__REPLY__INIT;
    if (seal_init(&fault) != ERR_OK) {
        return cli_refuse(cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    seal_box_draw(entropy_system(), &secret, &public_key);
    bool done = write_secret(path, &secret);
    seal_wipe(&secret, sizeof(secret));
    if (!done) {
        return cli_refuse(cli, ERROR_DIR_MAKE, path, strerror(errno), NULL, NULL);
    }
    bytes_to_hex(BYTES_OF(public_key.bytes), text, sizeof(text));
    char *name = (char[]){"muster_key"};
    ProtobufCBinaryData value = {.len = strlen(text), .data = (uint8_t *)text};
    reply.n_note = reply.n_note_value = 1;
    reply.note = &name;
    reply.note_value = &value;
    MUST(answer_take(&answer, &reply, &c));
    return request_show(cli, call, &answer);
}
