#include "controller/app/entry_words.h"

#include <stdio.h>
#include <string.h>

#include "common/access/decide.h"
#include "common/base/must.h"
#include "common/facts/emergency_store.h"
#include "common/facts/tables.h"
#include "controller/core/alert.h"
#include "controller/store/alert_store.h"
#include "controller/app/dispositions.h"
#include "controller/app/watch_words.h"
#include "common/seal/sign.h"
#include "schema/errors.h"
#include "schema/kinds.h"
#include "schema/park.pb-c.h"
#include "schema/reasons.h"

static void copy(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text);
}

static void put_handle(char *out, size_t size, const ProtobufCBinaryData *field)
{
    if (field->len == HANDLE_SIZE && size > 2 * HANDLE_SIZE) {
        bytes_to_hex((struct bytes){.data = field->data, .size = field->len}, out, size);
    }
}

/* --- events of gates --- */

static const char *event_word(uint32_t kind)
{
    static const char *const words[] = {
        [EVENT_PRESENTATION] = "presentation",
        [EVENT_PASSAGE] = "passage",
        [EVENT_BUTTON] = "exit-button",
        [EVENT_ACTED] = "acted",
        [EVENT_COMMAND] = "command-result",
        [EVENT_DEVICE] = "device",
        [EVENT_TAMPER] = "tamper",
        [EVENT_SUBJECT] = "subject",
        [EVENT_UNASKED] = "unasked",
        [EVENT_ASIDE] = "body-aside",
        [EVENT_FIRE] = "fire",
        [EVENT_CARRY] = "carry-taken",
        [EVENT_CLOCK] = "clock-jump",
        [EVENT_UNRECORDED] = "unrecorded",
        [EVENT_MUSTER] = "muster-opened",
    };
    return kind < ARRAY_LEN(words) && words[kind] != NULL ? words[kind] : "unknown";
}

static const char *passage_word(uint32_t kind)
{
    static const char *const words[] = {
        [PASSAGE_NONE] = "",
        [PASSAGE_PASSED] = "passed",
        [PASSAGE_NOT_TAKEN] = "not-taken",
        [PASSAGE_FORCED] = "forced",
        [PASSAGE_HELD] = "held-open",
        [PASSAGE_TAILGATED] = "tailgated",
        [PASSAGE_UNSENSED] = "unsensed",
        [PASSAGE_HELD_ENDED] = "held-ended",
        [PASSAGE_BY_HAND] = "by-hand",
        [PASSAGE_MANUAL] = "manual-release",
        [PASSAGE_MANUAL_ENDED] = "manual-release-ended",
        [PASSAGE_BLOCKED] = "blocked",
        [PASSAGE_BLOCKED_ENDED] = "blocked-ended",
    };
    return kind < ARRAY_LEN(words) ? words[kind] : "unknown";
}

static const char *state_word(uint32_t state)
{
    static const char *const words[] = {"", "up", "down", "tamper", "decides-alone", "heeds"};
    return state < ARRAY_LEN(words) ? words[state] : "unknown";
}

static const char *result_word(uint32_t result)
{
    static const char *const words[] = {"", "done", "expired", "refused", "failed"};
    return result < ARRAY_LEN(words) ? words[result] : "unknown";
}

static const char *fire_word(uint32_t change)
{
    static const char *const words[] = {"", "fire", "fire-input-ended", "fire-reset",
                                        "fire-unreached"};
    return change < ARRAY_LEN(words) ? words[change] : "unknown";
}

static const char *subject_word(uint32_t state)
{
    static const char *const words[] = {"", "wanted", "done", "failed"};
    return state < ARRAY_LEN(words) ? words[state] : "unknown";
}

/* What a card proved, and how long that took. */
static void proof_text(const Parkgate__EventEntry *event, struct entry_words *w)
{
    static const struct {
        const char *en;
        const char *zh;
    } words[] = {
        [CARD_PROOF_GIVEN] = {"card proved itself",        "卡已认证"               },
        [CARD_PROOF_FAILED] = {"card did not prove itself", "卡未通过认证"         },
        [CARD_PROOF_SLOW] = {"card answered too slowly",  "卡应答过慢"            },
        [CARD_PROOF_RANDOM_ID] = {"card draws its id anew",    "卡每次随机生成卡号"},
    };
    if (event->proof == CARD_PROOF_NONE || event->proof >= ARRAY_LEN(words)) {
        return;
    }
    (void)snprintf(w->text, sizeof(w->text), "%s, %u ms", words[event->proof].en,
                   event->exchange_ms);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s，%u 毫秒", words[event->proof].zh,
                   event->exchange_ms);
}

/* Decided by the gate from its copy: as of which entry of the journal, and how old that was. */
static void offline_text(const Parkgate__EventEntry *event, struct entry_words *w)
{
    size_t en = strlen(w->text);
    size_t zh = strlen(w->text_zh);
    if (!event->offline) {
        return;
    }
    (void)snprintf(w->text + en, sizeof(w->text) - en, "%soffline, by journal %llu, %u s old",
                   en > 0 ? ", " : "", (unsigned long long)event->copy_sequence, event->copy_age_s);
    (void)snprintf(w->text_zh + zh, sizeof(w->text_zh) - zh, "%s离线判定，依据日志 %llu，%u 秒前",
                   zh > 0 ? "，" : "", (unsigned long long)event->copy_sequence, event->copy_age_s);
}

/* What gates and boards say in notes of their own; what is said with a number or a name in it stays
 * as it is. */
static const char *note_zh(const char *note)
{
    static const struct {
        const char *en, *zh;
    } notes[] = {
        {"by the key switch",                                            "由复位钥匙复位"                     },
        {"by order of the controller",                                   "由控制器指令复位"                  },
        {"fire: its exits are held open until the key switch is turned",
         "火警：其出口保持打开，直至转动复位钥匙"                                                 },
        {"emergency: its exits are held open",                           "紧急状态：其出口保持打开"      },
        {"fire or emergency: it refuses to open an exit",                "火警或紧急状态：拒绝打开出口"},
        {"fire or emergency: no answer, its exits may be shut",
         "火警或紧急状态：无应答，其出口可能关闭"                                                 },
        {"copy: whole again",                                            "名册副本已恢复完整"               },
        {"the terminal unlocked its door",                               "终端自行开门"                        },
    };
    for (size_t i = 0; i < ARRAY_LEN(notes); i++) {
        if (strcmp(notes[i].en, note) == 0) {
            return notes[i].zh;
        }
    }
    return note;
}

static void event_text(const Parkgate__EventEntry *event, struct entry_words *w)
{
    switch (event->kind) {
    case EVENT_PASSAGE:
        (void)snprintf(w->text, sizeof(w->text), "%s%s", passage_word(event->passage),
                       event->late ? " (late)" : "");
        break;
    case EVENT_DEVICE:
    case EVENT_TAMPER:
        (void)snprintf(w->text, sizeof(w->text), "%s %s %s", event->reader,
                       state_word(event->device_state), event->note);
        break;
    case EVENT_SUBJECT:
        (void)snprintf(w->text, sizeof(w->text), "%s %llu %s %s", event->reader,
                       (unsigned long long)event->order, subject_word(event->subject_result),
                       event->note);
        break;
    case EVENT_FIRE:
        (void)snprintf(w->text, sizeof(w->text), "%s %s %s", event->reader, fire_word(event->fire),
                       event->note);
        break;
    case EVENT_MUSTER:
        copy(w->text, sizeof(w->text), event->note);
        break;
    case EVENT_UNASKED:
    case EVENT_ASIDE:
        (void)snprintf(w->text, sizeof(w->text), "%s %s", event->reader, event->note);
        break;
    case EVENT_CARRY:
        (void)snprintf(w->text, sizeof(w->text), "number %llu", (unsigned long long)event->carry);
        break;
    case EVENT_CLOCK:
        (void)snprintf(w->text, sizeof(w->text), "%+lld ms", (long long)event->clock_step_ms);
        break;
    case EVENT_UNRECORDED:
        (void)snprintf(w->text, sizeof(w->text), "exits opened: %llu, entries denied: %llu",
                       (unsigned long long)event->unrecorded_exits,
                       (unsigned long long)event->unrecorded_entries);
        break;
    case EVENT_COMMAND:
        (void)snprintf(
            w->text, sizeof(w->text), "%llu %s%s", (unsigned long long)event->command_sequence,
            result_word(event->command_result), event->not_ordered ? ", not ordered" : "");
        break;
    default:
        (void)snprintf(w->text, sizeof(w->text), "%s%s", event->history ? "history " : "",
                       event->late ? "late" : "");
        break;
    }
    copy(w->text_zh, sizeof(w->text_zh), w->text);
    size_t before = strlen(w->text) - strlen(event->note);
    if (event->note[0] != '\0' && strlen(event->note) <= strlen(w->text) &&
        strcmp(w->text + before, event->note) == 0) {
        copy(w->text_zh + before, sizeof(w->text_zh) - before, note_zh(event->note));
    }
    if (event->kind == EVENT_PRESENTATION && w->text[0] == '\0') {
        proof_text(event, w);
    }
    offline_text(event, w);
}

/* What was done at the lane stands before what the controller had said. */
/* What a read led to, as a field of its entry: its number, its length and itself. */
static size_t hidden_bytes(const ProtobufCBinaryData *watch)
{
    size_t length = 1;
    for (size_t rest = watch->len; rest >= 0x80; rest >>= 7) {
        length++;
    }
    return watch->len == 0 ? 0 : 2 + length + watch->len;
}

static void event_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__EventEntry *event = (const void *)body;
    bool acted = event->acted_outcome != 0;
    uint32_t outcome = acted ? event->acted_outcome : event->outcome;
    uint32_t reason = acted ? event->acted_reason : event->reason;
    w->kind = event_word(event->kind);
    copy(w->gate, sizeof(w->gate), event->gate);
    copy(w->lane, sizeof(w->lane), event->lane);
    copy(w->tenant, sizeof(w->tenant), event->tenant);
    put_handle(w->who, sizeof(w->who), &event->holder);
    if (outcome != 0) {
        w->verdict = outcome_name((enum outcome)(outcome - 1));
        w->reason = reason_text((enum reason)reason)->name;
    }
    event_text(event, w);
    w->hidden = hidden_bytes(&event->watch);
}

/* --- the other kinds --- */

static void refused_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__EventRefused *refused = (const void *)body;
    struct complaint c = {.number = (enum error_number)refused->error};
    for (size_t i = 0; i < refused->n_arg && i < ERROR_ARGS; i++) {
        copy(c.arg[i], sizeof(c.arg[i]), refused->arg[i]);
    }
    copy(w->gate, sizeof(w->gate), refused->gate);
    error_sentence_en(&c, w->text, sizeof(w->text));
    error_sentence_zh(&c, w->text_zh, sizeof(w->text_zh));
}

static void fault_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__FaultRecord *fault = (const void *)body;
    bool ended = !fault->open && fault->ended_us != fault->since_us;
    copy(w->gate, sizeof(w->gate), fault->gate);
    copy(w->lane, sizeof(w->lane), fault->lane);
    (void)snprintf(w->text, sizeof(w->text), "%s%s", ended ? "ended: " : "", fault->text);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s%s", ended ? "已结束：" : "", fault->text_zh);
}

static void emergency_words(const ProtobufCMessage *body, struct entry_words *w)
{
    static const char *const zh[] = {"无", "火警", "疏散"};
    const Parkgate__EmergencyRecord *record = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "%s by %s: %s", emergency_name(record->state),
                   record->by, record->reason);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s，%s：%s",
                   record->state < ARRAY_LEN(zh) ? zh[record->state] : zh[0], record->by,
                   record->reason);
}

static void recalled_words(const ProtobufCMessage *body, struct entry_words *w)
{
    static const struct {
        const char *en, *zh;
    } steps[] = {
        [RECALL_BEGAN] = {"a backup was restored",              "已还原备份"                  },
        [RECALL_ASKED] = {"gates are asked for what they keep", "正在向各出入口取回记录"},
        [RECALL_GATE] = {"gate gave all it keeps",             "出入口已交回全部记录"   },
        [RECALL_ENDED] = {"recovery ended",                     "恢复结束"                     },
    };
    const Parkgate__Recalled *step = (const void *)body;
    copy(w->gate, sizeof(w->gate), step->gate);
    if (step->step == RECALL_WAITS || step->step == RECALL_CONFIRMED) {
        bool waits = step->step == RECALL_WAITS;
        put_handle(w->who, sizeof(w->who), &step->holder);
        (void)snprintf(w->text, sizeof(w->text), "%s: %s %s",
                       waits ? "told by one gate alone, waits" : "confirmed",
                       table_names[step->table < TABLE_COUNT ? step->table : 0], step->reason);
        (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s：%s %s",
                       waits ? "仅一处告知，待确认" : "已确认",
                       table_names[step->table < TABLE_COUNT ? step->table : 0], step->reason);
        return;
    }
    if (step->step >= ARRAY_LEN(steps) || steps[step->step].en == NULL) {
        return;
    }
    char lost[48] = "";
    char lost_zh[48] = "";
    if (step->lost > 0) {
        (void)snprintf(lost, sizeof(lost), ", %llu lost", (unsigned long long)step->lost);
        (void)snprintf(lost_zh, sizeof(lost_zh), "，丢失 %llu 条", (unsigned long long)step->lost);
    }
    (void)snprintf(w->text, sizeof(w->text), "%s (%llu events, %llu new%s) %s",
                   steps[step->step].en, (unsigned long long)step->events,
                   (unsigned long long)step->fresh, lost, step->reason);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s（%llu 条，新 %llu 条%s）%s",
                   steps[step->step].zh, (unsigned long long)step->events,
                   (unsigned long long)step->fresh, lost_zh, step->reason);
}

static void muster_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__MusterEntry *entry = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "names of all %u inside%s: %s", entry->inside,
                   entry->emergency ? " (emergency)" : "", entry->reason);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "打开在园 %u 人的姓名%s：%s", entry->inside,
                   entry->emergency ? "（紧急状态）" : "", entry->reason);
}

static void both(struct entry_words *w, const char *text)
{
    copy(w->text, sizeof(w->text), text);
    copy(w->text_zh, sizeof(w->text_zh), text);
}

static void refusal_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__Refusal *refusal = (const void *)body;
    both(w, refusal->verb);
}

static void key_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__KeyRecord *key = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "%s %s", key->name,
                   key->revoked_us == 0 ? "added" : "revoked");
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s %s", key->name,
                   key->revoked_us == 0 ? "已添加" : "已吊销");
}

static void code_words(const ProtobufCMessage *body, struct entry_words *w)
{
    copy(w->gate, sizeof(w->gate), ((const Parkgate__EnrolCode *)(const void *)body)->gate);
}

static void holder_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__HolderRecord *holder = (const void *)body;
    copy(w->tenant, sizeof(w->tenant), holder->tenant);
    put_handle(w->who, sizeof(w->who), &holder->holder);
}

static void credential_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__CredentialRecord *credential = (const void *)body;
    put_handle(w->who, sizeof(w->who), &credential->holder);
    both(w, credential->revoked_us == 0 ? "given" : "revoked");
}

static void assignment_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__AssignmentRecord *assignment = (const void *)body;
    copy(w->tenant, sizeof(w->tenant), assignment->tenant);
    put_handle(w->who, sizeof(w->who), &assignment->person);
    both(w, assignment->shift);
}

static void tenant_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__TenantState *state = (const void *)body;
    copy(w->tenant, sizeof(w->tenant), state->tenant);
    (void)snprintf(w->text, sizeof(w->text), "%s: %s", state->suspended ? "suspended" : "resumed",
                   state->reason);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s：%s", state->suspended ? "已停用" : "已恢复",
                   state->reason);
}

static void lane_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__LaneState *state = (const void *)body;
    copy(w->lane, sizeof(w->lane), state->lane);
    (void)snprintf(w->text, sizeof(w->text), "%s: %s", lane_mode_name((enum lane_mode)state->mode),
                   state->reason);
    copy(w->text_zh, sizeof(w->text_zh), w->text);
}

static void command_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__CommandEntry *command = (const void *)body;
    copy(w->gate, sizeof(w->gate), command->gate);
    copy(w->lane, sizeof(w->lane), command->lane);
    (void)snprintf(w->text, sizeof(w->text), "open %llu: %s",
                   (unsigned long long)command->command_sequence, command->reason);
    copy(w->text_zh, sizeof(w->text_zh), w->text);
}

static void agent_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__AgentRecord *agent = (const void *)body;
    copy(w->gate, sizeof(w->gate), agent->gate);
    (void)snprintf(w->text, sizeof(w->text), "epoch %u", agent->epoch);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "纪元 %u", agent->epoch);
}

static void lookup_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__Lookup *lookup = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "%s, %u names: %s", lookup->verb, lookup->names,
                   lookup->reason);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s，%u 个姓名：%s", lookup->verb, lookup->names,
                   lookup->reason);
}

static void clearance_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__ClearanceRecord *record = (const void *)body;
    put_handle(w->who, sizeof(w->who), &record->person);
    copy(w->tenant, sizeof(w->tenant), record->tenant);
    (void)snprintf(w->text, sizeof(w->text), "%s%s", record->clearance,
                   record->removed ? " removed" : "");
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s%s", record->clearance,
                   record->removed ? " 已撤销" : "");
}

static void notice_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__NoticeRecord *notice = (const void *)body;
    put_handle(w->who, sizeof(w->who), &notice->person);
    copy(w->tenant, sizeof(w->tenant), notice->tenant);
    (void)snprintf(w->text, sizeof(w->text), "%s ends in %u days or less", notice->clearance,
                   notice->days);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s 将在 %u 天内到期", notice->clearance,
                   notice->days);
}

static void ban_words(const ProtobufCMessage *body, struct entry_words *w)
{
    static const char *const words[] = {"", "violence", "theft", "forged-pass", "safety-breach"};
    const Parkgate__BanRecord *ban = (const void *)body;
    put_handle(w->who, sizeof(w->who), &ban->holder);
    (void)snprintf(w->text, sizeof(w->text), "%s%s%s",
                   ban->reason < ARRAY_LEN(words) ? words[ban->reason] : "",
                   ban->appealed_us != 0 ? ", appealed" : "",
                   ban->appeal_result == APPEAL_LIFTED   ? ", lifted"
                   : ban->appeal_result == APPEAL_UPHELD ? ", upheld"
                                                         : "");
    copy(w->text_zh, sizeof(w->text_zh), w->text);
}

static void approval_words(const ProtobufCMessage *body, struct entry_words *w)
{
    static const char *const words[] = {"", "asked", "granted", "refused"};
    const Parkgate__ApprovalRecord *approval = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "%llu %s: %s (%s)",
                   (unsigned long long)approval->number,
                   approval->state < ARRAY_LEN(words) ? words[approval->state] : "", approval->text,
                   approval->asker);
    copy(w->text_zh, sizeof(w->text_zh), w->text);
}

static void replace_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__KeyReplace *replace = (const void *)body;
    if (replace->index_keys > 0) {
        (void)snprintf(w->text, sizeof(w->text), "index: a new key, %u in all",
                       replace->index_keys);
        (void)snprintf(w->text_zh, sizeof(w->text_zh), "索引：启用新密钥，共 %u 把",
                       replace->index_keys);
        return;
    }
    const char *whose = replace->gate[0] != '\0' ? replace->gate : "controller";
    copy(w->gate, sizeof(w->gate), replace->gate);
    (void)snprintf(w->text, sizeof(w->text), "%s: %s", whose,
                   replace->now ? "answers by its new key now" : "is to replace its key");
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s：%s", whose,
                   replace->now ? "现已启用新密钥" : "将更换密钥");
}

static void recovery_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__Recovery *recovery = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "%s: %s", recovery->name, recovery->reason);
    copy(w->text_zh, sizeof(w->text_zh), w->text);
}

static void subject_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__SubjectRecord *order = (const void *)body;
    copy(w->gate, sizeof(w->gate), order->gate);
    put_handle(w->who, sizeof(w->who), &order->holder);
    (void)snprintf(w->text, sizeof(w->text), "%s %s", order->reader,
                   order->order == SUBJECT_ADD ? "add" : "delete");
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s %s", order->reader,
                   order->order == SUBJECT_ADD ? "添加" : "删除");
}

static void row_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__ParkRow *row = (const void *)body;
    copy(w->tenant, sizeof(w->tenant), row->name);
}

static void forgive_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__ForgiveRecord *forgiven = (const void *)body;
    put_handle(w->who, sizeof(w->who), &forgiven->holder);
    copy(w->text, sizeof(w->text), forgiven->reason);
    copy(w->text_zh, sizeof(w->text_zh), w->text);
}

static void booking_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__BookingRecord *booking = (const void *)body;
    copy(w->tenant, sizeof(w->tenant), booking->tenant);
    put_handle(w->who, sizeof(w->who), &booking->driver);
    (void)snprintf(w->text, sizeof(w->text), "%s%s%s", booking->zone,
                   booking->cancelled ? ", cancelled: " : "", booking->reason);
    copy(w->text_zh, sizeof(w->text_zh), w->text);
}

static void visit_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__VisitRecord *visit = (const void *)body;
    copy(w->tenant, sizeof(w->tenant), visit->tenant);
    put_handle(w->who, sizeof(w->who), &visit->visitor);
    (void)snprintf(w->text, sizeof(w->text), "%s%s", visit->cancelled ? "cancelled: " : "",
                   visit->reason);
    copy(w->text_zh, sizeof(w->text_zh), w->text);
}

static void carry_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__CarryEntry *entry = (const void *)body;
    copy(w->gate, sizeof(w->gate), entry->gate);
    copy(w->text, sizeof(w->text), entry->reason);
    copy(w->text_zh, sizeof(w->text_zh), entry->reason);
}

static void filing_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__FaceFiling *filing = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "%s: %s", filing->number, filing->reason);
    copy(w->text_zh, sizeof(w->text_zh), w->text);
}

/* An alert's number and step, whatever it is about. */
static void alert_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__AlertEntry *change = (const void *)body;
    Parkgate__AlertRecord *alert =
        parkgate__alert_record__unpack(NULL, change->alert.len, change->alert.data);
    copy(w->who, sizeof(w->who), change->person);
    if (alert != NULL) {
        (void)snprintf(w->text, sizeof(w->text), "%s %llu", alert_step_word(change->step),
                       (unsigned long long)alert_label(alert));
        parkgate__alert_record__free_unpacked(alert, NULL);
    }
    copy(w->text_zh, sizeof(w->text_zh), w->text);
}

static void sign_key_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__SignKeyRecord *record = (const void *)body;
    struct sign_public key = {{0}};
    char id[SIGN_KEY_ID_SIZE];
    memcpy(key.bytes, record->public_key.data,
           record->public_key.len < sizeof(key.bytes) ? record->public_key.len : sizeof(key.bytes));
    sign_key_id(&key, id);
    (void)snprintf(w->text, sizeof(w->text), "the park signs with %s", id);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "园区签名密钥：%s", id);
}

static void export_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__AuditExport *given = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "entries up to %llu: %s",
                   (unsigned long long)given->at_sequence, given->reason);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "截至第 %llu 条：%s",
                   (unsigned long long)given->at_sequence, given->reason);
}

static void backup_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__BackupEntry *backup = (const void *)body;
    if (backup->made_of != 0) {
        (void)snprintf(w->text, sizeof(w->text), "%s was made, with entries up to %llu",
                       backup->dir, (unsigned long long)backup->made_upto);
        (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s 备份完成，含截至第 %llu 条的条目",
                       backup->dir, (unsigned long long)backup->made_upto);
    }
}

static void checkpoint_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__CheckpointRecord *record = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "all tables as of entry %llu, signed by %s",
                   (unsigned long long)record->at_sequence, record->key);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "截至第 %llu 条的全部表，由 %s 签名",
                   (unsigned long long)record->at_sequence, record->key);
}

static void truncation_words(const ProtobufCMessage *body, struct entry_words *w)
{
    static const char *const en[] = {"", "asked for", "refused", "began", "ended"};
    static const char *const zh[] = {"", "已申请", "被拒绝", "开始", "完成"};
    const Parkgate__TruncationRecord *record = (const void *)body;
    size_t step = record->step < ARRAY_LEN(en) ? record->step : 0;
    const char *why = step == TRUNCATION_REFUSED ? record->why : record->reason;
    (void)snprintf(w->text, sizeof(w->text), "entries up to %llu go: %s: %s",
                   (unsigned long long)record->upto, en[step], why);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "移除截至第 %llu 条的条目：%s：%s",
                   (unsigned long long)record->upto, zh[step], why);
}

static void restored_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__Restored *restored = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "from a backup that ends at entry %llu",
                   (unsigned long long)restored->backup_sequence);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "由止于第 %llu 条的备份还原",
                   (unsigned long long)restored->backup_sequence);
}

static void erasure_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__ErasureRecord *erasure = (const void *)body;
    put_handle(w->who, sizeof(w->who), &erasure->holder);
    (void)snprintf(w->text, sizeof(w->text), "%s: %s",
                   erasure->step == ERASURE_BEGAN      ? "begun"
                   : erasure->step == ERASURE_KEY_GONE ? "key-gone"
                                                       : "ended",
                   erasure->reason);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s：%s",
                   erasure->step == ERASURE_BEGAN      ? "已开始"
                   : erasure->step == ERASURE_KEY_GONE ? "密钥已销毁"
                                                       : "已完成",
                   erasure->reason);
}

/* Its number and what became of it; never what it says. */
static void disposition_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__DispositionRecord *d = (const void *)body;
    const char *between = d->reason[0] != '\0' ? ": " : "";
    (void)snprintf(w->text, sizeof(w->text), "%llu of %s %s%s%s", (unsigned long long)d->number,
                   d->peer, disposition_state_word(d->state), between, d->reason);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s 第 %llu 号 %s%s%s", d->peer,
                   (unsigned long long)d->number, disposition_state_word(d->state), between,
                   d->reason);
}

static void retention_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__RetentionEntry *entry = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "%s: %zu rows%s", entry->class_, entry->n_row,
                   entry->ended ? ", ended" : "");
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s：%zu 行%s", entry->class_, entry->n_row,
                   entry->ended ? "，本日完成" : "");
}

static void term_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__RetentionTerm *term = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "%s: %u days, %s (%s)", term->class_, term->days,
                   term->reason, term->basis);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s：%u 天，%s（%s）", term->class_, term->days,
                   term->reason, term->basis);
}

static void hold_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__HoldRecord *hold = (const void *)body;
    put_handle(w->who, sizeof(w->who), &hold->holder);
    (void)snprintf(w->text, sizeof(w->text), "%llu %s: %s", (unsigned long long)hold->number,
                   hold->ended_us != 0 ? "ended" : "on", hold->document);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%llu %s：%s", (unsigned long long)hold->number,
                   hold->ended_us != 0 ? "已结束" : "生效", hold->document);
}

static void exported_words(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__ExportRecord *record = (const void *)body;
    bool deleted = record->deleted_us != 0;
    (void)snprintf(w->text, sizeof(w->text), "%s: %s", record->kind,
                   deleted ? record->how : record->reason);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s（%s）：%s", record->kind,
                   deleted ? "已删除" : "已取走", deleted ? record->how : record->reason);
}

/* How far a disclosure is; neither of whom nor what is of him. */
static void disclosure_words(const ProtobufCMessage *body, struct entry_words *w)
{
    static const char *const steps[][2] = {
        [0] = {"", ""},
        [DISCLOSURE_AGREED] = {"agreed to", "已获同意"},
        [DISCLOSURE_BEGUN] = {"taken", "开始取走"},
        [DISCLOSURE_HANDED] = {"handed out", "已提供"},
        [DISCLOSURE_TOLD] = {"told", "已告知"},
    };
    const Parkgate__DisclosureRecord *d = (const void *)body;
    const char *const *words = steps[d->step < ARRAY_LEN(steps) ? d->step : 0];
    bool lane = d->lane[0] != '\0';
    (void)snprintf(w->text, sizeof(w->text), lane ? "%llu %s: a lane's day" : "%llu %s: %zu persons",
                   (unsigned long long)d->number, words[0], d->n_holder);
    (void)snprintf(w->text_zh, sizeof(w->text_zh),
                   lane ? "第 %llu 号%s：一条通道的一天" : "第 %llu 号%s：%zu 人",
                   (unsigned long long)d->number, words[1], d->n_holder);
}

static void no_words(const ProtobufCMessage *body, struct entry_words *w)
{
    (void)body;
    (void)w;
}

struct wording {
    enum entry_kind kind;
    const char *word;
    const ProtobufCMessageDescriptor *descriptor;
    void (*fill)(const ProtobufCMessage *body, struct entry_words *w);
};

static const struct wording wordings[] = {
    {ENTRY_GENESIS,       "genesis",       &parkgate__entry_genesis__descriptor,     no_words        },
    {ENTRY_KEY,           "key",           &parkgate__key_record__descriptor,        key_words       },
    {ENTRY_ENROL_CODE,    "enrol-code",    &parkgate__enrol_code__descriptor,        code_words      },
    {ENTRY_PARK_SLICE,    "park-slice",    &parkgate__park_slice__descriptor,        no_words        },
    {ENTRY_PARK_COMMIT,   "park-commit",   &parkgate__park_commit__descriptor,       no_words        },
    {ENTRY_HOLDER,        "holder",        &parkgate__holder_record__descriptor,     holder_words    },
    {ENTRY_CREDENTIAL,    "credential",    &parkgate__credential_record__descriptor, credential_words},
    {ENTRY_ASSIGNMENT,    "assignment",    &parkgate__assignment_record__descriptor, assignment_words},
    {ENTRY_IMPORT_BEGIN,  "import-begin",  &parkgate__stage_begin__descriptor,       no_words        },
    {ENTRY_IMPORT_SLICE,  "import-slice",  &parkgate__import_slice__descriptor,      no_words        },
    {ENTRY_IMPORT_CLOSE,  "import-close",  &parkgate__stage_close__descriptor,       no_words        },
    {ENTRY_TENANT_STATE,  "tenant-state",  &parkgate__tenant_state__descriptor,      tenant_words    },
    {ENTRY_LANE_STATE,    "lane-state",    &parkgate__lane_state__descriptor,        lane_words      },
    {ENTRY_COMMAND,       "command",       &parkgate__command_entry__descriptor,     command_words   },
    {ENTRY_AGENT_EPOCH,   "agent",         &parkgate__agent_record__descriptor,      agent_words     },
    {ENTRY_EVENT,         "event",         &parkgate__event_entry__descriptor,       event_words     },
    {ENTRY_EVENT_REFUSED, "event-refused", &parkgate__event_refused__descriptor,     refused_words   },
    {ENTRY_FAULT,         "fault",         &parkgate__fault_record__descriptor,      fault_words     },
    {ENTRY_REFUSAL,       "refusal",       &parkgate__refusal__descriptor,           refusal_words   },
    {ENTRY_LOOKUP,        "lookup",        &parkgate__lookup__descriptor,            lookup_words    },
    {ENTRY_CARRY,         "carry",         &parkgate__carry_entry__descriptor,       carry_words     },
    {ENTRY_BACKUP,        "backup",        &parkgate__backup_entry__descriptor,      backup_words    },
    {ENTRY_TENANT,        "tenant",        &parkgate__park_row__descriptor,          row_words       },
    {ENTRY_NOTICE,        "notice",        &parkgate__notice_record__descriptor,     notice_words    },
    {ENTRY_CLEARANCE,     "clearance",     &parkgate__clearance_record__descriptor,  clearance_words },
    {ENTRY_BAN,           "ban",           &parkgate__ban_record__descriptor,        ban_words       },
    {ENTRY_KEY_REPLACE,   "key-replace",   &parkgate__key_replace__descriptor,       replace_words   },
    {ENTRY_RECOVERY,      "recovery",      &parkgate__recovery__descriptor,          recovery_words  },
    {ENTRY_APPROVAL,      "approval",      &parkgate__approval_record__descriptor,   approval_words  },
    {ENTRY_BOOKING,       "booking",       &parkgate__booking_record__descriptor,    booking_words   },
    {ENTRY_VISIT,         "visit",         &parkgate__visit_record__descriptor,      visit_words     },
    {ENTRY_FORGIVE,       "forgive",       &parkgate__forgive_record__descriptor,    forgive_words   },
    {ENTRY_SUBJECT_ORDER, "subject-order", &parkgate__subject_record__descriptor,    subject_words   },
    {ENTRY_RECALLED,      "recalled",      &parkgate__recalled__descriptor,          recalled_words  },
    {ENTRY_MUSTER,        "muster",        &parkgate__muster_entry__descriptor,      muster_words    },
    {ENTRY_EMERGENCY,     "emergency",     &parkgate__emergency_record__descriptor,  emergency_words },
    {ENTRY_RETENTION,     "retention",     &parkgate__retention_entry__descriptor,   retention_words },
    {ENTRY_WATCH_RETENTION, "watch-retention", &parkgate__retention_entry__descriptor, retention_words},
    {ENTRY_RETENTION_TERM, "retention-term", &parkgate__retention_term__descriptor,  term_words      },
    {ENTRY_HOLD,          "hold",          &parkgate__hold_record__descriptor,       hold_words      },
    {ENTRY_EXPORT,        "export",        &parkgate__export_record__descriptor,    exported_words  },
    {ENTRY_DISCLOSURE,    "disclosure",    &parkgate__disclosure_record__descriptor, disclosure_words},
    {ENTRY_ERASURE,       "erasure",       &parkgate__erasure_record__descriptor,    erasure_words   },
    {ENTRY_FACE_FILING,   "face-filing",   &parkgate__face_filing__descriptor,       filing_words    },
    {ENTRY_ALERT,         "alert",         &parkgate__alert_entry__descriptor,       alert_words     },
    {ENTRY_AUTHORITY,     "authority",     &parkgate__authority_record__descriptor,  watch_words_authority},
    {ENTRY_WATCH_BEGIN,   "watch-begin",   &parkgate__watch_bundle__descriptor,      watch_words_begin},
    {ENTRY_WATCH_SLICE,   "watch-slice",   &parkgate__watch_slice__descriptor,       watch_words_slice},
    {ENTRY_WATCH_CLOSE,   "watch-close",   &parkgate__watch_close__descriptor,       watch_words_close},
    {ENTRY_WATCH_STEP,    "watch-step",    &parkgate__watch_step__descriptor,        watch_words_step},
    {ENTRY_WATCH_HIT,     "watch-hit",     &parkgate__watch_hit__descriptor,         no_words        },
    {ENTRY_WATCH_CANDIDATE, "watch-candidate", &parkgate__candidate__descriptor,    no_words        },
    {ENTRY_SIGN_KEY,      "sign-key",      &parkgate__sign_key_record__descriptor,   sign_key_words  },
    {ENTRY_RESTORED,      "restored",      &parkgate__restored__descriptor,          restored_words  },
    {ENTRY_DISPOSITION_NOTICE, "disposition-notice", &parkgate__disposition_notice__descriptor, no_words},
    {ENTRY_DISPOSITION,   "disposition",   &parkgate__disposition_record__descriptor, disposition_words},
    {ENTRY_CHECKPOINT,    "checkpoint",    &parkgate__checkpoint_record__descriptor, checkpoint_words },
    {ENTRY_TRUNCATION,    "truncation",    &parkgate__truncation_record__descriptor, truncation_words },
    {ENTRY_AUDIT_EXPORT,  "audit-export",  &parkgate__audit_export__descriptor,      export_words    },
};

/* A long text may have been cut within its last character. */
static void cut_half_character(char *text)
{
    size_t size = strlen(text);
    size_t tail = 0;
    while (tail < size && ((uint8_t)text[size - 1 - tail] & 0xc0) == 0x80) {
        tail++;
    }
    uint8_t lead = tail < size ? (uint8_t)text[size - 1 - tail] : 0;
    size_t needs = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (needs > tail) {
        text[size - 1 - tail] = '\0';
    }
}

void entry_words_of(const Parkgate__Entry *entry, struct entry_words *ret)
{
    *ret = (struct entry_words){.kind = "unknown", .verdict = "", .reason = ""};
    for (size_t i = 0; i < ARRAY_LEN(wordings); i++) {
        if ((uint32_t)wordings[i].kind != entry->kind) {
            continue;
        }
        ret->kind = wordings[i].word;
        ProtobufCMessage *body = protobuf_c_message_unpack(wordings[i].descriptor, NULL,
                                                           entry->body.len, entry->body.data);
        if (body != NULL) {
            wordings[i].fill(body, ret);
            cut_half_character(ret->text);
            cut_half_character(ret->text_zh);
            protobuf_c_message_free_unpacked(body, NULL);
        }
    }
    ret->of_holder = ret->who[0] != '\0';
    if (!ret->of_holder) {
        copy(ret->who, sizeof(ret->who), entry->actor);
    }
}

void entry_words_row(struct answer *a, const Parkgate__Entry *entry, const struct entry_words *w)
{
    answer_wall(a, (struct wall){entry->time_us});
    answer_text(a, w->kind);
    answer_text(a, w->gate);
    answer_text(a, w->lane);
    answer_text(a, w->tenant);
    answer_text(a, w->who);
    answer_text(a, w->verdict);
    answer_text(a, w->reason);
    answer_text(a, w->text);
    answer_text(a, w->text_zh);
}
