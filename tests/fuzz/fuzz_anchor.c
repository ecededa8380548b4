/* Fuzzes lines of anchors and of their keys, as gates show them and files hold them: what is read
 * is written again byte for byte, what is signed is of fixed form, and no line without its
 * signature is good. A file of them is read line by line, and sampled. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/seal/anchor_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 8192 };

static char path[64];
static struct sign_public public;

static void begin(void)
{
    struct sign_key key = {{1}};
    if (path[0] != '\0') {
        return;
    }
    (void)snprintf(path, sizeof(path), "/tmp/fuzz-anchor-%d", (int)getpid());
    MUST(seal_init(NULL) == ERR_OK);
    public = sign_public_of(&key);
}

static void one_line(const char *line)
{
    struct anchor anchor;
    struct sign_public key;
    char again[ANCHOR_LINE_SIZE];
    char key_again[ANCHOR_KEY_LINE_SIZE];
    if (anchor_from_line(line, &anchor)) {
        anchor_to_line(&anchor, again);
        MUST(strcmp(again, line) == 0);
        struct bytes message = anchor_message(&anchor, again);
        MUST(message.data[message.size - 1] == '\n');
        MUST(!anchor_is_good(&anchor, &public)); /* nobody knows its secret half */
    }
    if (anchor_key_from_line(line, &key)) {
        anchor_key_to_line(&key, key_again);
        MUST(strcmp(key_again, line) == 0);
    }
}

static enum err take(void *ctx, const struct anchor *anchor)
{
    ++*(size_t *)ctx;
    MUST(anchor->sequence > 0 && anchor->time.us >= 0);
    return ERR_OK;
}

static void whole_file(const uint8_t *data, size_t size)
{
    static char lines[ANCHOR_SAMPLES_MAX][ANCHOR_LINE_SIZE];
    size_t anchors = 0;
    size_t bad = 0;
    size_t count = 0;
    FILE *file = fopen(path, "we");
    MUST(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
    MUST(anchor_file_read(path, take, &anchors, &bad, NULL) == ERR_OK);
    if (anchor_file_sample(path, entropy_system(), lines, &count, NULL) == ERR_OK) {
        MUST(count > 0 && count <= ANCHOR_SAMPLES_MAX && anchors > 0);
    }
    (void)unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[INPUT_MAX + 1];
    begin();
    if (size > INPUT_MAX) {
        return 0;
    }
    memcpy(line, data, size);
    line[size] = '\0';
    line[strcspn(line, "\n")] = '\0';
    one_line(line);
    whole_file(data, size);
    return 0;
}
