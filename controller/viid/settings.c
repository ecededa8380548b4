#include "controller/viid/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/must.h"
#include "common/seal/seal.h"

enum { OUR_ID_DIGITS = 20 };

#define NUMBER(owner, member, least, most)                                                         \
    .type = CONFIG_NUMBER, .offset = offsetof(owner, member), .min = (least), .max = (most)
#define FLAG(owner, member)         .type = CONFIG_FLAG, .offset = offsetof(owner, member)
#define TEXT(owner, member)         .type = CONFIG_TEXT, CONFIG_TEXT_FIELD(owner, member)
#define PATH(owner, member)         .type = CONFIG_PATH, CONFIG_TEXT_FIELD(owner, member)
#define TEXTS(owner, member, count) .type = CONFIG_TEXT, CONFIG_TEXT_ARRAY(owner, member, count)

/* clang-format off */
static const struct config_key own_keys[] = {
    {.name = "controller", TEXT(struct viid_settings, controller), .required = true,
     .example = "tcp://127.0.0.1:7401"},
    {.name = "server_key_file", PATH(struct viid_settings, server_key_file), .required = true,
     .example = "/etc/parkgate/controller.pub"},
    {.name = "key_file", PATH(struct viid_settings, key_file), .required = true,
     .example = "/etc/parkgate/viid.key"},
    {.name = "device_id", TEXT(struct viid_settings, device_id), .required = true,
     .example = "33010020005030000001"},
    {.name = "address", TEXT(struct viid_settings, address), .example = "10.0.0.5"},
    {.name = "port", NUMBER(struct viid_settings, port, 0, 65535), .example = "8400"},
    {.name = "tls_cert_file", PATH(struct viid_settings, tls_cert_file),
     .example = "/etc/parkgate/viid.crt"},
    {.name = "tls_key_file", PATH(struct viid_settings, tls_key_file),
     .example = "/etc/parkgate/viid.pem"},
    {.name = "realm", TEXT(struct viid_settings, realm), .example = "viid"},
    {.name = "user", TEXT(struct viid_settings, user), .example = "nobody"},
    {.name = "peer", .type = CONFIG_PATH,
     CONFIG_TEXT_ARRAY(struct viid_settings, peer_files, peer_count), .required = true,
     .example = "/etc/parkgate/viid-police.conf"},
};

static const struct config_key peer_keys[] = {
    {.name = "name", .type = CONFIG_NAME, .offset = offsetof(struct viid_peer, name),
     .required = true, .example = "police"},
    {.name = "device_id", TEXT(struct viid_peer, device_id), .required = true,
     .example = "33010000005030000001"},
    {.name = "user", TEXT(struct viid_peer, user), .required = true, .example = "park-east"},
    {.name = "password_file", PATH(struct viid_peer, password_file), .required = true,
     .example = "/etc/parkgate/viid-police.secret"},
    {.name = "url", TEXT(struct viid_peer, url), .example = "https://10.1.1.1:8443"},
    {.name = "ca_file", PATH(struct viid_peer, ca_file), .example = "/etc/parkgate/police-ca.crt"},
    {.name = "from", TEXTS(struct viid_peer, from, from_count), .example = "10.1.1.1"},
    {.name = "receive_addr", TEXTS(struct viid_peer, receive, receive_count),
     .example = "https://10.1.1.1:8443/VIID/DispositionNotifications"},
    {.name = "category", TEXTS(struct viid_peer, category, category_count),
     .example = "2=vehicle"},
    {.name = "keepalive_s", NUMBER(struct viid_peer, keepalive_s, 1, 3600), .example = "60"},
    {.name = "session_s", NUMBER(struct viid_peer, session_s, 1, 86400), .example = "300"},
    {.name = "missed", NUMBER(struct viid_peer, missed, 1, 100), .example = "3"},
    {.name = "requests_per_minute", NUMBER(struct viid_peer, requests_per_minute, 1, 6000),
     .example = "120"},
    {.name = "list_max", NUMBER(struct viid_peer, list_max, 1, 200), .example = "200"},
    {.name = "body_kib", NUMBER(struct viid_peer, body_kib, 1, 16384), .example = "4096"},
    {.name = "strict", FLAG(struct viid_peer, strict), .example = "no"},
    {.name = "number_status", FLAG(struct viid_peer, number_status), .example = "no"},
    {.name = "digest_each", FLAG(struct viid_peer, digest_each), .example = "no"},
};
/* clang-format on */

static void fd_close(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

/* The first line of the file. */
static enum err read_password(struct viid_peer *peer, struct fault *fault)
{
    AUTO(fd_close) int fd = open(peer->password_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) != 0) {
        return fault_set(fault, ERR_IO, "%s: %s", peer->password_file, strerror(errno));
    }
    if (!S_ISREG(stat.st_mode) || (stat.st_mode & 077) != 0) {
        return fault_set(fault, ERR_REFUSED, "%s: readable by others; chmod 600 it",
                         peer->password_file);
    }
    ssize_t size = read(fd, peer->password, sizeof(peer->password) - 1);
    peer->password[size < 0 ? 0 : size] = '\0';
    peer->password[strcspn(peer->password, "\r\n")] = '\0';
    if (peer->password[0] == '\0' || (size_t)size == sizeof(peer->password) - 1) {
        return fault_set(fault, ERR_INPUT,
                         "%s: no password in its first line, or one over %zu characters",
                         peer->password_file, sizeof(peer->password) - 2);
    }
    return ERR_OK;
}

static bool is_url(const char *text)
{
    return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

static enum err check_peer(struct viid_peer *peer, const char *file, struct fault *fault)
{
    if (peer->url[0] != '\0' && !is_url(peer->url)) {
        return fault_set(fault, ERR_INPUT, "%s: url: %s does not begin with http:// or https://",
                         file, peer->url);
    }
    for (size_t i = 0; i < peer->receive_count; i++) {
        if (!is_url(peer->receive[i])) {
            return fault_set(fault, ERR_INPUT,
                             "%s: receive_addr: %s does not begin with http:// or https://", file,
                             peer->receive[i]);
        }
    }
    peer->categories = *disposition_categories_usual();
    for (size_t i = 0; i < peer->category_count; i++) {
        peer->categories.count = i + 1;
        if (!disposition_category_read(peer->category[i], &peer->categories.of[i])) {
            return fault_set(fault, ERR_INPUT,
                             "%s: category: \"%s\" is not CODE=person, vehicle, other-vehicle or "
                             "keyword",
                             file, peer->category[i]);
        }
    }
    return ERR_OK;
}

static enum err read_peer(const char *file, struct viid_peer *peer, struct fault *fault)
{
    *peer = (struct viid_peer){.keepalive_s = 60,
                               .session_s = 300,
                               .missed = 3,
                               .requests_per_minute = 120,
                               .list_max = 200,
                               .body_kib = 4096};
    TRY(config_read(file, peer_keys, ARRAY_LEN(peer_keys), peer, fault));
    TRY(check_peer(peer, file, fault));
    return read_password(peer, fault);
}

static enum err check_peers(const struct viid_settings *s, struct fault *fault)
{
    for (size_t i = 0; i < s->peer_count; i++) {
        for (size_t n = 0; n < i; n++) {
            if (name_equal(s->peers[i].name, s->peers[n].name)) {
                return fault_set(fault, ERR_INPUT, "%s: a peer is named %s already",
                                 s->peer_files[i], s->peers[i].name.text);
            }
            if (strcmp(s->peers[i].user, s->peers[n].user) == 0 ||
                strcmp(s->peers[i].device_id, s->peers[n].device_id) == 0) {
                return fault_set(fault, ERR_INPUT,
                                 "%s: user or device_id is that of peer %s; each needs its own",
                                 s->peer_files[i], s->peers[n].name.text);
            }
        }
    }
    return ERR_OK;
}

static enum err check_own(const struct viid_settings *s, struct fault *fault)
{
    if (strlen(s->device_id) != OUR_ID_DIGITS ||
        strspn(s->device_id, "0123456789") != OUR_ID_DIGITS) {
        return fault_set(fault, ERR_INPUT, "%s: device_id: %s is not 20 digits", s->config,
                         s->device_id);
    }
    if ((s->tls_cert_file[0] == '\0') != (s->tls_key_file[0] == '\0')) {
        return fault_set(fault, ERR_INPUT, "%s: TLS needs tls_cert_file and tls_key_file",
                         s->config);
    }
    return ERR_OK;
}

enum err viid_settings_read(struct viid_settings *settings, struct fault *fault)
{
    (void)snprintf(settings->realm, sizeof(settings->realm), "viid");
    (void)snprintf(settings->user, sizeof(settings->user), "nobody");
    settings->port = 8400;
    TRY(config_read(settings->config, own_keys, ARRAY_LEN(own_keys), settings, fault));
    TRY(check_own(settings, fault));
    TRY(link_key_read(settings->server_key_file, &settings->server_key, fault));
    for (size_t i = 0; i < settings->peer_count; i++) {
        TRY(read_peer(settings->peer_files[i], &settings->peers[i], fault));
    }
    return check_peers(settings, fault);
}

void viid_settings_wipe(struct viid_settings *settings)
{
    for (size_t i = 0; i < VIID_PEERS_MAX; i++) {
        seal_wipe(settings->peers[i].password, sizeof(settings->peers[i].password));
    }
}
