#include "controller/core/alert_kind.h"

#include <string.h>

#include "common/base/must.h"

/* A row a kind: word, priority, secret, what it is, what to do. The first three have names. */
/* clang-format off */
enum { HIT, CANDIDATE, FLOOD };
static const struct alert_kind kinds[] = {
    [HIT] = {"watch-hit", 2, true,
        "somebody or something looked for is at the lane", "布控对象出现在通道",
        "look at the lane; keep calm and let nobody notice; call the station; hold nobody against his will",
        "查看现场；保持平静，不要惊动；通知派出所；不得强行扣留任何人"},
    [CANDIDATE] = {"watch-candidate", 2, true,
        "it may be one that is looked for; a person decides", "疑似布控对象，须由人确认",
        "plate: compare the raw read with the entry; person: only by a document shown at the desk; then confirm or reject, within ten minutes",
        "车牌：核对原始识读与布控条目；人员：仅凭在值班台出示的证件；十分钟内确认或否定"},
    [FLOOD] = {"alert-flood", 2, false,
        "so many alerts are open that more of one kind are counted together", "未结告警过多，同类新告警合并计数",
        "work off what is open; look why so many came",
        "先处理未结告警；查明大量告警的原因"},
    {"watch-list-stale", 3, false,
        "an authority's watch list was not refreshed in time", "布控名单未按约定更新",
        "call the authority; entries act until their own end",
        "联系布控机关；条目在其有效期内继续生效"},
    {"erasure-waits", 3, false,
        "an erased person's key could not be overwritten for an hour", "已删除人员的密钥一小时内未能覆盖",
        "look into the controller's log for erasure_again; make room on the disk; end a job that hangs",
        "查看控制器日志 erasure_again；腾出磁盘空间；结束卡住的作业"},
    {"watch-pushes", 3, false,
        "an authority pushed more bundles in a day than it may", "布控机关一日内推送批次超过上限",
        "call the station: is its program at fault, or its key in other hands? parkgate authority suspend stops it",
        "联系派出所，确认是程序故障还是密钥外泄；必要时执行 parkgate authority suspend"},
    {"faces-many", 3, false,
        "so many persons have a face that it must be filed", "登记人脸人数须备案",
        "file it with the authority, then parkgate face filing",
        "向网信部门备案，再执行 parkgate face filing"},
    {"checkpoint-failed", 2, false,
        "a checkpoint of the journal was due and cannot be made", "日志检查点到期未能建立",
        "look into the controller's log for checkpoint_failed; make room on the disk; run parkgate journal verify and parkgate audit verify",
        "查看控制器日志 checkpoint_failed；腾出磁盘空间；执行 parkgate journal verify 与 parkgate audit verify"},
    {"export-overdue", 4, false,
        "an exported file is past its day and nobody said that it is deleted", "导出文件已过保存期限且无人确认已删除",
        "ask who took it to delete it, then parkgate retention deleted",
        "请领取人删除文件，再执行 parkgate retention deleted"},
    {"audit-break", 1, false,
        "the journal does not fit what was signed of it", "日志与已签名的记录不符",
        "touch nothing; call the park's security officer; run parkgate audit verify on a copy",
        "不要改动任何内容；通知安全主管；在副本上执行 parkgate audit verify"},
    {"sign-key-changed", 1, false,
        "the park signs with a key that the one before did not vouch for", "园区签名密钥被更换且未经原密钥担保",
        "was the key file lost? if nobody knows why: treat it as a break-in, compare the key with the one noted",
        "密钥文件是否丢失；如无人知情，按入侵处理，并与留存的密钥核对"},
    {"fire", 1, false,
        "a board says fire", "控制板报告火警",
        "go there and look; evacuate; call 119; never reset before you looked",
        "到现场查看；组织疏散；拨打 119；查看之前不得复位"},
    {"fire-unreached", 1, false,
        "a board did not answer while exits were released", "释放出口时控制板无应答",
        "open its exits by hand, now",
        "立即人工打开其出口"},
    {"emergency-unrecorded", 1, false,
        "a gate holds an emergency that is not on record", "大门保持着未入记录的紧急状态",
        "look whether anything burns; if not, parkgate emergency end with the reason",
        "查看是否有火情；若无，注明理由执行 parkgate emergency end"},
    {"forced", 2, false,
        "a lane was passed without a grant", "通道被强行通过",
        "go to the lane; see who it is and whether somebody is hurt",
        "到通道查看是何人、是否有人受伤"},
    {"tailgated", 3, false,
        "more went through than were granted", "有人尾随通过",
        "go to the lane; ask the second person to show a credential",
        "到通道查看；请第二人出示凭证"},
    {"held-open", 3, false,
        "a lane is held open", "通道长时间未关闭",
        "go to the lane; see what holds it; help, then shut it",
        "到通道查看原因；协助后关闭"},
    {"manual-release", 2, false,
        "a lane was opened by its manual release", "通道被手动释放",
        "go to the lane; ask who pulled it and why; set it back",
        "到通道询问何人因何拉动；确认后复位"},
    {"lane-blocked", 3, false,
        "something stands on a lane and it cannot close", "通道上有物体，无法关闭",
        "go to the lane; clear it; look that nobody is caught",
        "到通道清理；确认无人被夹"},
    {"late-opening", 4, false,
        "a board opened an exit by itself, its gate did not answer", "控制板自行打开出口，主机未及时应答",
        "look at the gate's box: is its disk or its link slow",
        "检查出入口主机的磁盘与链路"},
    {"unasked-opening", 2, false,
        "a terminal unlocked its door without a grant", "终端未经放行自行开锁",
        "go to the lane; look who went in; set the terminal to ask",
        "到现场查看何人进入；把终端设为请求判定"},
    {"not-ordered", 2, false,
        "a lane was opened in a guard's name, and nobody ordered that", "通道以值守名义打开，但无人下达命令",
        "go to the lane and to the gate's box; look for a stranger's hand",
        "查看通道与主机，排查外部操作"},
    {"wrong-tries", 3, false,
        "five wrong tries in a row at a lane", "通道连续五次尝试不符",
        "look who stands there; help, or send away",
        "查看现场是何人；协助或劝离"},
    {"passback-soft", 5, false,
        "somebody inside came in again", "已在区域内的人员再次进入",
        "ask whether a pass was handed on",
        "核查是否传卡"},
    {"zone-filling", 5, false,
        "a zone is filling", "区域人数上升",
        "watch the zone",
        "关注该区域"},
    {"zone-nearly-full", 4, false,
        "a zone is nearly full", "区域即将满员",
        "tell the zone's staff; guide people elsewhere",
        "通知区域人员，引导分流"},
    {"zone-over", 3, false,
        "a zone is over its soft limit", "区域超过软性上限",
        "let people out before more go in",
        "先疏导再放行"},
    {"device-down", 3, false,
        "a reader, camera, terminal or board does not work", "读头、相机、终端或控制板故障",
        "check power and cable; send somebody to the lane until it works",
        "检查电源与线缆；修复前派人值守通道"},
    {"device-tamper", 2, false,
        "a device was opened or tampered with", "设备被拆动",
        "go there; look at the housing and for anything that was put between; keep the video",
        "到现场检查外壳及加装物；保存录像"},
    {"terminal-decides", 3, false,
        "a face terminal decides by itself", "人脸终端自行判定",
        "correct its settings; a guard stands there until then",
        "改正其设置；此前由人值守"},
    {"body-aside", 5, false,
        "a device's message was not understood", "设备报文无法识别",
        "look at it at the gate's box: parkgate-agent --aside",
        "到主机上查看：parkgate-agent --aside"},
    {"gate-away", 2, false,
        "a gate is not heard", "出入口失联",
        "check its power and network; it decides alone while its lease lasts",
        "检查其电源与网络；授权期内其自行判定"},
    {"gate-quarantined", 1, false,
        "a gate speaks with a revoked key", "出入口使用已吊销的密钥",
        "find the box; nothing of it is applied; enrol the gate's own box anew",
        "找到该主机；其消息不予受理；为本机重新注册"},
    {"gate-floods", 2, false,
        "a gate sends more that is refused than a sound box would", "出入口发来过多被拒内容",
        "look at the box; revoke its key if it is not yours",
        "检查该主机；必要时吊销其密钥"},
    {"two-boxes", 1, false,
        "two boxes speak with one gate's key", "两台主机使用同一出入口的密钥",
        "find the other box; then enrol the gate anew",
        "找出另一台主机，再重新注册"},
    {"sequence-changed", 2, false,
        "a gate sent a known sequence with another content", "出入口以不同内容重发已知序号",
        "look into quarantine; look at the box",
        "查看隔离区；检查该主机"},
    {"event-refused", 4, false,
        "an event was refused and kept aside", "一条事件被拒收并隔离",
        "look into quarantine with who knows the gate",
        "与熟悉该出入口的人员一起查看隔离区"},
    {"quarantine-full", 3, false,
        "so many events were refused that no more are kept", "被拒收的事件已达留存上限",
        "look at the box, or revoke its key",
        "检查该主机，必要时吊销其密钥"},
    {"poison-event", 2, false,
        "an event was in work at two crashes", "处理一条事件时两次崩溃",
        "keep the log; call the maker; the event is kept aside",
        "保存日志并联系厂商；该事件已隔离"},
    {"verdict-differs", 3, false,
        "a gate acted on another verdict than the controller's", "出入口执行的判定与控制器不同",
        "look at the passage; a slow link is the usual cause",
        "核查该次通行；常见原因是链路缓慢"},
    {"offline-conflict", 3, false,
        "a gate that was alone let in who was inside already", "离线期间放行了已在园内的人员",
        "ask where that person is; look for a copied badge",
        "核实该人员位置；排查复制卡"},
    {"credential-damaged", 3, false,
        "the record of a credential is damaged", "凭证记录损坏",
        "take it back and give it anew",
        "收回后重新发放"},
    {"outbox-restored", 2, false,
        "a gate's outbox was wiped or restored", "出入口发件箱被清空或还原",
        "ask who worked on the box; compare the day's passages",
        "询问何人操作过主机；核对当日通行"},
    {"outbox-gap", 2, false,
        "events of a gate are missing", "缺少出入口的部分事件",
        "see parkgate recover",
        "请看 parkgate recover"},
    {"outbox-full", 2, false,
        "a gate's outbox is full, or nearly", "出入口发件箱即将或已经装满",
        "bring its link back; full, it lets nobody in",
        "恢复其链路；装满后该处禁止进入"},
    {"unrecorded", 2, false,
        "openings were counted, not recorded one by one", "开启只计数，未逐条记录",
        "write down by hand who passed, as far as it is known",
        "尽可能人工补记通行人员"},
    {"copy-behind", 4, false,
        "a gate's copy of the roster is behind", "出入口名册副本落后",
        "check its link",
        "检查其链路"},
    {"clock-off", 4, false,
        "a gate's clock is off", "出入口时钟偏差",
        "check its time service",
        "检查授时"},
    {"clock-untrusted", 3, false,
        "a gate's clock is far off", "出入口时钟严重偏差",
        "set it; check its time service",
        "校时并检查授时"},
    {"clock-jumped", 4, false,
        "a gate's clock jumped", "出入口时钟跳变",
        "check its time service",
        "检查授时"},
    {"gate-clock-unknown", 3, false,
        "a gate does not trust its clock", "出入口不信任自己的时钟",
        "set its clock",
        "校准其时钟"},
    {"controller-clock", 1, false,
        "the controller's clock stands before its own records", "控制器时钟早于其已有记录",
        "set it; check its time service",
        "校时并检查授时"},
    {"store-short", 1, false,
        "the controller's disk is nearly full", "控制器磁盘即将用尽",
        "free disk space now",
        "立即释放磁盘空间"},
    {"recovering", 2, false,
        "the controller was restored and gives no verdicts yet", "控制器已还原，尚不作判定",
        "parkgate recover",
        "请执行 parkgate recover"},
    {"recall-lost", 3, false,
        "events of a gate could not be brought back", "出入口的部分事件未能取回",
        "parkgate recover show",
        "请看 parkgate recover show"},
    {"admin-recovered", 1, false,
        "an admin key was made on the controller's machine", "在控制器主机上恢复了管理员密钥",
        "ask who did it and why; if nobody knows, revoke it",
        "核实何人因何操作；如无人知情，立即吊销"},
};
/* clang-format on */

static const struct alert_kind general = {
    "other", 3, false, "something needs a person", "需要人工处理", "look at it", "请查看",
};

const struct alert_kind *const alert_watch_hit = &kinds[HIT];
const struct alert_kind *const alert_watch_candidate = &kinds[CANDIDATE];
const struct alert_kind *const alert_flood = &kinds[FLOOD];

static const struct alert_kind *find(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].word, word) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

const struct alert_kind *alert_kind(const char *word)
{
    const struct alert_kind *kind = find(word);
    return kind != NULL ? kind : &general;
}

bool alert_kind_exists(const char *word)
{
    return find(word) != NULL;
}

const struct alert_kind *alert_kind_table(size_t *ret_count)
{
    *ret_count = ARRAY_LEN(kinds);
    return kinds;
}

bool alert_document_exists(const char *word)
{
    size_t size = strlen(word);
    static const char documents[] = ALERT_DOCUMENTS;
    const char *at = documents;
    while (size > 0 && strchr(word, ' ') == NULL && (at = strstr(at, word)) != NULL) {
        bool begins = at == documents || at[-1] == ' ';
        if (begins && (at[size] == '\0' || at[size] == ' ')) {
            return true;
        }
        at += size;
    }
    return false;
}
