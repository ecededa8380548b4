/* anchors: the gate keeps the journal's signed heads that the controller tells it, in DIR/anchors.
 *
 * That file is only added to, and nothing of it is ever taken back on the controller's word: it is
 * what an auditor compares the journal with when the controller's disk may not be believed. HELLO
 * shows the newest and some older ones. The gate judges none of them but for its form and
 * signature: the journal's key is not its own to know.
 */
#pragma once

#include "reader-agent/app/gate.h"

enum {
    ANCHOR_GATE_BYTES = 32 << 20,
    ANCHOR_GATE_BURST = 16, /* kept at once, and one more each ... */
    ANCHOR_GATE_MS = 30000,
};

struct shown_anchors {
    size_t count;
    char text[ANCHOR_SAMPLES_MAX][ANCHOR_LINE_SIZE];
    char *line[ANCHOR_SAMPLES_MAX]; /* into text */
};

/* MESSAGE_ANCHOR. */
void anchor_heard(struct gate *gate, const Parkgate__Anchor *message);
/* What HELLO shows of the file; nothing when there is none. */
void anchors_to_show(struct gate *gate, struct shown_anchors *ret);
