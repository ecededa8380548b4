#include "reader-agent/app/card_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

enum { KEY_DIGITS = 2 * AES_KEY_SIZE };

static bool copy_path(char *out, size_t size, const char *path)
{
    size_t length = strlen(path);
    if (length >= size) {
        return false;
    }
    memcpy(out, path, length + 1);
    return true;
}

static bool is_whole(const Parkgate__ParkReader *row)
{
    size_t digits = strlen(row->desfire_system_id);
    return row->desfire_key_no <= HELPER_KEY_NO_MAX &&
           row->desfire_uid_key_no <= HELPER_KEY_NO_MAX && row->exchange_ms <= LIMIT_EXCHANGE_MS &&
           row->desfire_key_file[0] != '\0' && digits % 2 == 0 && digits / 2 <= CARD_SYSTEM_ID_MAX;
}

enum err card_setup_of_row(const Parkgate__ParkReader *row, struct card_setup *ret_setup,
                           struct fault *fault)
{
    struct card_setup setup = {.cards = {.desfire = row->desfire_aid[0] != '\0'}};
    if (!setup.cards.desfire) {
        *ret_setup = setup;
        return ERR_OK;
    }
    setup.cards.key_no = (uint8_t)row->desfire_key_no;
    setup.cards.uid_key_no = (uint8_t)row->desfire_uid_key_no;
    setup.cards.has_uid_key = row->desfire_uid_key_file[0] != '\0';
    setup.cards.limit_ms = row->exchange_ms != 0 ? row->exchange_ms : LIMIT_DESFIRE_MS;
    setup.system_id_size = (uint8_t)(strlen(row->desfire_system_id) / 2);
    if (!is_whole(row) ||
        !bytes_from_hex(row->desfire_aid, setup.cards.aid, sizeof(setup.cards.aid)) ||
        !bytes_from_hex(row->desfire_system_id, setup.system_id, setup.system_id_size) ||
        !copy_path(setup.key_file, sizeof(setup.key_file), row->desfire_key_file) ||
        !copy_path(setup.uid_key_file, sizeof(setup.uid_key_file), row->desfire_uid_key_file)) {
        return fault_set(fault, ERR_INPUT, "its desfire keys make no sense");
    }
    *ret_setup = setup;
    return ERR_OK;
}

/* No stdio: its buffer would keep the key. One digit more than a key is read, to see that it ends.
 */
static enum err read_digits(int fd, const char *path, char text[KEY_DIGITS + 3],
                            struct fault *fault)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fault_set(fault, ERR_REFUSED, "others may read %s; run: chmod 600 %s", path, path);
    }
    ssize_t got = read(fd, text, KEY_DIGITS + 2);
    if (got < 0) {
        return fault_set(fault, ERR_IO, "key file %s: %s", path, strerror(errno));
    }
    text[got] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    return ERR_OK;
}

static enum err read_key(const char *path, struct aes_key *ret_key, struct fault *fault)
{
    static const struct aes_key factory;
    char text[KEY_DIGITS + 3] = "";
    struct aes_key key = {{0}};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return fault_set(fault, ERR_IO, "key file %s: %s", path, strerror(errno));
    }
    enum err err = read_digits(fd, path, text, fault);
    (void)close(fd);
    if (err == ERR_OK && !bytes_from_hex(text, key.bytes, sizeof(key.bytes))) {
        err = fault_set(fault, ERR_INPUT,
                        "key file %s: its first line is not one key of 32 hex digits", path);
    } else if (err == ERR_OK && seal_equal(BYTES_OF(key.bytes), BYTES_OF(factory.bytes))) {
        err = fault_set(fault, ERR_INPUT,
                        "key file %s: 32 zeros are the factory's key, which everybody knows", path);
    } else if (err == ERR_OK) {
        *ret_key = key;
    }
    seal_wipe(text, sizeof(text));
    seal_wipe(&key, sizeof(key));
    return err;
}

enum err card_setup_load(const struct card_setup *setup, struct card_scheme *ret_scheme,
                         struct fault *fault)
{
    *ret_scheme =
        (struct card_scheme){.cards = setup->cards, .system_id_size = setup->system_id_size};
    memcpy(ret_scheme->system_id, setup->system_id, sizeof(setup->system_id));
    if (!setup->cards.desfire) {
        return ERR_OK;
    }
    TRY(read_key(setup->key_file, &ret_scheme->master, fault));
    ret_scheme->has_master = true;
    if (setup->cards.has_uid_key) {
        TRY(read_key(setup->uid_key_file, &ret_scheme->uid_key, fault));
        ret_scheme->has_uid_key = true;
    }
    return ERR_OK;
}
