/* init: a park's directory, made beside its place and renamed into it: all or nothing. */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin-cli/command.h"
#include "admin-cli/file.h"
#include "admin-cli/park_file.h"
#include "common/base/entropy.h"
#include "common/base/must.h"
#include "common/link/key.h"
#include "common/seal/seal.h"
#include "schema/park.pb-c.h"

enum { PORT_BASE_DEFAULT = 7600, TEXT_SIZE = 2 * PATH_MAX, GENESIS_FDS = 16 };

/* What init was asked for, and the places it writes to. */
struct making {
    const char *admin, *bind;
    unsigned port_base;
    char final[PATH_MAX];     /* absolute, without a slash at its end */
    char temporary[PATH_MAX]; /* final with .tmp */
    struct park_file park;
    struct link_key_pair controller, admin_pair;
    struct complaint *c;
};

static bool refuse(struct making *m, const char *path, const char *why)
{
    return complain(m->c, ERROR_DIR_MAKE, path, why, NULL, NULL);
}

static bool inside(struct making *m, char out[PATH_MAX], const char *name)
{
    int wrote = snprintf(out, PATH_MAX, "%s/%s", m->temporary, name);
    return (wrote > 0 && wrote < PATH_MAX) || refuse(m, m->temporary, "the path is too long");
}

/* --- where --- */

static bool is_empty_or_none(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return errno == ENOENT;
    }
    bool empty = true;
    for (struct dirent *entry; empty && (entry = readdir(dir)) != NULL;) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    (void)closedir(dir);
    return empty;
}

static bool find_place(struct making *m, const char *dir)
{
    char here[PATH_MAX] = "";
    size_t size = strlen(dir);
    while (size > 1 && dir[size - 1] == '/') {
        size--;
    }
    if (dir[0] != '/' && getcwd(here, sizeof(here)) == NULL) {
        return refuse(m, dir, strerror(errno));
    }
    int wrote = snprintf(m->final, sizeof(m->final), "%s%s%.*s", here, here[0] == '\0' ? "" : "/",
                         (int)size, dir);
    int temporary = snprintf(m->temporary, sizeof(m->temporary), "%.*s.tmp",
                             (int)sizeof(m->temporary) - 8, m->final);
    if (wrote <= 0 || wrote >= (int)sizeof(m->final) - 8 || temporary <= 0) {
        return refuse(m, dir, "the path is too long");
    }
    if (!is_empty_or_none(m->final)) {
        return complain(m->c, ERROR_DIR_EXISTS, dir, NULL, NULL, NULL);
    }
    return true;
}

/* --- what --- */

static bool make_dirs(struct making *m)
{
    static const char *const names[] = {"store", "keys"};
    char path[PATH_MAX];
    if (mkdir(m->temporary, 0700) != 0) {
        return refuse(m, m->temporary,
                      errno == EEXIST ? "it was left by an earlier try; remove it"
                                      : strerror(errno));
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!inside(m, path, names[i])) {
            return false;
        }
        if (mkdir(path, 0700) != 0) {
            return refuse(m, path, strerror(errno));
        }
    }
    return true;
}

static bool make_pair(struct making *m, const char *stem, struct link_key_pair *pair)
{
    char name[64];
    char path[PATH_MAX];
    struct fault fault = {0};
    if (link_key_pair_draw(pair, &fault) != ERR_OK) {
        return complain(m->c, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    (void)snprintf(name, sizeof(name), "%s.key", stem);
    if (!inside(m, path, name)) {
        return false;
    }
    if (link_key_pair_write(path, pair, &fault) != ERR_OK) {
        return complain(m->c, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    (void)snprintf(name, sizeof(name), "%s.pub", stem);
    if (!inside(m, path, name)) {
        return false;
    }
    if (link_key_write(path, pair->public_key, &fault) != ERR_OK) {
        return complain(m->c, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    return true;
}

static bool make_text(struct making *m, const char *name, const char *text)
{
    char path[PATH_MAX];
    return inside(m, path, name) && file_make(path, 0600, bytes_of_text(text), m->c);
}

void index_key_draw(char out[INDEX_KEY_TEXT_SIZE])
{
    uint8_t key[SEAL_KEY_SIZE];
    entropy_fill(entropy_system(), key, sizeof(key));
    bytes_to_hex(BYTES_OF(key), out, INDEX_KEY_TEXT_SIZE - 1);
    out[2 * SEAL_KEY_SIZE] = '\n';
    out[2 * SEAL_KEY_SIZE + 1] = '\0';
    seal_wipe(key, sizeof(key));
}

static bool make_index_key(struct making *m)
{
    char text[INDEX_KEY_TEXT_SIZE];
    index_key_draw(text);
    bool good = make_text(m, "index.key", text);
    seal_wipe(text, sizeof(text));
    return good;
}

static bool make_controller_conf(struct making *m)
{
    char text[TEXT_SIZE * 2];
    const char *dir = m->final;
    int wrote = snprintf(text, sizeof(text),
                         "# The controller of park %s. Made by parkgate init.\n"
                         "store = %s/store\n"
                         "keys = %s/keys\n"
                         "agents = tcp://%s:%u\n"
                         "operators = tcp://%s:%u\n"
                         "enrol = tcp://%s:%u\n"
                         "stations = tcp://%s:%u\n"
                         "key_file = %s/controller.key\n"
                         "index_key_file = %s/index.key\n"
                         "genesis = %s/genesis.pb\n",
                         m->park.site, dir, dir, m->bind, m->port_base, m->bind, m->port_base + 1,
                         m->bind, m->port_base + 2, m->bind, m->port_base + 3, dir, dir, dir);
    return (wrote > 0 && wrote < (int)sizeof(text) && make_text(m, "controller.conf", text)) ||
           (m->c->number == ERROR_NONE && refuse(m, m->final, "the path is too long"));
}

static bool make_operator_conf(struct making *m)
{
    char text[1024];
    char server_key[LINK_KEY_Z85_SIZE];
    bool any = strcmp(m->bind, "0.0.0.0") == 0 || strcmp(m->bind, "*") == 0;
    link_key_to_z85(m->controller.public_key, server_key);
    (void)snprintf(text, sizeof(text),
                   "# How %s reaches the controller of park %s. Made by parkgate init.\n"
                   "endpoint = tcp://%s:%u\n"
                   "server_key = %s\n"
                   "key_file = %s.key\n"
                   "time_zone = %s\n",
                   m->admin, m->park.site, any ? "127.0.0.1" : m->bind, m->port_base + 1,
                   server_key, m->admin, m->park.time_zone);
    return make_text(m, "operator.conf", text);
}

static bool make_genesis(struct making *m)
{
    const struct rows *rows = &m->park.rows;
    ProtobufCBinaryData *packed_rows = calloc(rows->count, sizeof(packed_rows[0]));
    MUST(packed_rows != NULL);
    for (size_t i = 0; i < rows->count; i++) {
        struct bytes row = rows_at(rows, i);
        packed_rows[i] =
            (ProtobufCBinaryData){.len = row.size, .data = (uint8_t *)(uintptr_t)row.data};
    }
    Parkgate__Genesis genesis = PARKGATE__GENESIS__INIT;
    genesis.park = m->park.site;
    genesis.admin_name = (char *)(uintptr_t)m->admin;
    genesis.admin_public =
        (ProtobufCBinaryData){.len = LINK_KEY_SIZE, .data = m->admin_pair.public_key.bytes};
    genesis.n_row = rows->count;
    genesis.row = packed_rows;
    size_t size = parkgate__genesis__get_packed_size(&genesis);
    uint8_t *packed = malloc(size + 1);
    MUST(packed != NULL);
    (void)parkgate__genesis__pack(&genesis, packed);
    char path[PATH_MAX];
    bool good = inside(m, path, "genesis.pb") &&
                file_make(path, 0600, (struct bytes){.data = packed, .size = size}, m->c);
    free(packed);
    free(packed_rows);
    return good;
}

static bool rename_into_place(struct making *m)
{
    if (rename(m->temporary, m->final) != 0) {
        return errno == ENOTEMPTY || errno == EEXIST
                   ? complain(m->c, ERROR_DIR_EXISTS, m->final, NULL, NULL, NULL)
                   : refuse(m, m->final, strerror(errno));
    }
    return true;
}

static bool make_all(struct making *m)
{
    return make_pair(m, "controller", &m->controller) && make_pair(m, m->admin, &m->admin_pair) &&
           make_index_key(m) && make_controller_conf(m) && make_operator_conf(m) &&
           make_genesis(m) && rename_into_place(m);
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
    (void)info;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void tell_made(const struct cli *cli, const struct making *m)
{
    static const struct bilingual next = {
        {"park %s is made in %s\nstart it:  parkgate-controller --config %s/controller.conf\n"
         "look at it:  parkgate --dir %s status\n", "园区 %s 已创建于 %s\n启动：parkgate-controller --config %s/controller.conf\n"
         "查看：parkgate --dir %s status\n"}
    };
    const char *values[] = {m->park.site, m->final, m->final, m->final};
    size_t at = 0;
    if (cli->format != FORMAT_TABLE) {
        return;
    }
    for (const char *p = next.text[cli->lang]; *p != '\0'; p++) {
        if (p[0] == '%' && p[1] == 's') {
            (void)fputs(values[at++], cli->out);
            p++;
        } else {
            (void)fputc(*p, cli->out);
        }
    }
}

static enum exit_code make(struct cli *cli, struct making *m, const char *dir, const char *file)
{
    if (!find_place(m, dir) || !park_file_read(file, &m->park, m->c) || !make_dirs(m)) {
        return cli_say(cli, m->c);
    }
    if (!make_all(m)) {
        (void)nftw(m->temporary, remove_one, GENESIS_FDS, FTW_DEPTH | FTW_PHYS);
        return cli_say(cli, m->c);
    }
    tell_made(cli, m);
    return EXIT_DONE;
}

enum exit_code run_init(struct cli *cli, const struct call *call)
{
    struct complaint c = {0};
    struct making *m = calloc(1, sizeof(*m));
    MUST(m != NULL);
    const char *port = call_value(call, "port_base");
    const char *admin = call_value(call, "admin");
    const char *bind = call_value(call, "bind");
    unsigned long port_base = port == NULL ? PORT_BASE_DEFAULT : strtoul(port, NULL, 10);
    m->c = &c;
    m->admin = admin == NULL ? "admin" : admin;
    m->bind = bind == NULL ? "127.0.0.1" : bind;
    m->port_base = (unsigned)port_base;
    enum exit_code code = EXIT_USAGE;
    if (port_base == 0 || port_base > 65532) {
        code = cli_refuse(cli, ERROR_ARG_BAD, "--port-base", port, "1 ... 65532", NULL);
    } else if (strcmp(m->admin, "controller") == 0 || strlen(m->bind) > 64) {
        code = cli_refuse(cli, ERROR_ARG_BAD, "init", m->admin, "--admin NAME", NULL);
    } else {
        code = make(cli, m, call_value(call, "dir"), call_value(call, "park"));
    }
    link_key_pair_destroy(&m->controller);
    link_key_pair_destroy(&m->admin_pair);
    park_file_destroy(&m->park);
    free(m);
    return code;
}
