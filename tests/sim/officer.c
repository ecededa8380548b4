/* Park officers: one countersigns what waits, refuses some of it, and leaves some; authorities are
 * suspended, and resumed by two. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/list.h"

enum {
    LOOKS_S = 180,
    REFUSES_PER_MILLE = 150,
    LEAVES_PER_MILLE = 300, /* for the next time */
    HASTY_PER_MILLE = 50,   /* an entry that nobody may decide on */
    SUSPENDS_PER_MILLE = 30,
};

static struct {
    struct random chance;
} o;

static const struct link_key security = {
    .bytes = {201, 0x5e, 0xc0}
};

const struct link_key *officer_key(void)
{
    return &security;
}

void officer_reset(void)
{
    o.chance.state = sim.plan.seed ^ UINT64_C(0x6f666669636572);
}

/* --- entries --- */

static bool waits(const struct listed *listed)
{
    return listed->has_handle && (listed->state == LISTED_WAITS || listed->renewed_until != 0);
}

static void decide(struct listed *listed)
{
    char handle[HANDLE_TEXT_SIZE];
    bool refuses = random_chance(&o.chance, REFUSES_PER_MILLE);
    handle_to_text(listed->handle, handle);
    listed->asked_yes = listed->asked_yes || !refuses;
    listed->asked_no = listed->asked_no || refuses;
    (void)controller_ask_as(&security, NULL, NULL, 0,
                            refuses ? "watch.refuse" : "watch.countersign", "entry", handle,
                            refuses ? "reason" : NULL, "not in order", NULL);
}

/* He mistook it: it waits for nobody, or its bundle was not taken yet. */
static void try_another(void)
{
    if (list_count() == 0) {
        return;
    }
    const struct listed *listed = list_at((size_t)random_below(&o.chance, list_count()));
    char handle[HANDLE_TEXT_SIZE];
    if (listed->has_handle && !waits(listed)) {
        handle_to_text(listed->handle, handle);
        (void)controller_ask_as(&security, NULL, NULL, 0, "watch.countersign", "entry", handle,
                                NULL);
    }
}

/* --- authorities --- */

static void resume(void *ctx, uint64_t authority, uint64_t b)
{
    char approval[24] = "";
    (void)ctx;
    (void)b;
    list_asks_suspended((unsigned)authority, false);
    unsigned error =
        controller_ask("approval", approval, sizeof(approval), "authority.resume", "name",
                       list_authority_name((unsigned)authority), "reason", "cleared up", NULL);
    if (error == 0 && approval[0] != '\0') {
        error = controller_ask_as(&security, NULL, NULL, 0, "approval.grant", "approval", approval,
                                  NULL);
    }
    if (error == 0 && approval[0] != '\0') {
        list_claims_asked((unsigned)authority);
    } else if (list_is_suspended((unsigned)authority)) {
        sim_after(MINUTE, resume, NULL, authority, 0);
    }
}

static void suspend(unsigned authority)
{
    if (list_is_suspended(authority)) {
        return;
    }
    list_asks_suspended(authority, true);
    if (controller_ask_as(&security, NULL, NULL, 0, "authority.suspend", "name",
                          list_authority_name(authority), "reason", "a complaint", NULL) == 0) {
        list_claims_asked(authority);
    }
    sim_after(random_between(&o.chance, MINUTE, 30 * MINUTE), resume, NULL, authority, 0);
}

/* --- both --- */

static void look(void *ctx, uint64_t a, uint64_t b)
{
    (void)ctx;
    (void)a;
    (void)b;
    if (sim.healing) {
        return;
    }
    for (size_t i = 0; i < list_count(); i++) {
        if (waits(list_at(i)) && !random_chance(&o.chance, LEAVES_PER_MILLE)) {
            decide(list_at(i));
        }
    }
    if (random_chance(&o.chance, HASTY_PER_MILLE)) {
        try_another();
    }
    if (random_chance(&o.chance, SUSPENDS_PER_MILLE)) {
        suspend((unsigned)random_below(&o.chance, AUTHORITIES));
    }
    int64_t most = sim.plan.rush ? LOOKS_S : 5 * LOOKS_S;
    sim_after(random_between(&o.chance, 10 * SECOND, most * SECOND), look, NULL, 0, 0);
}

void officer_begin(void)
{
    char hex[LINK_KEY_HEX_SIZE];
    bytes_to_hex(BYTES_OF(security.bytes), hex, sizeof(hex));
    unsigned error = controller_ask(NULL, NULL, 0, "key.add", "name", "officer", "public", hex,
                                    "role", "security", NULL);
    if (error != 0) {
        sim_fail("start", "the officer's key: error %u", error);
    }
    sim_after(MINUTE, look, NULL, 0, 0);
}
