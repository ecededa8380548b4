#include "reader-agent/net/enrol.h"

#include <string.h>
#include <zmq.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "schema/envelope.h"
#include "schema/operator.pb-c.h"

enum { ENROL_ARGS = 2, ENROL_STEP_MS = 20 };

static size_t write_request(const struct enrolment *enrolment, uint8_t *out, size_t capacity)
{
    char *names[ENROL_ARGS] = {"gate", "code"};
    ProtobufCBinaryData values[ENROL_ARGS] = {
        {.len = strlen(enrolment->gate), .data = (uint8_t *)enrolment->gate},
        {.len = strlen(enrolment->code), .data = (uint8_t *)enrolment->code},
    };
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    request.verb = "agent.join";
    request.version = PROTOCOL_VERSION;
    request.n_arg = ENROL_ARGS;
    request.arg = names;
    request.n_value = ENROL_ARGS;
    request.value = values;
    return envelope_write(PROTOCOL_VERSION, MESSAGE_ENROL, 1, &request.base, out, capacity);
}

static void complaint_from_reply(const Parkgate__Reply *reply, struct complaint *complaint)
{
    const char *args[ERROR_ARGS] = {0};
    for (size_t i = 0; i < reply->n_error_arg && i < ERROR_ARGS; i++) {
        args[i] = reply->error_arg[i];
    }
    (void)complain(complaint, (enum error_number)reply->error, args[0], args[1], args[2], args[3]);
}

/* Reads one frame. True: it is the answer, *ret says which. */
static bool take_answer(struct bytes frame, enum err *ret, struct complaint *complaint)
{
    struct envelope envelope;
    struct complaint broken = {0};
    if (!envelope_read(frame, &envelope, &broken) || envelope.kind != MESSAGE_ENROLLED) {
        return false;
    }
    ProtobufCMessage *message = envelope_unpack(&envelope, &broken);
    if (message == NULL) {
        return false;
    }
    const Parkgate__Reply *reply = (const Parkgate__Reply *)message;
    *ret = reply->error == ERROR_NONE ? ERR_OK : ERR_REFUSED;
    if (*ret != ERR_OK) {
        complaint_from_reply(reply, complaint);
    }
    protobuf_c_message_free_unpacked(message, NULL);
    return true;
}

enum err enrol(const struct enrolment *enrolment, struct complaint *ret_complaint,
               struct fault *fault)
{
    uint8_t frame[2048];
    size_t size = write_request(enrolment, frame, sizeof(frame));
    AUTO(link_client_destroy) struct link_client *client = NULL;
    struct link_client_options options = {.keys = enrolment->keys,
                                          .server_key = enrolment->server_key,
                                          .endpoint = enrolment->endpoint};
    TRY(link_client_create(enrolment->link, &options, &client, fault));

    const struct clock *clock = clock_system();
    struct mono end = mono_after_ms(clock->mono(clock->ctx), ENROL_WAIT_MS);
    bool sent = false;
    while (mono_before(clock->mono(clock->ctx), end)) {
        if (!sent) {
            enum err err =
                link_client_send(client, (struct bytes){.data = frame, .size = size}, fault);
            if (err != ERR_OK && err != ERR_BUSY) {
                return err;
            }
            sent = err == ERR_OK;
        }
        zmq_pollitem_t item = {.socket = link_client_socket(client), .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, ENROL_STEP_MS);
        struct bytes answer;
        enum err result = ERR_OK;
        if (link_client_recv(client, &answer, fault) == ERR_OK &&
            take_answer(answer, &result, ret_complaint)) {
            return result;
        }
    }
    return fault_set(fault, ERR_TIMEOUT, "no answer from %s", enrolment->endpoint);
}
