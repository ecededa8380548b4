#include "admin-cli/words.h"

#include <string.h>

#include "common/base/must.h"
#include "schema/reasons.h"

struct title {
    const char *id;
    enum column_kind kind;
    const char *en, *zh;
};

/* clang-format off: its columns would move every row for one new word. */
static const struct title titles[] = {
    {"made_us", COLUMN_TIME, "made", "生成时间"},
    {"file", COLUMN_TEXT, "file", "文件"},
    {"rows", COLUMN_NUMBER, "rows", "行数"},
    {"bytes", COLUMN_NUMBER, "bytes", "字节"},
    {"boards_down", COLUMN_NUMBER, "boards down", "故障控制板"},
    {"clock_unknown", COLUMN_WORD, "clock unknown", "时钟未知"},
    {"copy_age_s", COLUMN_NUMBER, "copy age s", "副本时龄（秒）"},
    {"copy_lag", COLUMN_NUMBER, "copy lag", "副本落后条数"},
    {"copy_sequence", COLUMN_NUMBER, "copy sequence", "副本序号"},
    {"emergency", COLUMN_WORD, "emergency", "紧急状态"},
    {"emergency_us", COLUMN_TIME, "emergency since", "紧急状态始于"},
    {"emergency_by", COLUMN_TEXT, "emergency by", "紧急状态来自"},
    {"emergency_entries", COLUMN_WORD, "entries", "入口"},
    {"by", COLUMN_TEXT, "by", "来自"},
    {"lease_left_s", COLUMN_NUMBER, "lease left s", "租约剩余（秒）"},
    {"outbox_permille", COLUMN_NUMBER, "outbox permille", "待发队列千分比"},
    {"readers_down", COLUMN_NUMBER, "readers down", "故障读头"},
    {"taken", COLUMN_WORD, "taken", "已收到"},
    {"fire", COLUMN_TEXT, "fire at", "火警控制板"},
    {"evacuation", COLUMN_WORD, "evacuation", "疏散"},
    {"admits", COLUMN_WORD, "entries run on", "入口照常"},
    {"number", COLUMN_NUMBER, "number", "编号"},
    {"told", COLUMN_WORD, "told all", "已报全"},
    {"gates_unheard", COLUMN_NUMBER, "gates not heard", "未报全数"},
    {"unheard", COLUMN_TEXT, "not heard", "未报全"},
    {"added_us", COLUMN_TIME, "added", "添加时间"},
    {"after", COLUMN_NUMBER, "after", "序号"},
    {"actor", COLUMN_TEXT, "by", "操作者"},
    {"agents", COLUMN_TEXT, "agents port", "代理端口"},
    {"assignment", COLUMN_TEXT, "assignment", "派工"},
    {"assignments", COLUMN_NUMBER, "assignments", "派工数"},
    {"body_bytes", COLUMN_NUMBER, "bytes", "字节"},
    {"change", COLUMN_WORD, "change", "变更"},
    {"changes", COLUMN_NUMBER, "changes", "变更数"},
    {"class", COLUMN_WORD, "class", "级别"},
    {"code", COLUMN_TEXT, "code", "注册码"},
    {"command", COLUMN_NUMBER, "command", "命令号"},
    {"config_version", COLUMN_NUMBER, "config version", "配置版本"},
    {"credential", COLUMN_TEXT, "credential", "凭证"},
    {"credentials", COLUMN_NUMBER, "credentials", "凭证数"},
    {"cut", COLUMN_TEXT, "cut", "营业日起始"},
    {"date", COLUMN_TEXT, "date", "日期"},
    {"devices_down", COLUMN_NUMBER, "devices down", "故障设备"},
    {"differences", COLUMN_NUMBER, "differences", "差异"},
    {"direction", COLUMN_WORD, "direction", "方向"},
    {"enrol", COLUMN_TEXT, "enrol port", "注册端口"},
    {"entries", COLUMN_NUMBER, "entries", "进"},
    {"epoch", COLUMN_NUMBER, "epoch", "纪元"},
    {"exits", COLUMN_NUMBER, "exits", "出"},
    {"expires_us", COLUMN_TIME, "expires", "到期时间"},
    {"fault", COLUMN_TEXT, "fault", "故障"},
    {"field", COLUMN_WORD, "field", "字段"},
    {"first_bad", COLUMN_NUMBER, "first bad", "首个错误"},
    {"first_in_us", COLUMN_TIME, "first in", "首次进入"},
    {"from", COLUMN_TEXT, "from", "开始"},
    {"gate", COLUMN_TEXT, "gate", "出入口"},
    {"gates", COLUMN_NUMBER, "gates", "出入口数"},
    {"gates_online", COLUMN_NUMBER, "gates online", "在线出入口"},
    {"hash", COLUMN_TEXT, "hash", "哈希"},
    {"head", COLUMN_NUMBER, "newest", "最新"},
    {"heard_us", COLUMN_TIME, "heard", "最近联系"},
    {"hour", COLUMN_NUMBER, "hour", "小时"},
    {"id_last4", COLUMN_TEXT, "ID last 4", "证件后四位"},
    {"import", COLUMN_TEXT, "import", "导入"},
    {"inside", COLUMN_NUMBER, "inside", "在园"},
    {"journal_seq", COLUMN_NUMBER, "journal entries", "日志条目"},
    {"keys", COLUMN_TEXT, "person keys", "人员密钥"},
    {"kind", COLUMN_WORD, "kind", "类型"},
    {"lane", COLUMN_TEXT, "lane", "通道"},
    {"last_out_us", COLUMN_TIME, "last out", "最后离开"},
    {"metric", COLUMN_TEXT, "metric", "指标"},
    {"labels", COLUMN_TEXT, "labels", "标签"},
    {"bound", COLUMN_TEXT, "bound", "上限"},
    {"mode", COLUMN_WORD, "mode", "模式"},
    {"more", COLUMN_TEXT, "more with --after", "续页 --after"},
    {"until_us", COLUMN_TIME, "until", "有效期至"},
    {"name", COLUMN_TEXT, "name", "名称"},
    {"offset_ms", COLUMN_NUMBER, "clock offset ms", "时钟偏差毫秒"},
    {"open_faults", COLUMN_NUMBER, "open faults", "未结故障"},
    {"park", COLUMN_TEXT, "park", "园区"},
    {"peak", COLUMN_NUMBER, "peak", "峰值"},
    {"peak_us", COLUMN_TIME, "peak at", "峰值时间"},
    {"pending", COLUMN_NUMBER, "pending", "待处理"},
    {"person", COLUMN_TEXT, "person", "人员"},
    {"persons", COLUMN_NUMBER, "persons", "人数"},
    {"plate", COLUMN_TEXT, "plate", "车牌"},
    {"present", COLUMN_NUMBER, "present", "在岗"},
    {"public", COLUMN_TEXT, "public key", "公钥"},
    {"reason", COLUMN_REASON, "reason", "原因"},
    {"result", COLUMN_WORD, "result", "结果"},
    {"revision", COLUMN_NUMBER, "revision", "修订"},
    {"role", COLUMN_TEXT, "role", "角色"},
    {"row", COLUMN_NUMBER, "row", "条"},
    {"rule", COLUMN_TEXT, "rule", "规则"},
    {"rule_zh", COLUMN_TEXT, "rule (zh)", "规则说明"},
    {"scope", COLUMN_TEXT, "scope", "范围"},
    {"seq", COLUMN_NUMBER, "seq", "序号"},
    {"sequence", COLUMN_NUMBER, "sequence", "序号"},
    {"server_key", COLUMN_TEXT, "server key", "控制器公钥"},
    {"frames_refused", COLUMN_NUMBER, "frames refused", "拒绝的报文"},
    {"store_used_percent", COLUMN_NUMBER, "store used %", "存储使用 %"},
    {"text_zh", COLUMN_TEXT, "text (zh)", "中文说明"},
    {"park_zh", COLUMN_TEXT, "park (zh)", "园区中文名"},
    {"shift", COLUMN_TEXT, "shift", "班次"},
    {"since_us", COLUMN_TIME, "since", "自"},
    {"stage", COLUMN_TEXT, "stage", "暂存"},
    {"state", COLUMN_WORD, "state", "状态"},
    {"store", COLUMN_TEXT, "store", "存储"},
    {"subject", COLUMN_WORD, "subject", "对象"},
    {"tables", COLUMN_NUMBER, "tables", "表数"},
    {"tenant", COLUMN_TEXT, "tenant", "租户"},
    {"text", COLUMN_TEXT, "text", "说明"},
    {"time_us", COLUMN_TIME, "time", "时间"},
    {"title", COLUMN_TEXT, "title", "名称"},
    {"title_zh", COLUMN_TEXT, "title (zh)", "中文名称"},
    {"to", COLUMN_TEXT, "to", "结束"},
    {"uncertain", COLUMN_NUMBER, "uncertain", "不确定"},
    {"until", COLUMN_TEXT, "until", "有效期至"},
    {"updated", COLUMN_NUMBER, "updated", "已更新"},
    {"value", COLUMN_TEXT, "value", "值"},
    {"vehicle", COLUMN_TEXT, "vehicle", "车辆"},
    {"vehicles", COLUMN_NUMBER, "vehicles", "车辆数"},
    {"verdict", COLUMN_WORD, "verdict", "判定"},
    {"who", COLUMN_TEXT, "who", "代号"},
    {"zone", COLUMN_TEXT, "zone", "区域"},
    {"zones", COLUMN_TEXT, "zones", "区域"},
    {"recovery", COLUMN_WORD, "recovery", "恢复"},
    {"backup_seq", COLUMN_NUMBER, "backup's number", "备份序号"},
    {"fresh", COLUMN_NUMBER, "new", "新"},
    {"no_lane", COLUMN_NUMBER, "lane unknown", "通道未知"},
    {"lost", COLUMN_NUMBER, "lost", "丢失"},
    {"look", COLUMN_TEXT, "first", "请先"},
    {"what", COLUMN_WORD, "what", "事项"},
    {"handle", COLUMN_TEXT, "handle", "代号"},
    {"unconfirmed", COLUMN_WORD, "waits to be confirmed", "待确认"},
    {"confirmed", COLUMN_NUMBER, "confirmed", "已确认"},
    {"id", COLUMN_TEXT, "entry", "条目"},
    {"at_us", COLUMN_TIME, "at", "时间"},
    {"matcher", COLUMN_WORD, "found by", "匹配依据"},
    {"how", COLUMN_WORD, "how", "方式"},
    {"test", COLUMN_WORD, "test", "测试条目"},
    {"newest", COLUMN_NUMBER, "newest", "最新编号"},
};
/* clang-format on */

/* Stable words that stand in cells, in Chinese; their English is themselves. */
static const struct {
    const char *word, *zh;
} words[] = {
    {"fire",           "火警"      },
    {"evacuation",     "疏散"      },
    {"none",           "无"         },
    {"yes",            "是"         },
    {"no",             "否"         },
    {"closed",         "关闭"      },
    {"run-on",         "照常"      },
    {"emergency",      "紧急状态"},
    {"muster",         "清点"      },
    {"muster-opened",  "查看名单"},
    {"grant",          "放行"      },
    {"deny",           "拒绝"      },
    {"exact",          "精确"      },
    {"confirmed",      "已确认"   },
    {"identity",       "证件"      },
    {"review",         "核查"      },
    {"add",            "新增"      },
    {"change",         "修改"      },
    {"remove",         "删除"      },
    {"staff",          "正式工"   },
    {"day",            "日结工"   },
    {"driver",         "司机"      },
    {"visitor",        "访客"      },
    {"active",         "正常"      },
    {"suspended",      "已停用"   },
    {"valid",          "有效"      },
    {"revoked",        "已吊销"   },
    {"expired",        "已过期"   },
    {"ended",          "已结束"   },
    {"online",         "在线"      },
    {"away",           "离线"      },
    {"quarantined",    "已隔离"   },
    {"up",             "正常"      },
    {"down",           "故障"      },
    {"unknown",        "未知"      },
    {"normal",         "正常"      },
    {"free",           "自由通行"},
    {"locked",         "锁闭"      },
    {"in",             "进"         },
    {"out",            "出"         },
    {"both",           "双向"      },
    {"persons",        "人员"      },
    {"vehicles",       "车辆"      },
    {"bearer",         "凭证即可"},
    {"uid-only",       "仅卡号"   },
    {"authenticated",  "已认证"   },
    {"exit-button",    "出门按钮"},
    {"command-result", "命令结果"},
    {"genesis",        "建园"      },
    {"key",            "密钥"      },
    {"enrol-code",     "注册码"   },
    {"park-slice",     "园区配置"},
    {"park-commit",    "园区生效"},
    {"holder",         "登记"      },
    {"credential",     "凭证"      },
    {"assignment",     "派工"      },
    {"import-begin",   "导入开始"},
    {"import-slice",   "导入分段"},
    {"import-close",   "导入完成"},
    {"tenant-state",   "租户状态"},
    {"lane-state",     "通道状态"},
    {"agent",          "代理"      },
    {"event",          "事件"      },
    {"event-refused",  "事件隔离"},
    {"refusal",        "拒绝请求"},
    {"lookup",         "查询"      },
    {"backup",         "备份"      },
    {"recalled",       "取回"      },
    {"giving",         "取回中"   },
    {"needs-park",     "缺园区配置"},
    {"asking",         "询问中"   },
    {"not-enrolled",   "未注册"   },
    {"live",           "有效"      },
    {"banned",         "禁入"      },
    {"park",           "园区"      },
    {"good",           "正常"      },
    {"faults",         "有故障"   },
    {"store-full",     "存储已满"},
    {"ok",             "正常"      },
    {"equal",          "一致"      },
    {"different",      "不一致"   },
    {"running",        "运行中"   },
    {"site",           "园区"      },
    {"zone",           "区域"      },
    {"gate",           "出入口"   },
    {"lane",           "通道"      },
    {"reader",         "识读设备"},
    {"board",          "控制板"   },
    {"tenant",         "租户"      },
    {"shift",          "班次"      },
    {"schedule",       "时间表"   },
    {"holiday",        "节假日"   },
    {"presentation",   "识读"      },
    {"passage",        "通行"      },
    {"button",         "出门按钮"},
    {"acted",          "已执行"   },
    {"command",        "命令"      },
    {"device",         "设备"      },
    {"tamper",         "防拆"      },
    {"fault",          "故障"      },
    {"refused",        "被拒绝"   },
    {"badge",          "门禁卡"   },
    {"plate",          "车牌"      },
    {"face",           "人脸"      },
    {"name",           "姓名"      },
    {"id_number",      "身份证号"},
    {"phone",          "电话"      },
    {"agency",         "劳务公司"},
    {"kind",           "类型"      },
    {"state",          "状态"      },
    {"external",       "工号"      },
    {"person",         "人员"      },
};

static const struct title *find(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
        if (strcmp(titles[i].id, id) == 0) {
            return &titles[i];
        }
    }
    return NULL;
}

enum column_kind word_column_kind(const char *id)
{
    const struct title *title = find(id);
    size_t size = strlen(id);
    if (title != NULL) {
        return title->kind;
    }
    return size > 3 && strcmp(id + size - 3, "_us") == 0 ? COLUMN_TIME : COLUMN_TEXT;
}

const char *word_title(const char *id, enum lang lang)
{
    const struct title *title = find(id);
    return title == NULL ? id : lang == LANG_ZH ? title->zh : title->en;
}

const char *word_value(const char *id, const char *value, enum lang lang)
{
    if (lang != LANG_ZH) {
        return value;
    }
    if (word_column_kind(id) == COLUMN_REASON) {
        const struct reason_text *text = reason_by_name(value);
        return text == NULL ? value : text->lane_zh;
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i].word, value) == 0) {
            return words[i].zh;
        }
    }
    return value;
}
