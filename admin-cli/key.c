/* key make, key add: keys of persons are made on their own computer; only the public half travels.
 */
#include <string.h>

#include "admin-cli/operator_conf.h"
#include "admin-cli/request.h"
#include "common/base/must.h"

enum exit_code run_key_make(struct cli *cli, const struct call *call)
{
    const char *path = call_value(call, "file");
    char public_path[OPERATOR_PATH_SIZE];
    char text[LINK_KEY_Z85_SIZE];
    struct fault fault = {0};
    AUTO(link_key_pair_destroy) struct link_key_pair pair = {0};
    if (snprintf(public_path, sizeof(public_path), "%s.pub", path) >= (int)sizeof(public_path)) {
        return cli_refuse(cli, ERROR_DIR_MAKE, path, "the path is too long", NULL, NULL);
    }
    if (link_key_pair_draw(&pair, &fault) != ERR_OK ||
        link_key_pair_write(path, &pair, &fault) != ERR_OK ||
        link_key_write(public_path, pair.public_key, &fault) != ERR_OK) {
        return cli_refuse(cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    link_key_to_z85(pair.public_key, text);
    AUTO(answer_destroy) struct answer answer = {0};
    Parkgate__Reply reply = PARKGATE__REPLY__INIT;
    struct complaint c = {0};
    char *name = (char[]){"public"};
    ProtobufCBinaryData value = {.len = strlen(text), .data = (uint8_t *)text};
    reply.n_note = reply.n_note_value = 1;
    reply.note = &name;
    reply.note_value = &value;
    MUST(answer_take(&answer, &reply, &c));
    return request_show(cli, call, &answer);
}

/* The controller takes a public key as 64 hex digits; people have a file or Z85. */
enum exit_code run_key_add(struct cli *cli, const struct call *call)
{
    struct complaint c = {0};
    struct link_key key;
    char hex[LINK_KEY_HEX_SIZE];
    if (!operator_key_read(call_value(call, "public"), &key, &c)) {
        return cli_say(cli, &c);
    }
    link_key_to_hex(key, hex);
    struct call plain = *call;
    for (size_t i = 0; i < COMMAND_ARGS_MAX && call->command->args[i].name != NULL; i++) {
        if (strcmp(call->command->args[i].name, "public") == 0) {
            plain.values[i] = hex;
        }
    }
    return run_request(cli, &plain);
}
