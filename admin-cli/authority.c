/* authority add, authority replace: public halves come as files or as text, and travel as hex. */
#include <string.h>
#include <unistd.h>

#include "admin-cli/operator_conf.h"
#include "admin-cli/request.h"
#include "admin-cli/watch_key.h"
#include "common/base/must.h"
#include "common/seal/sign.h"

enum { SIGN_HEX_SIZE = 2 * SIGN_KEY_SIZE + 1 };

static bool read_curve(const char *text, char out[LINK_KEY_HEX_SIZE], struct complaint *c)
{
    struct link_key key;
    if (!operator_key_read(text, &key, c)) {
        return false;
    }
    link_key_to_hex(key, out);
    return true;
}

/* 64 hex digits, else the name of a PEM file. */
static bool read_sign(const char *text, char out[SIGN_HEX_SIZE], struct complaint *c)
{
    struct sign_public key;
    if (strlen(text) != SIGN_HEX_SIZE - 1 || !bytes_from_hex(text, key.bytes, sizeof(key.bytes))) {
        if (!watch_sign_public_read(text, &key, c)) {
            return false;
        }
    }
    bytes_to_hex(BYTES_OF(key.bytes), out, SIGN_HEX_SIZE);
    return true;
}

static void put_value(struct call *call, const char *name, const char *value)
{
    for (size_t i = 0; i < COMMAND_ARGS_MAX && call->command->args[i].name != NULL; i++) {
        if (strcmp(call->command->args[i].name, name) == 0) {
            call->values[i] = value;
        }
    }
}

enum exit_code run_authority_keys(struct cli *cli, const struct call *call)
{
    struct complaint c = {0};
    struct fault fault = {0};
    char curve[LINK_KEY_HEX_SIZE];
    char sign[SIGN_HEX_SIZE];
    struct call plain = *call;
    const char *curve_text = call_value(call, "public");
    const char *sign_text = call_value(call, "sign");
    if (seal_init(&fault) != ERR_OK) {
        return cli_refuse(cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    if ((curve_text != NULL && !read_curve(curve_text, curve, &c)) ||
        (sign_text != NULL && !read_sign(sign_text, sign, &c))) {
        return cli_say(cli, &c);
    }
    if (curve_text != NULL) {
        put_value(&plain, "public", curve);
    }
    if (sign_text != NULL) {
        put_value(&plain, "sign", sign);
    }
    return run_request(cli, &plain);
}
