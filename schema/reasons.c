#include "schema/reasons.h"

#include <string.h>

#include "common/base/must.h"

#define RED    REASON_LIGHT_RED
#define GREEN  REASON_LIGHT_GREEN
#define YELLOW REASON_LIGHT_YELLOW

/* Both display lines are read by bystanders: they say what to do and never why somebody is not
 * wanted. Ban and suspension therefore read alike. The operator's sentences name no person. */
/* clang-format off */
static const struct reason_text texts[] = {
    [REASON_NO_RULE] = {
        .reason = REASON_NO_RULE,
        .light = RED,
        .name = "no-rule",
        .lane_zh = "请联系保安",
        .lane_en = "Please ask the guard",
        .operator_zh = "没有规则适用，按拒绝处理；请报告此事件",
        .operator_en = "No rule applied, so it was denied; report this event",
    },
    [REASON_GRANTED] = {
        .reason = REASON_GRANTED,
        .light = GREEN,
        .name = "granted",
        .lane_zh = "请通行",
        .lane_en = "Please pass",
        .operator_zh = "所有检查通过，准予通行",
        .operator_en = "Every check passed: granted",
    },
    [REASON_EXIT] = {
        .reason = REASON_EXIT,
        .light = GREEN,
        .name = "exit",
        .lane_zh = "请通行，一路平安",
        .lane_en = "Goodbye, safe travels",
        .operator_zh = "出口实时识读，一律放行",
        .operator_en = "A live read at an exit: always granted",
    },
    [REASON_EXIT_BUTTON] = {
        .reason = REASON_EXIT_BUTTON,
        .light = GREEN,
        .name = "exit-button",
        .lane_zh = "请通行",
        .lane_en = "Please pass",
        .operator_zh = "有人按下出门按钮，一律放行",
        .operator_en = "The exit button was pressed: always granted",
    },
    [REASON_LANE_SET_FREE] = {
        .reason = REASON_LANE_SET_FREE,
        .light = GREEN,
        .name = "lane-set-free",
        .lane_zh = "请通行",
        .lane_en = "Please pass",
        .operator_zh = "通道处于放行状态，实时识读均放行并记录",
        .operator_en = "The lane is set free: every live read is granted and recorded",
    },
    [REASON_OPENED_BY_STAFF] = {
        .reason = REASON_OPENED_BY_STAFF,
        .light = GREEN,
        .name = "opened-by-staff",
        .lane_zh = "请通行",
        .lane_en = "Please pass",
        .operator_zh = "工作人员开启了通道，理由见记录",
        .operator_en = "A member of staff opened the lane; the record holds why",
    },
    [REASON_AGENT_ERROR] = {
        .reason = REASON_AGENT_ERROR,
        .light = GREEN,
        .name = "agent-error",
        .lane_zh = "请通行",
        .lane_en = "Please pass",
        .operator_zh = "出口记录写入失败，仍予放行，事后补记；请检查该门的磁盘",
        .operator_en = "The exit's record could not be written; opened all the same and "
                       "recorded late. Check the gate's disk", },
    [REASON_HISTORY] = {
        .reason = REASON_HISTORY,
        .light = RED,
        .name = "history",
        .lane_zh = "历史记录，请重新识读",
        .lane_en = "Old record, please show again",
        .operator_zh = "设备补传的历史记录，只记录，不开门",
        .operator_en = "The device sent it as history: recorded, opens nothing",
    },
    [REASON_REPLAYED] = {
        .reason = REASON_REPLAYED,
        .light = RED,
        .name = "replayed",
        .lane_zh = "重复数据，请重新识读",
        .lane_en = "Already sent, please show again",
        .operator_zh = "同一次识读已收到过，只记录，不开门",
        .operator_en = "This very read was received before: recorded, opens nothing",
    },
    [REASON_STALE_READ] = {
        .reason = REASON_STALE_READ,
        .light = RED,
        .name = "stale-read",
        .lane_zh = "识读已过时，请重新识读",
        .lane_en = "Too late, please show again",
        .operator_zh = "识读时刻距收到超过5秒，不开门；如经常出现，请检查设备网络与时钟",
        .operator_en = "Captured over 5 s before it was received: opens nothing. If frequent, "
                       "check the device's network and clock", },
    [REASON_CLOCK_UNKNOWN] = {
        .reason = REASON_CLOCK_UNKNOWN,
        .light = YELLOW,
        .name = "clock-unknown",
        .lane_zh = "设备未就绪，请走其他通道",
        .lane_en = "Not ready, use another lane",
        .operator_zh = "设备时钟尚未校准，按通道策略拒绝入园；请校准后再试",
        .operator_en = "The device's clock is not measured yet and the lane's policy denies "
                       "entries until it is", },
    [REASON_LANE_LOCKED] = {
        .reason = REASON_LANE_LOCKED,
        .light = RED,
        .name = "lane-locked",
        .lane_zh = "通道已锁定，请走其他通道",
        .lane_en = "Lane closed, use another lane",
        .operator_zh = "通道被锁定，入口关闭；用 lane normal 恢复",
        .operator_en = "The lane is locked for entries; `lane normal` ends it",
    },
    [REASON_EMERGENCY_CLOSED] = {
        .reason = REASON_EMERGENCY_CLOSED,
        .light = RED,
        .name = "emergency-closed",
        .lane_zh = "紧急状态，禁止入内",
        .lane_en = "Emergency, do not enter",
        .operator_zh = "火警或紧急状态，入口关闭，出口放行",
        .operator_en = "Fire or emergency: entries are closed, exits are free",
    },
    [REASON_CONTROLLER_SILENT] = {
        .reason = REASON_CONTROLLER_SILENT,
        .light = YELLOW,
        .name = "controller-silent",
        .lane_zh = "系统无应答，请稍候再试",
        .lane_en = "No answer, try again shortly",
        .operator_zh = "控制器未在时限内应答，该门拒绝入园、放行出园",
        .operator_en =
                "The controller did not answer in time: this gate denies entries and grants exits", },
    [REASON_REPEAT] = {
        .reason = REASON_REPEAT,
        .light = GREEN,
        .name = "repeat",
        .lane_zh = "已放行，请通行",
        .lane_en = "Already granted, go ahead",
        .operator_zh = "重复识读，先前的放行仍有效，不再次开门",
        .operator_en =
                "A repeated read while the earlier grant still stands: opens nothing new", },
    [REASON_REPEAT_PASSED] = {
        .reason = REASON_REPEAT_PASSED,
        .light = RED,
        .name = "repeat-passed",
        .lane_zh = "此凭证刚已通过",
        .lane_en = "This one has just passed",
        .operator_zh = "同一凭证刚在此通道通过，疑为递卡或车辆驶离时的再次识读",
        .operator_en = "This credential has just passed here: handed back, or a second read of "
                       "a leaving vehicle", },
    [REASON_NO_PLATE] = {
        .reason = REASON_NO_PLATE,
        .light = RED,
        .name = "no-plate",
        .lane_zh = "无车牌，请联系保安",
        .lane_en = "No plate, please ask the guard",
        .operator_zh = "摄像机报告车辆无车牌",
        .operator_en = "The camera reports a vehicle without a plate",
    },
    [REASON_PLATE_NOT_READ] = {
        .reason = REASON_PLATE_NOT_READ,
        .light = YELLOW,
        .name = "plate-not-read",
        .lane_zh = "车牌未识别，请后退重试",
        .lane_en = "Plate not read, please retry",
        .operator_zh = "检测到车辆，但车牌未能完整识别",
        .operator_en = "A vehicle was seen, but its plate was not read in full",
    },
    [REASON_CREDENTIAL_UNKNOWN] = {
        .reason = REASON_CREDENTIAL_UNKNOWN,
        .light = RED,
        .name = "credential-unknown",
        .lane_zh = "凭证未登记",
        .lane_en = "Not registered",
        .operator_zh = "该凭证未登记，无持有人",
        .operator_en = "Nobody holds this credential",
    },
    [REASON_CREDENTIAL_REVOKED] = {
        .reason = REASON_CREDENTIAL_REVOKED,
        .light = RED,
        .name = "credential-revoked",
        .lane_zh = "凭证已注销",
        .lane_en = "No longer valid",
        .operator_zh = "该凭证已注销",
        .operator_en = "The credential was revoked",
    },
    [REASON_CREDENTIAL_NOT_YET] = {
        .reason = REASON_CREDENTIAL_NOT_YET,
        .light = RED,
        .name = "credential-not-yet-valid",
        .lane_zh = "凭证尚未生效",
        .lane_en = "Not valid yet",
        .operator_zh = "该凭证尚未到生效时间",
        .operator_en = "The credential's validity has not begun",
    },
    [REASON_CREDENTIAL_EXPIRED] = {
        .reason = REASON_CREDENTIAL_EXPIRED,
        .light = RED,
        .name = "credential-expired",
        .lane_zh = "凭证已过期",
        .lane_en = "Expired",
        .operator_zh = "该凭证已过有效期",
        .operator_en = "The credential's validity is over",
    },
    [REASON_CLASS_TOO_WEAK] = {
        .reason = REASON_CLASS_TOO_WEAK,
        .light = RED,
        .name = "class-too-weak",
        .lane_zh = "此区域需更高级凭证",
        .lane_en = "Zone needs a stronger badge",
        .operator_zh = "凭证等级低于该区域要求",
        .operator_en = "The credential's class is below what the zone accepts",
    },
    [REASON_PARK_BAN] = {
        .reason = REASON_PARK_BAN,
        .light = RED,
        .name = "park-ban",
        .lane_zh = "请到保安室",
        .lane_en = "Please see the guard's desk",
        .operator_zh = "持有人处于园区禁入期内；出园不受影响",
        .operator_en = "The holder has a park ban; leaving is not affected",
    },
    [REASON_TENANT_SUSPENDED] = {
        .reason = REASON_TENANT_SUSPENDED,
        .light = RED,
        .name = "tenant-suspended",
        .lane_zh = "请联系所属单位",
        .lane_en = "Please ask your company",
        .operator_zh = "租户已停用，其人员暂不能入园",
        .operator_en = "The tenant is suspended: its people cannot enter for now",
    },
    [REASON_PERSON_SUSPENDED] = {
        .reason = REASON_PERSON_SUSPENDED,
        .light = RED,
        .name = "person-suspended",
        .lane_zh = "请到保安室",
        .lane_en = "Please see the guard's desk",
        .operator_zh = "持有人被其租户停用；对其他租户无效",
        .operator_en =
                "The holder is suspended by the tenant; this does not reach other tenants", },
    [REASON_NO_ASSIGNMENT] = {
        .reason = REASON_NO_ASSIGNMENT,
        .light = RED,
        .name = "no-assignment",
        .lane_zh = "今日无派工，请联系单位",
        .lane_en = "Not assigned, ask your company",
        .operator_zh = "此时无有效派工；租户可补充申报",
        .operator_en = "No assignment covers this time; the tenant can declare one",
    },
    [REASON_ZONE_NOT_ALLOWED] = {
        .reason = REASON_ZONE_NOT_ALLOWED,
        .light = RED,
        .name = "zone-not-allowed",
        .lane_zh = "无此区域权限",
        .lane_en = "Not allowed in this zone",
        .operator_zh = "该区域不在持有人的允许范围内",
        .operator_en = "The zone is not among those the holder may enter",
    },
    [REASON_HOLIDAY] = {
        .reason = REASON_HOLIDAY,
        .light = RED,
        .name = "holiday",
        .lane_zh = "节假日不开放",
        .lane_en = "Closed for the holiday",
        .operator_zh = "节假日表规定此时关闭",
        .operator_en = "Closed at this time by the holiday list",
    },
    [REASON_OUT_OF_SCHEDULE] = {
        .reason = REASON_OUT_OF_SCHEDULE,
        .light = RED,
        .name = "out-of-schedule",
        .lane_zh = "不在允许时段",
        .lane_en = "Outside your hours",
        .operator_zh = "当前时间不在每周允许时段内",
        .operator_en = "The time lies outside the weekly windows",
    },
    [REASON_ZONE_FULL] = {
        .reason = REASON_ZONE_FULL,
        .light = YELLOW,
        .name = "zone-full",
        .lane_zh = "区域已满，请稍候",
        .lane_en = "Full, please wait",
        .operator_zh = "区域人数或车数已达上限，有人离开后可再试",
        .operator_en = "The zone is at its limit; try again when somebody has left",
    },
    [REASON_CARD_RANDOM_ID] = {
        .reason = REASON_CARD_RANDOM_ID,
        .light = RED,
        .name = "card-random-id",
        .lane_zh = "此卡无法识别，请换卡",
        .lane_en = "Card not usable, change it",
        .operator_zh = "此卡每次读取都给出新的随机编号，无法识别持卡人；请启用双密钥方案或换卡",
        .operator_en = "The card draws a new id at each read, so it identifies nobody; set up the two-key scheme or give another card",
    },
    [REASON_CARD_NOT_AUTHENTIC] = {
        .reason = REASON_CARD_NOT_AUTHENTIC,
        .light = RED,
        .name = "card-not-authentic",
        .lane_zh = "请联系保安",
        .lane_en = "Please ask the guard",
        .operator_zh = "卡片未能通过密钥验证，可能是复制卡；请收回并换卡",
        .operator_en = "The card could not prove that it holds its key: perhaps a copy; take it in and give another",
    },
    [REASON_RELAY_SUSPECTED] = {
        .reason = REASON_RELAY_SUSPECTED,
        .light = RED,
        .name = "relay-suspected",
        .lane_zh = "请重新刷卡",
        .lane_en = "Show the card again",
        .operator_zh = "卡片应答慢于该卡型的上限，疑似中继攻击；持卡人应再次刷卡，若反复出现请检查读卡器周围",
        .operator_en = "The card answered slower than its type does: perhaps relayed over a distance. Show it again; if it goes on, look around the reader",
    },
    [REASON_FIRST_PERSON_MISSING] = {
        .reason = REASON_FIRST_PERSON_MISSING,
        .light = YELLOW,
        .name = "first-person-missing",
        .lane_zh = "请等候负责人先入",
        .lane_en = "Wait for your supervisor",
        .operator_zh = "该区域今日尚未由持有首入资格的人员开启",
        .operator_en = "The zone opens each day with the entry of a holder of its first-person clearance; none has come today",
    },
    [REASON_CLEARANCE_MISSING] = {
        .reason = REASON_CLEARANCE_MISSING,
        .light = RED,
        .name = "clearance-missing",
        .lane_zh = "准入条件不足，请联系本单位",
        .lane_en = "See your company first",
        .operator_zh = "此人缺少该区域要求的准入条件；请由租户补办，并由园区登记",
        .operator_en = "A clearance that the zone asks for is not held; the tenant obtains it, the park records it",
    },
    [REASON_CLEARANCE_EXPIRED] = {
        .reason = REASON_CLEARANCE_EXPIRED,
        .light = RED,
        .name = "clearance-expired",
        .lane_zh = "准入条件已过期，请联系本单位",
        .lane_en = "See your company first",
        .operator_zh = "此人的准入条件已过期；请由租户续办，并由园区登记",
        .operator_en = "A clearance that the zone asks for is over; the tenant renews it, the park records it",
    },
    [REASON_SECOND_NEEDED] = {
        .reason = REASON_SECOND_NEEDED,
        .light = YELLOW,
        .name = "second-needed",
        .lane_zh = "请输入密码或刷脸",
        .lane_en = "Enter PIN or show face",
        .operator_zh = "此通道需要第二凭证；请在时限内输入密码或刷脸",
        .operator_en = "This lane asks for a second credential; enter the PIN or show the face within its window",
    },
    [REASON_SECOND_WRONG] = {
        .reason = REASON_SECOND_WRONG,
        .light = RED,
        .name = "second-wrong",
        .lane_zh = "验证未通过，请重试",
        .lane_en = "Not accepted, try again",
        .operator_zh = "第二凭证与先前的凭证不是同一人，或密码错误",
        .operator_en = "The second credential is not of the person who showed the first, or the PIN is wrong",
    },
    [REASON_DRIVER_NEEDED] = {
        .reason = REASON_DRIVER_NEEDED,
        .light = YELLOW,
        .name = "driver-needed",
        .lane_zh = "请司机刷卡",
        .lane_en = "Driver: show your badge",
        .operator_zh = "此通道需要车牌和司机凭证；请在时限内出示另一项",
        .operator_en = "This lane needs plate and driver; show the other one within its window",
    },
    [REASON_DRIVER_WRONG] = {
        .reason = REASON_DRIVER_WRONG,
        .light = RED,
        .name = "driver-wrong",
        .lane_zh = "人车不符，请联系保安",
        .lane_en = "Driver and vehicle differ",
        .operator_zh = "司机与车辆不在同一预约或长期许可内",
        .operator_en = "Driver and vehicle are not on one booking or standing permission",
    },
    [REASON_PARTNER_NEEDED] = {
        .reason = REASON_PARTNER_NEEDED,
        .light = YELLOW,
        .name = "partner-needed",
        .lane_zh = "请两人同行",
        .lane_en = "Two persons, please",
        .operator_zh = "双人区域：无人在内时，须有另一名有权人员在时限内于同一通道刷卡",
        .operator_en = "Two-person zone: while nobody is inside, another permitted person must show at the same lane within its window",
    },
    [REASON_ANTI_PASSBACK] = {
        .reason = REASON_ANTI_PASSBACK,
        .light = RED,
        .name = "anti-passback",
        .lane_zh = "记录显示已在园内，请联系保安",
        .lane_en = "Already inside: ask the guard",
        .operator_zh = "防折返：记录显示持有人已在区域内；核实后可用 passback forgive 免除",
        .operator_en = "Anti-passback: the record says that the holder is inside already; check, then passback forgive",
    },
    [REASON_TENANT_FULL] = {
        .reason = REASON_TENANT_FULL,
        .light = RED,
        .name = "tenant-full",
        .lane_zh = "本单位人数已满",
        .lane_en = "Your company is at its limit",
        .operator_zh = "该租户在园人数已达上限",
        .operator_en = "The tenant has as many persons inside as it may",
    },
    [REASON_CROWD_LIMIT] = {
        .reason = REASON_CROWD_LIMIT,
        .light = YELLOW,
        .name = "crowd-limit",
        .lane_zh = "人流较大，请稍候再刷",
        .lane_en = "Crowded: try in a minute",
        .operator_zh = "该区域每分钟进入人数已达上限；稍候即可",
        .operator_en = "The zone takes no more entries this minute; try again shortly",
    },
    [REASON_PASSBACK_TIMED] = {
        .reason = REASON_PASSBACK_TIMED,
        .light = RED,
        .name = "passback-timed",
        .lane_zh = "刚刚已进入，请稍后再来",
        .lane_en = "Entered just now, come later",
        .operator_zh = "定时防折返：上次进入后时间过短；可用 passback forgive 免除",
        .operator_en = "Timed anti-passback: the last entry is too short ago; passback forgive lifts it",
    },
    [REASON_ESCORT_NEEDED] = {
        .reason = REASON_ESCORT_NEEDED,
        .light = YELLOW,
        .name = "escort-needed",
        .lane_zh = "请由接待人陪同",
        .lane_en = "Please wait for your host",
        .operator_zh = "访客须由接待人陪同：接待人应在时限内于同一通道先刷卡",
        .operator_en = "A visitor enters with the host, who shows at the same lane first, within its window",
    },
    [REASON_INTERLOCK] = {
        .reason = REASON_INTERLOCK,
        .light = YELLOW,
        .name = "interlock",
        .lane_zh = "另一道门未关，请稍候",
        .lane_en = "Wait: other door is open",
        .operator_zh = "互锁：另一通道正在开启，关闭后即可",
        .operator_en = "Interlock: the other lane stands open; wait until it is shut",
    },
    [REASON_GRANTED_PASSBACK] = {
        .reason = REASON_GRANTED_PASSBACK,
        .light = GREEN,
        .name = "granted-passback",
        .lane_zh = "请通行",
        .lane_en = "Please pass",
        .operator_zh = "软性防折返：记录显示已在区域内，仍予放行并作标记",
        .operator_en = "Soft anti-passback: the record says inside already; granted and marked",
    },
};
/* clang-format on */
_Static_assert(ARRAY_LEN(texts) == REASON_COUNT, "each reason has its text");

const struct reason_text *reason_text(enum reason reason)
{
    static const struct reason_text unknown = {
        .reason = REASON_NO_RULE,
        .light = RED,
        .name = "unknown-reason",
        .lane_zh = "请联系保安",
        .lane_en = "Please ask the guard",
        .operator_zh = "本版本不认识的原因编号，请升级程序",
        .operator_en = "A reason number that this version does not know; upgrade the program",
    };
    const struct reason_text *text = reason_at((size_t)reason);
    return text != NULL ? text : &unknown;
}

const struct reason_text *reason_by_name(const char *name)
{
    MUST(name != NULL);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (strcmp(texts[i].name, name) == 0) {
            return &texts[i];
        }
    }
    return NULL;
}

const struct reason_text *reason_at(size_t index)
{
    return index < ARRAY_LEN(texts) ? &texts[index] : NULL;
}
