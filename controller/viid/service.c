#include "controller/viid/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "controller/viid/hand.h"
#include "controller/viid/status.h"
#include "controller/viid/subscribe.h"
#include "controller/viid/value.h"

enum {
    HTTP_OK = 200,
    HTTP_UNAUTHORIZED = 401,
    HTTP_FORBIDDEN = 403,
    HTTP_NOT_FOUND = 404,
    HTTP_NOT_ALLOWED = 405,
    HTTP_UNSUPPORTED = 415,
    HTTP_UNAVAILABLE = 503,
    CHALLENGE_SIZE = 256,
    SYSTEM_BODY = 65536,
};

/* Who may ask. */
enum admission {
    OPEN,    /* anybody */
    DIGEST,  /* who answers a challenge */
    SESSION, /* who registered */
};

typedef void serve(struct service *service, struct server_request *request, size_t peer);

struct route {
    const char *method, *path;
    bool below; /* the path may go on behind a slash */
    enum admission admission;
    serve *serve;
};

/* What a request was admitted as: kept with it as a number above 0. */
static void keep_admitted(struct server_request *request, size_t route, size_t peer)
{
    server_keep(request, (void *)(uintptr_t)(1 + route * (VIID_PEERS_MAX + 1) + peer));
}

/* ---- answers ---- */

static struct wall wall_of(const struct service *service)
{
    return service->clock->wall(service->clock->ctx);
}

static struct mono mono_of(const struct service *service)
{
    return service->clock->mono(service->clock->ctx);
}

static void answer_status(const struct service *service, struct server_request *request,
                          unsigned http, struct status status, bool number, const char *challenge)
{
    server_answer(
        request, http,
        status_body(status_object(&status, server_path(request), wall_of(service), number)),
        challenge);
}

static void answer_peer(struct service *service, struct server_request *request, size_t peer,
                        struct status status)
{
    answer_status(service, request, HTTP_OK, status, service->settings->peers[peer].number_status,
                  NULL);
}

static void challenge(struct service *service, struct server_request *request, bool stale)
{
    char nonce[DIGEST_NONCE_SIZE];
    char header[CHALLENGE_SIZE];
    digest_nonce(&service->nonces, mono_of(service), nonce);
    (void)snprintf(header, sizeof(header),
                   "Digest realm=\"%s\", qop=\"auth\", nonce=\"%s\", opaque=\"%.16s\", "
                   "algorithm=MD5%s",
                   service->settings->realm, nonce, nonce, stale ? ", stale=true" : "");
    answer_status(service, request, HTTP_UNAUTHORIZED,
                  (struct status){.code = STATUS_OPERATION, .text = "Register first"}, false,
                  header);
}

/* ---- who asks ---- */

static bool may_come_from(const struct viid_peer *peer, const char *source)
{
    for (size_t i = 0; i < peer->from_count; i++) {
        if (strcmp(peer->from[i], source) == 0) {
            return true;
        }
    }
    return peer->from_count == 0;
}

/* By account or by device id; peer_count: none. */
static size_t peer_of_user(const struct viid_settings *settings, const char *user)
{
    for (size_t i = 0; i < settings->peer_count; i++) {
        if (strcmp(settings->peers[i].user, user) == 0 ||
            strcmp(settings->peers[i].device_id, user) == 0) {
            return i;
        }
    }
    return settings->peer_count;
}

/* False: it has been answered. */
static bool check_digest(struct service *service, struct server_request *request,
                         const char *header, size_t only, size_t *ret_peer)
{
    const struct viid_settings *settings = service->settings;
    struct digest_fields fields;
    if (header == NULL || !digest_read(header, &fields)) {
        challenge(service, request, false);
        return false;
    }
    size_t peer = peer_of_user(settings, fields.username);
    if (peer == settings->peer_count || (only < settings->peer_count && peer != only)) {
        challenge(service, request, false);
        return false;
    }
    struct digest_request asked = {.method = server_method(request),
                                   .target = server_target(request),
                                   .realm = settings->realm,
                                   .password = settings->peers[peer].password};
    enum digest_result result = digest_check(&service->nonces, &fields, &asked, mono_of(service));
    if (result != DIGEST_GOOD) {
        challenge(service, request, result == DIGEST_STALE);
        return false;
    }
    *ret_peer = peer;
    return true;
}

/* The living session of this source that the request does not deny to be; peer_count: none. */
static size_t session_of(struct service *service, const struct server_request *request)
{
    const char *name = server_header(request, "User-Identify");
    for (size_t i = 0; i < service->settings->peer_count; i++) {
        struct service_session *session = &service->sessions[i];
        if (session->live && !mono_before(mono_of(service), session->until)) {
            session->live = false;
        }
        bool named = name == NULL || name[0] == '\0' || strcmp(name, session->device) == 0 ||
                     strcmp(name, service->settings->peers[i].device_id) == 0;
        if (session->live && named && strcmp(session->source, server_source(request)) == 0) {
            return i;
        }
    }
    return service->settings->peer_count;
}

static bool check_session(struct service *service, struct server_request *request, size_t *ret_peer)
{
    const char *header = server_header(request, "Authorization");
    size_t peer = session_of(service, request);
    if (peer == service->settings->peer_count) {
        challenge(service, request, false);
        return false;
    }
    *ret_peer = peer;
    return (header == NULL && !service->settings->peers[peer].digest_each) ||
           check_digest(service, request, header, peer, ret_peer);
}

static bool check_peer(struct service *service, struct server_request *request, size_t peer)
{
    const struct viid_peer *known = &service->settings->peers[peer];
    if (!may_come_from(known, server_source(request))) {
        answer_status(service, request, HTTP_FORBIDDEN,
                      (struct status){.code = STATUS_OPERATION, .text = "Not from this address"},
                      known->number_status, NULL);
        return false;
    }
    if (!bucket_take(&service->sessions[peer].requests, mono_of(service),
                     60000 / known->requests_per_minute + 1,
                     (uint32_t)known->requests_per_minute)) {
        answer_status(service, request, HTTP_UNAVAILABLE, (struct status){.code = STATUS_BUSY},
                      known->number_status, NULL);
        return false;
    }
    return true;
}

static void renew(struct service *service, size_t peer)
{
    struct service_session *session = &service->sessions[peer];
    session->until =
        mono_after_ms(mono_of(service), service->settings->peers[peer].session_s * 1000);
}

/* ---- system ---- */

static json_t *body_of(const struct server_request *request)
{
    struct bytes body = server_body(request);
    return json_loadb((const char *)body.data, body.size, 0, NULL);
}

static void serve_register(struct service *service, struct server_request *request, size_t peer)
{
    const struct viid_peer *known = &service->settings->peers[peer];
    struct service_session *session = &service->sessions[peer];
    char device[VIID_ID_SIZE];
    AUTO(value_free) json_t *body = body_of(request);
    struct value_list list = value_list(body, "", "RegisterObject");
    const json_t *object = list.count == 1 ? value_list_at(&list, 0) : body;
    if (body == NULL) {
        answer_peer(service, request, peer, (struct status){.code = STATUS_JSON_FORMAT});
        return;
    }
    enum value_state named =
        value_text(json_object_get(object, "DeviceID"), device, sizeof(device));
    if (named == VALUE_BAD || (known->strict && strcmp(device, known->device_id) != 0)) {
        answer_peer(service, request, peer,
                    (struct status){.code = STATUS_JSON_CONTENT, .text = "DeviceID"});
        return;
    }
    session->live = true;
    (void)snprintf(session->device, sizeof(session->device), "%s", device);
    (void)snprintf(session->source, sizeof(session->source), "%s", server_source(request));
    renew(service, peer);
    answer_peer(service, request, peer, (struct status){.code = STATUS_OK, .id = device});
}

static void serve_keepalive(struct service *service, struct server_request *request, size_t peer)
{
    answer_peer(service, request, peer,
                (struct status){.code = STATUS_OK, .id = service->sessions[peer].device});
}

static void serve_unregister(struct service *service, struct server_request *request, size_t peer)
{
    service->sessions[peer].live = false;
    answer_peer(service, request, peer,
                (struct status){.code = STATUS_OK, .id = service->sessions[peer].device});
}

static void serve_time(struct service *service, struct server_request *request, size_t peer)
{
    (void)peer;
    char now[VALUE_TIME_SIZE];
    value_time_format(wall_of(service), now);
    json_t *body = json_pack("{s:{s:s, s:s, s:s, s:s}}", "SystemTimeObject", "VIIDServerID",
                             service->settings->device_id, "TimeMode", "1", "LocalTime", now,
                             "TimeZone", "Asia/Shanghai");
    MUST(body != NULL);
    server_answer(request, HTTP_OK, body, NULL);
}

/* ---- dispositions: hand.h does it ---- */

static struct hand_place place_of(struct service *service, struct server_request *request,
                                  size_t peer)
{
    return (struct hand_place){.peer = &service->settings->peers[peer],
                               .desk = service->desk,
                               .clock = service->clock,
                               .request = request};
}

static const char *below(const struct server_request *request)
{
    const char *rest = strchr(server_path(request) + sizeof("/VIID/") - 1, '/');
    return rest == NULL ? "" : rest + 1;
}

static void take_list(struct service *service, struct server_request *request, size_t peer,
                      const char *id)
{
    struct hand_place place = place_of(service, request, peer);
    AUTO(value_free) json_t *body = body_of(request);
    if (body == NULL) {
        answer_peer(service, request, peer, (struct status){.code = STATUS_JSON_FORMAT});
        return;
    }
    hand_list(&place, body, id);
}

static void serve_post(struct service *service, struct server_request *request, size_t peer)
{
    take_list(service, request, peer, "");
}

static void serve_put(struct service *service, struct server_request *request, size_t peer)
{
    take_list(service, request, peer, below(request));
}

static void serve_get(struct service *service, struct server_request *request, size_t peer)
{
    struct hand_place place = place_of(service, request, peer);
    const char *id = below(request);
    if (id[0] == '\0') {
        id = server_query(request, "DispositionID");
    }
    if (id == NULL) {
        id = server_query(request, "Disposition.DispositionID");
    }
    hand_look(&place, id == NULL ? "" : id);
}

static void serve_delete(struct service *service, struct server_request *request, size_t peer)
{
    struct hand_place place = place_of(service, request, peer);
    const char *list = server_query(request, "IDList");
    hand_withdraw(&place, list != NULL ? list : below(request));
}

/* ---- refusals ---- */

static void serve_subscribe(struct service *service, struct server_request *request, size_t peer)
{
    AUTO(value_free) json_t *body = body_of(request);
    struct value_list list = value_list(body, "SubscribeListObject", "SubscribeObject");
    if (list.count == 0 || list.count > (size_t)service->settings->peers[peer].list_max) {
        answer_peer(
            service, request, peer,
            (struct status){.code = body == NULL ? STATUS_JSON_FORMAT : STATUS_JSON_CONTENT});
        return;
    }
    json_t *said = json_array();
    for (size_t i = 0; i < list.count; i++) {
        char id[SUBSCRIBE_ID_SIZE];
        struct status status = subscribe_read(value_list_at(&list, i), id);
        MUST(json_array_append_new(
                 said, status_object(&status, server_path(request), wall_of(service),
                                     service->settings->peers[peer].number_status)) == 0);
    }
    server_answer(request, HTTP_OK, status_list_body(said), NULL);
}

static void serve_refusal(struct service *service, struct server_request *request, size_t peer)
{
    answer_peer(service, request, peer,
                (struct status){.code = STATUS_OPERATION,
                                .text = "The park takes and gives no such records"});
}

/* ---- routes ---- */

/* The first line that fits; a path without its method is 405. */
static const struct route routes[] = {
    {"POST",   "/VIID/System/Register",   false, DIGEST,  serve_register  },
    {"POST",   "/VIID/System/Keepalive",  false, SESSION, serve_keepalive },
    {"POST",   "/VIID/System/UnRegister", false, SESSION, serve_unregister},
    {"GET",    "/VIID/System/Time",       false, OPEN,    serve_time      },
    {"POST",   "/VIID/Dispositions",      false, SESSION, serve_post      },
    {"PUT",    "/VIID/Dispositions",      true,  SESSION, serve_put       },
    {"GET",    "/VIID/Dispositions",      true,  SESSION, serve_get       },
    {"DELETE", "/VIID/Dispositions",      true,  SESSION, serve_delete    },
    {"POST",   "/VIID/Subscribes",        false, SESSION, serve_subscribe },
    {"PUT",    "/VIID/Subscribes",        true,  SESSION, serve_subscribe },
    {NULL,     "/VIID",                   true,  SESSION, serve_refusal   },
};

static bool path_fits(const struct route *route, const char *path)
{
    size_t size = strlen(route->path);
    return strncmp(route->path, path, size) == 0 &&
           (path[size] == '\0' || (route->below && path[size] == '/'));
}

/* ARRAY_LEN(routes): none; *ret_known: its path, with another method. */
static size_t route_of(const struct server_request *request, bool *ret_known)
{
    const char *path = server_path(request);
    *ret_known = false;
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (!path_fits(&routes[i], path)) {
            continue;
        }
        if (routes[i].method == NULL ? !*ret_known
                                     : strcmp(routes[i].method, server_method(request)) == 0) {
            return i;
        }
        *ret_known = true;
    }
    return ARRAY_LEN(routes);
}

static bool is_xml(const struct server_request *request)
{
    const char *type = server_header(request, "Content-Type");
    return type != NULL && strcasestr(type, "xml") != NULL;
}

static bool admit(void *ctx, struct server_request *request, size_t *ret_body_max)
{
    struct service *service = ctx;
    bool known = false;
    size_t peer = VIID_PEERS_MAX;
    size_t route = route_of(request, &known);
    if (route == ARRAY_LEN(routes)) {
        server_answer(request, known ? HTTP_NOT_ALLOWED : HTTP_NOT_FOUND, NULL, NULL);
        return false;
    }
    enum admission admission = routes[route].admission;
    const char *header = server_header(request, "Authorization");
    if ((admission == DIGEST &&
         !check_digest(service, request, header, service->settings->peer_count, &peer)) ||
        (admission == SESSION && !check_session(service, request, &peer)) ||
        (admission != OPEN && !check_peer(service, request, peer))) {
        return false;
    }
    if (is_xml(request)) {
        answer_status(service, request, HTTP_UNSUPPORTED,
                      (struct status){.code = STATUS_XML_FORMAT, .text = "Send JSON"}, false, NULL);
        return false;
    }
    if (admission == SESSION) {
        renew(service, peer);
    }
    *ret_body_max =
        admission == SESSION ? (size_t)service->settings->peers[peer].body_kib * 1024 : SYSTEM_BODY;
    keep_admitted(request, route, peer);
    return true;
}

static void on_whole(void *ctx, struct server_request *request)
{
    uintptr_t kept = (uintptr_t)server_kept(request);
    MUST(kept > 0);
    size_t route = (kept - 1) / (VIID_PEERS_MAX + 1);
    routes[route].serve(ctx, request, (kept - 1) % (VIID_PEERS_MAX + 1));
}

void service_begin(struct service *service, const struct viid_settings *settings, struct desk *desk,
                   const struct clock *clock, const struct entropy *entropy)
{
    *service = (struct service){.settings = settings, .desk = desk, .clock = clock};
    digest_begin(&service->nonces, entropy);
}

struct server_hooks service_hooks(struct service *service)
{
    return (struct server_hooks){.admit = admit, .serve = on_whole, .ctx = service};
}
