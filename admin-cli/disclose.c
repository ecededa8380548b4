/* disclose file, disclose check: a disclosure's file is taken, and compared with its signature. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin-cli/client.h"
#include "admin-cli/command.h"
#include "admin-cli/file.h"
#include "admin-cli/request.h"
#include "common/base/must.h"
#include "common/seal/sign.h"

enum { PATH_SIZE = 4096, FILE_SIZE_MAX = 64 << 20, SIGNATURE_PARTS = 5, MESSAGE_SIZE = 256 };

/* --- taking it --- */

/* The lines and the signature, each with its line feed. Freed by the caller. */
static char *text_of_file(const struct answer *answer, const char *signature, size_t *ret_body,
                          size_t *ret_size)
{
    size_t size = strlen(signature) + 2;
    for (size_t i = 0; i < answer->row_count; i++) {
        size += strlen(answer->cells[i]) + 1;
    }
    char *text = malloc(size);
    MUST(text != NULL);
    size_t used = 0;
    for (size_t i = 0; i < answer->row_count; i++) {
        size_t line = strlen(answer->cells[i]);
        memcpy(text + used, answer->cells[i], line);
        used += line;
        text[used++] = '\n';
    }
    *ret_body = used;
    *ret_size = used + (size_t)snprintf(text + used, size - used, "%s\n", signature);
    return text;
}

static bool write_key(const struct answer *answer, const char *path, struct complaint *c)
{
    struct fault fault = {0};
    struct sign_public key;
    const char *hex = answer_note(answer, "sign_public");
    if (hex == NULL || !bytes_from_hex(hex, key.bytes, sizeof(key.bytes))) {
        return complain(c, ERROR_REPLY_BAD, "sign_public", NULL, NULL, NULL);
    }
    return sign_public_write(path, &key, &fault) == ERR_OK ||
           complain(c, ERROR_DIR_MAKE, path, fault.what, NULL, NULL);
}

/* What came must be what the controller signed: a page that was lost would be found here. */
static bool write_file(const struct answer *answer, const char *path, struct complaint *c)
{
    char hex[2 * SEAL_HASH_SIZE + 1];
    size_t body = 0;
    size_t size = 0;
    const char *digest = answer_note(answer, "digest");
    const char *signature = answer_note(answer, "signature");
    if (answer->column_count != 1 || digest == NULL || signature == NULL) {
        return complain(c, ERROR_REPLY_BAD, "signature", NULL, NULL, NULL);
    }
    char *text = text_of_file(answer, signature, &body, &size);
    struct seal_hash hash = seal_hash_of((struct bytes){.data = (uint8_t *)text, .size = body});
    bytes_to_hex(BYTES_OF(hash.bytes), hex, sizeof(hex));
    bool good = strcmp(hex, digest) == 0
                    ? file_make(path, 0600, (struct bytes){.data = (uint8_t *)text, .size = size}, c)
                    : complain(c, ERROR_REPLY_BAD, "digest", NULL, NULL, NULL);
    seal_wipe(text, size);
    free(text);
    return good;
}

static bool is_new(const char *path, struct complaint *c)
{
    return access(path, F_OK) != 0 ||
           complain(c, ERROR_DIR_MAKE, path, "it exists already", NULL, NULL);
}

enum exit_code run_disclose_file(struct cli *cli, const struct call *call)
{
    char public_path[PATH_SIZE];
    struct request request;
    struct complaint c = {0};
    struct fault fault = {0};
    const char *out = call_value(call, "out");
    AUTO(answer_destroy) struct answer answer = {0};
    if (seal_init(&fault) != ERR_OK) {
        return cli_refuse(cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    int size = snprintf(public_path, sizeof(public_path), "%s.pub", out);
    if (size < 0 || (size_t)size >= sizeof(public_path)) {
        return cli_refuse(cli, ERROR_DIR_MAKE, out, "the path is too long", NULL, NULL);
    }
    request_of_call(call, &request);
    if (!is_new(out, &c) || !is_new(public_path, &c) ||
        !client_ask_all(cli, &request, &answer, &c) || !write_file(&answer, out, &c) ||
        !write_key(&answer, public_path, &c)) {
        return cli_say(cli, &c);
    }
    struct answer shown = {0};
    static const char *const notes[] = {"rows", "bytes", "digest", "sign_key"};
    for (size_t i = 0; i < ARRAY_LEN(notes); i++) {
        const char *value = answer_note(&answer, notes[i]);
        answer_add_note(&shown, notes[i], value == NULL ? "" : value);
    }
    enum exit_code code = request_show(cli, call, &shown);
    answer_destroy(&shown);
    return code;
}

/* --- checking it --- */

/* The last line, in parts: signature, number, digest, key, value. The text is cut there. */
static bool take_signature(char *text, size_t size, char *parts[SIGNATURE_PARTS], size_t *ret_body)
{
    char *save = NULL;
    size_t count = 0;
    if (size < 2 || text[size - 1] != '\n' || strlen(text) != size) {
        return false;
    }
    text[size - 1] = '\0';
    char *line = strrchr(text, '\n');
    if (line == NULL) {
        return false;
    }
    *ret_body = (size_t)(line + 1 - text);
    for (char *word = strtok_r(line + 1, " ", &save); word != NULL;
         word = strtok_r(NULL, " ", &save)) {
        if (count == SIGNATURE_PARTS) {
            return false;
        }
        parts[count++] = word;
    }
    return count == SIGNATURE_PARTS && strcmp(parts[0], "signature") == 0;
}

enum wrong { WRONG_LINE, WRONG_TEXT, WRONG_KEY, WRONG_SIGNATURE };

static const struct bilingual wrongs[] = {
    [WRONG_LINE] = {{"its last line is no signature", "最后一行不是签名"}},
    [WRONG_TEXT] = {{"its text was changed", "内容已被改动"}},
    [WRONG_KEY] = {{"another key signed it", "由另一密钥签名"}},
    [WRONG_SIGNATURE] = {{"the signature is false", "签名无效"}},
};

/* NULL: it is. Else what is wrong. */
static const struct bilingual *why_false(char *text, size_t size, const struct sign_public *key,
                                         const char *key_id)
{
    size_t body = 0;
    char hex[2 * SEAL_HASH_SIZE + 1];
    char message[MESSAGE_SIZE];
    char *parts[SIGNATURE_PARTS];
    struct sign_value value;
    if (!take_signature(text, size, parts, &body) || !sign_from_base64(parts[4], &value)) {
        return &wrongs[WRONG_LINE];
    }
    struct seal_hash hash = seal_hash_of((struct bytes){.data = (uint8_t *)text, .size = body});
    bytes_to_hex(BYTES_OF(hash.bytes), hex, sizeof(hex));
    if (strcmp(hex, parts[2]) != 0) {
        return &wrongs[WRONG_TEXT];
    }
    if (strcmp(key_id, parts[3]) != 0) {
        return &wrongs[WRONG_KEY];
    }
    int used = snprintf(message, sizeof(message), "parkgate disclosure 1\n%s %s %s\n", parts[1],
                        parts[2], parts[3]);
    bool good = used > 0 && (size_t)used < sizeof(message) &&
                sign_is_good(key, bytes_of_text(message), &value);
    return good ? NULL : &wrongs[WRONG_SIGNATURE];
}

static enum exit_code say_false(const struct cli *cli, const char *path, const char *key_id,
                                const struct bilingual *wrong)
{
    struct complaint said[LANG_COUNT] = {{0}};
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        (void)complain(&said[lang], ERROR_DISCLOSE_FALSE, path, key_id, wrong->text[lang], NULL);
    }
    return cli_say_pair(cli, &said[LANG_EN], &said[LANG_ZH]);
}

enum exit_code run_disclose_check(struct cli *cli, const struct call *call)
{
    size_t size = 0;
    char id[SIGN_KEY_ID_SIZE];
    struct sign_public key;
    struct complaint c = {0};
    struct fault fault = {0};
    const char *path = call_value(call, "file");
    AUTO(answer_destroy) struct answer answer = {0};
    if (seal_init(&fault) != ERR_OK ||
        sign_public_read(call_value(call, "public"), &key, &fault) != ERR_OK) {
        return cli_refuse(cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    char *text = file_read(path, FILE_SIZE_MAX, &size, &c);
    if (text == NULL) {
        return cli_say(cli, &c);
    }
    sign_key_id(&key, id);
    const struct bilingual *wrong = why_false(text, size, &key, id);
    free(text);
    if (wrong != NULL) {
        return say_false(cli, path, id, wrong);
    }
    answer_add_note(&answer, "result", "good");
    answer_add_note(&answer, "sign_key", id);
    return request_show(cli, call, &answer);
}
