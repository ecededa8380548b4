#include "common/link/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <zmq.h>

#include "common/base/must.h"
#include "common/link/internal.h"

/* CVE-2021-20234 to 20237 and CVE-2020-15166 are fixed from here on. */
static const int oldest_libzmq = ZMQ_MAKE_VERSION(4, 3, 4);

/* libzmq measures a frame as it is on the wire, and CURVE adds to it (ZeroMQ RFC 26, MESSAGE):
 * name 8, nonce 8, box 16, flags 1. */
enum { WIRE_FRAME_MAX = LINK_FRAME_MAX + 33 };

static enum err check_library(struct fault *fault)
{
    int major = 0;
    int minor = 0;
    int patch = 0;
    zmq_version(&major, &minor, &patch);
    if (ZMQ_MAKE_VERSION(major, minor, patch) < oldest_libzmq) {
        return fault_set(
            fault, ERR_UNSUPPORTED,
            "libzmq %d.%d.%d is too old, 4.3.4 is needed; run: apt-get install libzmq5", major,
            minor, patch);
    }
    if (zmq_has("curve") != 1) {
        return fault_set(fault, ERR_UNSUPPORTED,
                         "libzmq %d.%d.%d was built without CURVE; install the distribution's "
                         "libzmq5",
                         major, minor, patch);
    }
    return ERR_OK;
}

enum err link_fault(const char *where, const char *what, struct fault *fault)
{
    int why = zmq_errno();
    if (why == EMFILE || why == ENFILE) {
        return fault_set(fault, ERR_FULL, "%s: %s: no descriptor is left; raise LimitNOFILE", where,
                         what);
    }
    return fault_set(fault, ERR_IO, "%s: %s: %s", where, what, zmq_strerror(why));
}

enum err link_create(struct link **ret_link, struct fault *fault)
{
    TRY(check_library(fault));
    AUTO(link_destroy) struct link *link = calloc(1, sizeof(*link));
    MUST(link != NULL);
    link->owner = pthread_self();
    link->context = zmq_ctx_new();
    if (link->context == NULL) {
        return link_fault("link", "context", fault);
    }
    if (zmq_ctx_set(link->context, ZMQ_BLOCKY, 0) != 0 ||
        zmq_ctx_set(link->context, ZMQ_IO_THREADS, 1) != 0 ||
        zmq_ctx_set(link->context, ZMQ_MAX_MSGSZ, WIRE_FRAME_MAX) != 0) {
        return link_fault("link", "context options", fault);
    }
    *ret_link = link;
    link = NULL;
    return ERR_OK;
}

void link_destroy(struct link **handle)
{
    struct link *link = *handle;
    if (link == NULL) {
        return;
    }
    MUST(link->sockets == 0);
    if (link->context != NULL) {
        while (zmq_ctx_term(link->context) != 0 && zmq_errno() == EINTR) {
        }
    }
    free(link);
    *handle = NULL;
}

void link_check_thread(const struct link *link)
{
    MUST(pthread_equal(link->owner, pthread_self()) != 0);
}

enum err link_set_options(void *socket, const struct link_option *options, size_t count,
                          struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        int read_back = options[i].value;
        size_t size = sizeof(read_back);
        if (zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof(int)) != 0) {
            return link_fault(options[i].name, "set", fault);
        }
        if (!options[i].write_only) {
            read_back = ~options[i].value;
            if (zmq_getsockopt(socket, options[i].option, &read_back, &size) != 0) {
                return link_fault(options[i].name, "read back", fault);
            }
        }
        if (read_back != options[i].value) {
            return fault_set(fault, ERR_UNSUPPORTED,
                             "libzmq keeps %d for %s, not %d; install the distribution's libzmq5",
                             read_back, options[i].name, options[i].value);
        }
    }
    return ERR_OK;
}

enum err link_set_key(void *socket, int option, const char *name, const struct link_key *key,
                      struct fault *fault)
{
    struct link_key read_back;
    size_t size = sizeof(read_back.bytes);
    if (zmq_setsockopt(socket, option, key->bytes, sizeof(key->bytes)) != 0 ||
        zmq_getsockopt(socket, option, read_back.bytes, &size) != 0) {
        return link_fault(name, "set", fault);
    }
    MUST(size == sizeof(read_back.bytes) && link_key_equal(read_back, *key));
    return ERR_OK;
}

static enum err set_frame_limit(void *socket, struct fault *fault)
{
    int64_t limit = WIRE_FRAME_MAX;
    size_t size = sizeof(limit);
    if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &limit, sizeof(limit)) != 0 ||
        zmq_getsockopt(socket, ZMQ_MAXMSGSIZE, &limit, &size) != 0) {
        return link_fault("MAXMSGSIZE", "set", fault);
    }
    MUST(limit == WIRE_FRAME_MAX);
    return ERR_OK;
}

static enum err set_shared_options(void *socket, int hwm_messages, struct fault *fault)
{
    const struct link_option options[] = {
        {ZMQ_LINGER,              0,                      "LINGER",              false},
        {ZMQ_SNDHWM,              hwm_messages,           "SNDHWM",              false},
        {ZMQ_RCVHWM,              hwm_messages,           "RCVHWM",              false},
        {ZMQ_HEARTBEAT_IVL,       LINK_HEARTBEAT_MS,      "HEARTBEAT_IVL",       false},
        {ZMQ_HEARTBEAT_TIMEOUT,   LINK_HEARTBEAT_DEAD_MS, "HEARTBEAT_TIMEOUT",   false},
        {ZMQ_HEARTBEAT_TTL,       LINK_HEARTBEAT_DEAD_MS, "HEARTBEAT_TTL",       false},
        {ZMQ_HANDSHAKE_IVL,       LINK_HANDSHAKE_MS,      "HANDSHAKE_IVL",       false},
        {ZMQ_TCP_KEEPALIVE,       1,                      "TCP_KEEPALIVE",       false},
        {ZMQ_TCP_KEEPALIVE_IDLE,  30,                     "TCP_KEEPALIVE_IDLE",  false},
        {ZMQ_TCP_KEEPALIVE_INTVL, 10,                     "TCP_KEEPALIVE_INTVL", false},
        {ZMQ_TCP_KEEPALIVE_CNT,   3,                      "TCP_KEEPALIVE_CNT",   false},
    };
    TRY(link_set_options(socket, options, ARRAY_LEN(options), fault));
    return set_frame_limit(socket, fault);
}

enum err link_socket_open(struct link *link, int type, int hwm_messages, void **ret_socket,
                          struct fault *fault)
{
    link_check_thread(link);
    MUST(hwm_messages > 0);
    void *socket = zmq_socket(link->context, type);
    if (socket == NULL) {
        return link_fault("link", "socket", fault);
    }
    link->sockets++;
    enum err err = set_shared_options(socket, hwm_messages, fault);
    if (err != ERR_OK) {
        link_socket_close(link, &socket);
        return err;
    }
    *ret_socket = socket;
    return ERR_OK;
}

void link_socket_close(struct link *link, void **socket)
{
    if (*socket == NULL) {
        return;
    }
    link_check_thread(link);
    MUST(zmq_close(*socket) == 0);
    *socket = NULL;
    link->sockets--;
}

enum err link_raise_fds(uint64_t minimum, struct fault *fault)
{
    struct rlimit limit;
    MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_max < minimum) {
        return fault_set(fault, ERR_REFUSED,
                         "this process may open %llu files, %llu are needed; set LimitNOFILE=%llu "
                         "in its unit, or run: ulimit -n %llu",
                         (unsigned long long)limit.rlim_max, (unsigned long long)minimum,
                         (unsigned long long)minimum, (unsigned long long)minimum);
    }
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return fault_set(fault, ERR_IO, "setrlimit: %s", strerror(errno));
    }
    return ERR_OK;
}
