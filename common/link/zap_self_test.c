/* The proof, before any bind, that a wrong key is refused: a server of its own on a loopback port,
 * a wrong client, then a right one. */
#include <errno.h>

#include <zmq.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "common/link/internal.h"

enum { SELF_TEST_MS = 2000 }; /* it takes some 10 ms; this much on a machine under load */

struct self_test {
    struct link_key_pair server_keys, right_keys, wrong_keys;
    struct link_server *server;
    struct link_client *right, *wrong;
    char endpoint[LINK_ENDPOINT_SIZE];
    bool got_right;
};

static void end_self_test(struct self_test *test)
{
    link_client_destroy(&test->right);
    link_client_destroy(&test->wrong);
    link_server_destroy(&test->server);
    link_key_pair_destroy(&test->server_keys);
    link_key_pair_destroy(&test->right_keys);
    link_key_pair_destroy(&test->wrong_keys);
}

static enum err begin_self_test(struct link_zap *zap, struct self_test *test, struct fault *fault)
{
    TRY(link_key_pair_draw(&test->server_keys, fault));
    TRY(link_key_pair_draw(&test->right_keys, fault));
    TRY(link_key_pair_draw(&test->wrong_keys, fault));
    struct link_server_options options = {.keys = &test->server_keys,
                                          .domain = LINK_SELF_TEST_DOMAIN};
    TRY(link_server_make(zap->link, &options, &test->server, fault));
    return link_server_bind(test->server, "tcp://127.0.0.1:*", test->endpoint, fault);
}

static enum err connect_to_test(struct link_zap *zap, struct self_test *test,
                                const struct link_key_pair *keys, struct link_client **ret_client,
                                struct fault *fault)
{
    struct link_client_options options = {
        .keys = keys, .server_key = test->server_keys.public_key, .endpoint = test->endpoint};
    return link_client_create(zap->link, &options, ret_client, fault);
}

/* What came through says who got in. */
static enum err look_at_messages(struct self_test *test, struct fault *fault)
{
    struct link_msg msg;
    enum err err = ERR_OK;
    while ((err = link_server_recv(test->server, &msg, fault)) == ERR_OK) {
        if (!link_key_equal(msg.key, test->right_keys.public_key)) {
            return fault_set(
                fault, ERR_REFUSED,
                "self-test of the key check: a wrong key got through; do not run this, "
                "reinstall libzmq5");
        }
        test->got_right = true;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err try_to_send(struct link_client *client, struct fault *fault)
{
    enum err err = client == NULL ? ERR_OK : link_client_send(client, bytes_of_text("x"), fault);
    return err == ERR_BUSY ? ERR_OK : err;
}

static zmq_pollitem_t watch(void *socket, short events)
{
    return (zmq_pollitem_t){.socket = socket, .events = events};
}

/* One turn: wait for something, answer handshakes, let both clients try to talk. */
static enum err pump(struct link_zap *zap, struct self_test *test, struct fault *fault)
{
    enum { WAIT_MS = 20 };
    zmq_pollitem_t items[4] = {0};
    int count = 0;
    items[count++] = watch(zap->socket, ZMQ_POLLIN);
    items[count++] = watch(link_server_socket(test->server), ZMQ_POLLIN);
    items[count++] = watch(link_client_socket(test->wrong), ZMQ_POLLOUT);
    if (test->right != NULL) {
        items[count++] = watch(link_client_socket(test->right), ZMQ_POLLOUT);
    }
    if (zmq_poll(items, count, WAIT_MS) < 0 && zmq_errno() != EINTR) {
        return link_fault("self-test", "poll", fault);
    }
    TRY(link_zap_turn(zap, fault));
    TRY(try_to_send(test->wrong, fault));
    TRY(try_to_send(test->right, fault));
    return look_at_messages(test, fault);
}

static bool time_is_up(struct mono deadline)
{
    const struct clock *clock = clock_system();
    return !mono_before(clock->mono(clock->ctx), deadline);
}

static enum err run_self_test(struct link_zap *zap, struct self_test *test, struct fault *fault)
{
    const struct clock *clock = clock_system();
    struct mono deadline = mono_after_ms(clock->mono(clock->ctx), SELF_TEST_MS);
    TRY(begin_self_test(zap, test, fault));
    zap->self_test_key = &test->right_keys.public_key;
    TRY(connect_to_test(zap, test, &test->wrong_keys, &test->wrong, fault));
    while (zap->counters.refused == 0 && !time_is_up(deadline)) {
        TRY(pump(zap, test, fault));
    }
    /* The wrong one has its answer. If that answer is ignored it can talk at once, long before the
     * right one, which has its whole handshake to go, is heard. */
    TRY(connect_to_test(zap, test, &test->right_keys, &test->right, fault));
    while (!test->got_right && !time_is_up(deadline)) {
        TRY(pump(zap, test, fault));
    }
    if (zap->counters.refused == 0 || !test->got_right) {
        return fault_set(fault, ERR_REFUSED,
                         "self-test of the key check: no answer within %d ms on 127.0.0.1; is the "
                         "loopback interface up?",
                         SELF_TEST_MS);
    }
    return ERR_OK;
}

enum err link_zap_self_test(struct link_zap *zap, struct fault *fault)
{
    link_check_thread(zap->link);
    MUST(zap->self_test_key == NULL);
    AUTO(end_self_test) struct self_test test = {.got_right = false};
    zap->counters = (struct link_zap_counters){0};
    enum err err = run_self_test(zap, &test, fault);
    zap->self_test_key = NULL;
    zap->counters = (struct link_zap_counters){0};
    zap->proved = err == ERR_OK;
    return err;
}
