/* People at the arms, and the commands that move them: the control socket's side of the turnstile.
 */
#ifndef PEERS_TURNSTILE_PEOPLE_H
#define PEERS_TURNSTILE_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/peers/peer_control.h"
#include "tests/peers/turnstile_board.h"
#include "tests/peers/turnstile_wire.h"

#define PEOPLE_MAX 64

enum person_kind {
    PERSON_PUSHES,
    PERSON_BRINGS_ONE, /* passes, and a second follows */
    PERSON_FOLLOWED,   /* has passed; the second is on the way */
    PERSON_DRIVES,     /* waits before a bollard until it is down, and drives onto it */
    PERSON_WATCHES     /* waits for a value of "show" */
};

/* A command whose answer is still to come. */
struct person {
    enum person_kind kind;
    struct board_lane *lane;
    int64_t deadline_us;
    peer_ticket from;
    char key[16];
    char value[256];
};

struct people {
    struct board *board;
    struct wire *wire;
    struct peer_control *control;
    struct person waiting[PEOPLE_MAX]; /* in order of arrival */
    size_t waiting_count;
    bool quit;
};

/* Runs one command line (peer_command_fn; context is a struct people). */
void people_command(void *context, peer_ticket from, char *line);
/* Lets those through who can go and answers what is settled. Returns the next deadline. */
int64_t people_step(struct people *people, int64_t now_us);

#endif
