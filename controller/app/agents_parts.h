/* agents_parts: the messages of gates, one file each. Between agents*.c only. */
#pragma once

#include "controller/app/batch.h"
#include "schema/agent.pb-c.h"
#include "schema/envelope.h"

/* Works off one message of a live key; body: as the kind says. */
typedef enum err agents_worker(struct controller *ctl, struct input *input,
                               const struct envelope *envelope, const Parkgate__KeyRecord *key,
                               const ProtobufCMessage *body, struct fault *fault);

/* agents_hello.c */
agents_worker agents_hello;
void agents_refuse_hello(struct controller *ctl, const struct input *input, uint8_t version,
                         const struct complaint *c);
MUST_CHECK enum err agents_tell_two_boxes(struct controller *ctl, const struct session *session,
                                          struct fault *fault);
/* agents_heartbeat.c */
agents_worker agents_heartbeat;
/* Its clock minus ours; what it says may be any number. */
int64_t agents_clock_offset_ms(int64_t wall_us, struct wall now);
/* agents_config.c: its rows of the park's newest version, after the commit. */
MUST_CHECK enum err agents_push_config_to(struct controller *ctl, struct session *session,
                                          struct fault *fault);
/* agents.c */
/* The session of who speaks. NULL: nobody said HELLO by this connection, or another has taken the
 * session since; the box says HELLO again. */
MUST_CHECK enum err agents_hear(struct controller *ctl, const struct input *input,
                                struct session **ret_session, struct fault *fault);
/* A gate that was away is heard. */
MUST_CHECK enum err agents_back_again(struct controller *ctl, struct session *session,
                                      struct fault *fault);
