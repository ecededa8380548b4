#include "controller/app/faces.h"

#include <stdio.h>

#include "common/base/must.h"
#include "controller/app/faults.h"
#include "controller/store/face_store.h"
#include "schema/kinds.h"

static bool is_full(const Parkgate__FaceCountRecord *count)
{
    return count->now >= LIMIT_FACE_PERSONS && count->filing[0] == '\0';
}

bool faces_room(struct controller *ctl, struct request *request, struct handle person,
                enum err *ret_err, struct fault *fault)
{
    char most[16];
    bool has_one = false;
    Parkgate__FaceCountRecord *count = NULL;
    *ret_err = face_is_attached(ctl->txn, person, &has_one, fault);
    if (*ret_err != ERR_OK || has_one) {
        return *ret_err == ERR_OK;
    }
    *ret_err = face_count_get(ctl->txn, &count, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    bool full = is_full(count);
    parkgate__face_count_record__free_unpacked(count, NULL);
    (void)snprintf(most, sizeof(most), "%d", LIMIT_FACE_PERSONS);
    return !full || request_refuse(request, ERROR_FACES_FULL, most, NULL, NULL);
}

/* A filing ends the warning: the number is with those who must know it. */
enum err faces_changed(struct controller *ctl, struct fault *fault)
{
    Parkgate__FaceCountRecord *count = NULL;
    TRY(face_count_get(ctl->txn, &count, fault));
    bool warns = count->now >= LIMIT_FACE_PERSONS_WARN && count->filing[0] == '\0';
    parkgate__face_count_record__free_unpacked(count, NULL);
    return warns ? fault_raise(ctl, &fault_faces_many, "park", "", "", fault)
                 : fault_end(ctl, &fault_faces_many, "park", fault);
}

static enum err on_face_count(struct controller *ctl, struct request *request, struct fault *fault)
{
    Parkgate__FaceCountRecord *count = NULL;
    TRY(face_count_get(ctl->txn, &count, fault));
    answer_note_number(request->answer, "persons_now", (int64_t)count->now);
    answer_note_number(request->answer, "persons_ever", (int64_t)count->ever);
    answer_note_number(request->answer, "warning_at", LIMIT_FACE_PERSONS_WARN);
    answer_note_number(request->answer, "limit", LIMIT_FACE_PERSONS);
    answer_note_number(request->answer, "reached_us", count->reached_us);
    answer_note(request->answer, "filing", count->filing);
    answer_note_number(request->answer, "filed_us", count->filed_us);
    parkgate__face_count_record__free_unpacked(count, NULL);
    return ERR_OK;
}

static enum err on_face_filing(struct controller *ctl, struct request *request, struct fault *fault)
{
    const char *number = NULL;
    const char *reason = NULL;
    Parkgate__FaceFiling filing = PARKGATE__FACE_FILING__INIT;
    if (!request_need(request, "number", &number) || !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    filing.number = field_text(number);
    filing.reason = field_text(reason);
    TRY(controller_record(ctl, ENTRY_FACE_FILING, request->key->name, &filing.base, fault));
    return faces_changed(ctl, fault);
}

const struct verb_handler verbs_of_face_counts[] = {
    {"face.count",  on_face_count },
    {"face.filing", on_face_filing},
};
const size_t verbs_of_face_counts_count = ARRAY_LEN(verbs_of_face_counts);
