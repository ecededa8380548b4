#include "schema/watch.h"

#include <stddef.h>
#include <string.h>

#include "common/base/must.h"

static const char *const categories[WATCH_CATEGORY_COUNT] = {
    [WATCH_CATEGORY_WARRANT] = "warrant",
    [WATCH_CATEGORY_COURT_ORDER] = "court-order",
    [WATCH_CATEGORY_MISSING_PERSON] = "missing-person",
    [WATCH_CATEGORY_STOLEN_VEHICLE] = "stolen-vehicle",
    [WATCH_CATEGORY_WANTED_VEHICLE] = "wanted-vehicle",
};
static const char *const matchers[WATCH_MATCHER_COUNT] = {
    [WATCH_MATCHER_PLATE] = "plate",
    [WATCH_MATCHER_BADGE] = "badge",
    [WATCH_MATCHER_IDENTITY] = "identity",
};
static const char *const actions[WATCH_ACTION_COUNT] = {
    [WATCH_ACTION_NOTIFY] = "notify",
    [WATCH_ACTION_REVIEW] = "review",
};
static const char *const changes[WATCH_CHANGE_COUNT] = {
    [WATCH_CHANGE_ADD] = "add",
    [WATCH_CHANGE_RENEW] = "renew",
    [WATCH_CHANGE_WITHDRAW] = "withdraw",
};
static const char *const states[WATCH_STATE_COUNT] = {
    [WATCH_STATE_WAITING] = "waiting",     [WATCH_STATE_ACTING] = "acting",
    [WATCH_STATE_WITHDRAWN] = "withdrawn", [WATCH_STATE_REFUSED] = "refused",
    [WATCH_STATE_ENDED] = "ended",         [WATCH_STATE_SUSPENDED] = "suspended",
};
static const char *const instructions[WATCH_INSTRUCTION_COUNT] = {
    [WATCH_INSTRUCTION_CALL] = "call",
    [WATCH_INSTRUCTION_OBSERVE] = "observe",
    [WATCH_INSTRUCTION_ASK_TO_DESK] = "ask-to-desk",
    [WATCH_INSTRUCTION_CHECK_DOCUMENT] = "check-document",
    [WATCH_INSTRUCTION_CHECK_VEHICLE] = "check-vehicle",
    [WATCH_INSTRUCTION_OFFER_HELP] = "offer-help",
    [WATCH_INSTRUCTION_KEEP_DISTANCE] = "keep-distance",
};

static const struct {
    const char *en, *zh;
} sentences[WATCH_INSTRUCTION_COUNT] = {
    [WATCH_INSTRUCTION_NONE] = {"",                                                           ""                                                                                       },
    [WATCH_INSTRUCTION_CALL] = {"Call the contact; let the person go on.",
                                "请致电联系人；让当事人正常通行。"                                                                                                     },
    [WATCH_INSTRUCTION_OBSERVE] = {"Note time and direction and call the contact; do not speak to "
                                   "the person.",             "记下时间和方向并致电联系人；不要与当事人交谈。"                  },
    [WATCH_INSTRUCTION_ASK_TO_DESK] =
        {"Ask the person politely to the desk and call the contact; "
         "who wants to leave may leave.",                     "礼貌地请当事人到值班台并致电联系人；当事人要离开可以离开。"},
    [WATCH_INSTRUCTION_CHECK_DOCUMENT] = {"Ask to see a document at the desk, compare it, and call "
                                          "the contact.",     "在值班台请当事人出示证件，核对后致电联系人。"                     },
    [WATCH_INSTRUCTION_CHECK_VEHICLE] = {"Ask for the vehicle's papers, compare the plate, and "
                                         "call the contact.", "请出示车辆证件，核对车牌后致电联系人。"                              },
    [WATCH_INSTRUCTION_OFFER_HELP] = {"Ask whether the person needs help and call the contact.",
                                "询问当事人是否需要帮助并致电联系人。"                                                                                               },
    [WATCH_INSTRUCTION_KEEP_DISTANCE] = {"Keep your distance, warn colleagues, call 110 and the "
                                         "contact.",          "保持距离，提醒同事，拨打 110 并致电联系人。"                         },
};

static const char *name_of(const char *const *names, uint32_t count, uint32_t number)
{
    return number > 0 && number < count ? names[number] : "unknown";
}

/* 0: none. */
static uint32_t number_of(const char *const *names, uint32_t count, const char *name)
{
    for (uint32_t i = 1; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return 0;
}

#define NAMES(stem, type, names)                                                                   \
    const char *watch_##stem##_name(uint32_t number)                                               \
    {                                                                                              \
        return name_of(names, ARRAY_LEN(names), number);                                           \
    }
#define FROM_NAME(stem, type, names)                                                               \
    NAMES(stem, type, names)                                                                       \
    bool watch_##stem##_from_name(const char *name, enum type *ret)                                \
    {                                                                                              \
        uint32_t number = number_of(names, ARRAY_LEN(names), name);                                \
        if (number == 0) {                                                                         \
            return false;                                                                          \
        }                                                                                          \
        *ret = (enum type)number;                                                                  \
        return true;                                                                               \
    }

FROM_NAME(category, watch_category, categories)
FROM_NAME(matcher, watch_matcher, matchers)
FROM_NAME(action, watch_action, actions)
FROM_NAME(instruction, watch_instruction, instructions)
FROM_NAME(change, watch_change_kind, changes)
NAMES(state, watch_state, states)

const char *watch_instruction_en(uint32_t instruction)
{
    return instruction < ARRAY_LEN(sentences) ? sentences[instruction].en : "";
}

const char *watch_instruction_zh(uint32_t instruction)
{
    return instruction < ARRAY_LEN(sentences) ? sentences[instruction].zh : "";
}

bool watch_category_fits(enum watch_category category, enum watch_matcher matcher)
{
    switch (category) {
    case WATCH_CATEGORY_WARRANT:
    case WATCH_CATEGORY_MISSING_PERSON:
        return watch_matcher_is_person(matcher);
    case WATCH_CATEGORY_STOLEN_VEHICLE:
    case WATCH_CATEGORY_WANTED_VEHICLE:
        return matcher == WATCH_MATCHER_PLATE;
    case WATCH_CATEGORY_COURT_ORDER:
        return matcher == WATCH_MATCHER_PLATE || watch_matcher_is_person(matcher);
    case WATCH_CATEGORY_NONE:
    case WATCH_CATEGORY_COUNT:
        break;
    }
    return false;
}
