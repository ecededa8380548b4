#include "controller/app/muster.h"

#include <stdio.h>
#include <string.h>

#include "common/facts/emergency_store.h"
#include "common/facts/people_store.h"
#include "controller/app/recall.h"
#include "controller/app/request.h"
#include "controller/store/key_store.h"

static bool says_fire(const Parkgate__EmergencyRecord *record, size_t board)
{
    return record->change[board] == FIRE_ON || record->change[board] == FIRE_INPUT_ENDED;
}

static bool is_sure(const Parkgate__EmergencyRecord *record)
{
    const char *gate = NULL;
    bool several = false;
    for (size_t i = 0; i < record->n_board_gate && i < record->n_change; i++) {
        if (says_fire(record, i)) {
            several = several || (gate != NULL && strcmp(gate, record->board_gate[i]) != 0);
            gate = record->board_gate[i];
        }
    }
    return record->evacuation || several;
}

enum err muster_is_on(struct controller *ctl, bool *ret_on, bool *ret_sure, struct fault *fault)
{
    Parkgate__EmergencyRecord *record = NULL;
    TRY(emergency_get(ctl->txn, &record, fault));
    *ret_on = record != NULL && record->state != EMERGENCY_NONE;
    *ret_sure = *ret_on && is_sure(record);
    if (record != NULL) {
        parkgate__emergency_record__free_unpacked(record, NULL);
    }
    return ERR_OK;
}

void muster_name(struct controller *ctl, struct handle person, char *out, size_t size)
{
    Parkgate__HolderRecord *holder = NULL;
    Parkgate__Identity *identity = NULL;
    struct fault fault;
    (void)snprintf(out, size, "(erased)");
    if (people_holder(ctl->txn, person, &holder, &fault) != ERR_OK) {
        return;
    }
    if (request_identity(ctl, holder, &identity, &fault) == ERR_OK) {
        (void)snprintf(out, size, "%s", identity->name);
        parkgate__identity__free_unpacked(identity, NULL);
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
}

enum err muster_gate_enrolled(struct controller *ctl, const struct park_gate *gate, bool *ret,
                              struct fault *fault)
{
    char name[NAME_SIZE + 8];
    Parkgate__KeyRecord *key = NULL;
    (void)snprintf(name, sizeof(name), "gate:%s", gate->name.text);
    enum err err = key_by_name(ctl->txn, name, &key, fault);
    *ret = err == ERR_OK;
    if (key != NULL) {
        parkgate__key_record__free_unpacked(key, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err muster_gate_told(struct controller *ctl, const struct park_gate *gate, bool *ret,
                          struct fault *fault)
{
    bool recovering = false;
    bool enrolled = false;
    const struct session *session = session_of_gate(&ctl->sessions, gate->name);
    TRY(recall_is_open(ctl, &recovering, fault));
    TRY(muster_gate_enrolled(ctl, gate, &enrolled, fault));
    bool heard = session != NULL && !session->away && session->beaten && session->pending == 0;
    *ret = !recovering && (!enrolled || heard);
    return ERR_OK;
}
