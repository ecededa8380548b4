#include "common/link/zap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "common/base/must.h"
#include "common/link/internal.h"

enum {
    ZAP_HWM = 1000,
    ZAP_TEXT_SIZE = 256, /* ids and domains have at most 255 bytes (ZeroMQ RFC 27) */
    ZAP_FRAMES = 7,      /* version, request, domain, address, routing id, mechanism, key */
};

struct request {
    uint8_t id[ZAP_TEXT_SIZE];
    size_t id_size;
    char domain[ZAP_TEXT_SIZE];
    struct link_key key;
    bool well_formed;
};

enum err link_zap_create(struct link *link, struct link_zap_policy policy,
                         struct link_zap **ret_zap, struct fault *fault)
{
    MUST(policy.allow != NULL);
    AUTO(link_zap_destroy) struct link_zap *zap = calloc(1, sizeof(*zap));
    MUST(zap != NULL);
    zap->link = link;
    zap->policy = policy;
    TRY(link_socket_open(link, ZMQ_REP, ZAP_HWM, &zap->socket, fault));
    if (zmq_bind(zap->socket, "inproc://zeromq.zap.01") != 0) {
        return zmq_errno() == EADDRINUSE
                   ? fault_set(fault, ERR_BUSY, "this link has a ZAP handler already")
                   : link_fault("ZAP", "bind", fault);
    }
    *ret_zap = zap;
    zap = NULL;
    return ERR_OK;
}

void link_zap_destroy(struct link_zap **zap)
{
    if (*zap == NULL) {
        return;
    }
    link_socket_close((*zap)->link, &(*zap)->socket);
    free(*zap);
    *zap = NULL;
}

void *link_zap_socket(const struct link_zap *zap)
{
    return zap->socket;
}

bool link_zap_is_proved(const struct link_zap *zap)
{
    return zap->proved;
}

struct link_zap_counters link_zap_counters(const struct link_zap *zap)
{
    return zap->counters;
}

/* What each frame of a request must be; false: the request is malformed. */
static bool take_version(struct request *request, struct bytes frame)
{
    (void)request;
    return bytes_equal(frame, bytes_of_text("1.0"));
}

static bool take_id(struct request *request, struct bytes frame)
{
    if (frame.size > sizeof(request->id)) {
        return false;
    }
    memcpy(request->id, frame.data, frame.size);
    request->id_size = frame.size;
    return true;
}

static bool take_domain(struct request *request, struct bytes frame)
{
    if (frame.size >= sizeof(request->domain) || memchr(frame.data, '\0', frame.size) != NULL) {
        return false;
    }
    memcpy(request->domain, frame.data, frame.size);
    request->domain[frame.size] = '\0';
    return true;
}

static bool take_anything(struct request *request, struct bytes frame)
{
    (void)request;
    (void)frame;
    return true;
}

static bool take_mechanism(struct request *request, struct bytes frame)
{
    (void)request;
    return bytes_equal(frame, bytes_of_text("CURVE"));
}

static bool take_key(struct request *request, struct bytes frame)
{
    if (frame.size != sizeof(request->key.bytes)) {
        return false;
    }
    memcpy(request->key.bytes, frame.data, frame.size);
    return true;
}

static bool (*const take_frame[ZAP_FRAMES])(struct request *request, struct bytes frame) = {
    take_version, take_id, take_domain, take_anything, take_anything, take_mechanism, take_key,
};

static int receive_frame(const struct link_zap *zap, zmq_msg_t *frame)
{
    int rc = 0;
    do {
        rc = zmq_msg_recv(frame, zap->socket, ZMQ_DONTWAIT);
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc;
}

static enum err receive_request(const struct link_zap *zap, struct request *request,
                                struct fault *fault)
{
    size_t frames = 0;
    bool more = true;
    request->well_formed = true;
    while (more) {
        zmq_msg_t frame;
        (void)zmq_msg_init(&frame);
        if (receive_frame(zap, &frame) < 0) {
            return zmq_errno() == EAGAIN ? ERR_NOT_FOUND : link_fault("ZAP", "receive", fault);
        }
        struct bytes content = {.data = zmq_msg_data(&frame), .size = zmq_msg_size(&frame)};
        request->well_formed =
            frames < ZAP_FRAMES && take_frame[frames](request, content) && request->well_formed;
        frames++;
        more = zmq_msg_more(&frame);
        (void)zmq_msg_close(&frame);
    }
    request->well_formed = request->well_formed && frames == ZAP_FRAMES;
    return ERR_OK;
}

static enum err send_reply(const struct link_zap *zap, const struct request *request, bool allowed,
                           struct fault *fault)
{
    char user[LINK_KEY_HEX_SIZE];
    link_key_to_hex(request->key, user);
    const struct bytes frames[] = {
        bytes_of_text("1.0"),
        {.data = request->id, .size = request->id_size},
        bytes_of_text(allowed ? "200" : "400"),
        bytes_of_text(allowed ? "OK" : "unknown key"),
        bytes_of_text(allowed ? user : ""),
        bytes_of_text(""), /* no metadata */
    };
    for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
        int more = i + 1 < ARRAY_LEN(frames) ? ZMQ_SNDMORE : 0;
        if (zmq_send(zap->socket, frames[i].data, frames[i].size, more | ZMQ_DONTWAIT) < 0) {
            return link_fault("ZAP", "reply", fault);
        }
    }
    return ERR_OK;
}

static bool judge(const struct link_zap *zap, const struct request *request)
{
    if (zap->self_test_key != NULL) {
        return strcmp(request->domain, LINK_SELF_TEST_DOMAIN) == 0 &&
               link_key_equal(request->key, *zap->self_test_key);
    }
    return zap->policy.allow(zap->policy.ctx, request->domain, &request->key);
}

static enum err answer(struct link_zap *zap, const struct request *request, struct fault *fault)
{
    bool allowed = request->well_formed && judge(zap, request);
    if (allowed) {
        zap->counters.allowed++;
    } else if (request->well_formed) {
        zap->counters.refused++;
    } else {
        zap->counters.malformed++;
    }
    return send_reply(zap, request, allowed, fault);
}

enum err link_zap_turn(struct link_zap *zap, struct fault *fault)
{
    link_check_thread(zap->link);
    for (int i = 0; i < LINK_ZAP_A_TURN; i++) {
        struct request request = {.id_size = 0};
        enum err err = receive_request(zap, &request, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        TRY(answer(zap, &request, fault));
    }
    return ERR_OK;
}
