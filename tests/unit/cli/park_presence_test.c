/* Goal: the park file's keys of limits, anti-passback and interlocks become rows word for word, and
 * wrong ones are refused with file, line and key. Method: one file with all of them against the
 * expected rows; then one wrong file a key, exact text in both languages. */
#include "tests/unit/cli/run.h"

#include "admin-cli/park_file.h"
#include "schema/kinds.h"
#include "schema/park.pb-c.h"

#define HEAD                                                                                       \
    "park:\n  name: p\n  time_zone: Asia/Shanghai\nzones:\n  - name: yard\ngates:\n  - name: "     \
    "north\nlanes: []\n"

static const char whole[] =
    "park:\n  name: p\n  time_zone: Asia/Shanghai\n"
    "zones:\n  - name: yard\n    capacity: 100\n    capacity_soft: 90\n    alert_first: 70\n    open_by_two: true\n"
    "    alert_second: 85\n    crowd: 60\n    spot_check: 20\n    first_person: true\n    "
    "first_clearance: leader\n"
    "gates:\n  - name: north\n"
    "lanes:\n"
    "  - name: a\n    gate: north\n    zone: yard\n    direction: in\n    interlock: b\n"
    "  - name: dock\n    gate: north\n    zone: yard\n    direction: in\n    subject: vehicles\n"
    "    board: x\n    open_coil: 2\n    actuator: bollard\n    crush_input: 9\n    manual_input: "
    "10\n"
    "tenants:\n  - name: sun\n    zones: [yard]\n    capacity: 40\n"
    "alerts:\n"
    "  - kind: forced\n    priority: 1\n    acknowledge_s: 30\n    reactivate_s: 0\n"
    "    tell: [guard, wang]\n    procedure: go\n    procedure_zh: 去\n"
    "passback:\n"
    "  - name: once\n    mode: hard\n    zones: [yard]\n"
    "  - name: slow\n    mode: timed\n    zones: [yard, hall]\n    minutes: 30\n"
    "    for: [staff, visitor, vehicles]\n    tenants: [sun]\n";

static Parkgate__ParkRow *row_of(const struct park_file *file, uint32_t kind, const char *name)
{
    for (size_t i = 0; i < file->rows.count; i++) {
        struct bytes packed = rows_at(&file->rows, i);
        Parkgate__ParkRow *row = parkgate__park_row__unpack(NULL, packed.size, packed.data);
        assert_non_null(row);
        if (row->kind == kind && strcmp(row->name, name) == 0) {
            return row;
        }
        parkgate__park_row__free_unpacked(row, NULL);
    }
    fail_msg("no row %s", name);
    return NULL;
}

static ProtobufCMessage *body_of(const struct park_file *file, uint32_t kind, const char *name,
                                 const ProtobufCMessageDescriptor *descriptor)
{
    Parkgate__ParkRow *row = row_of(file, kind, name);
    ProtobufCMessage *body =
        protobuf_c_message_unpack(descriptor, NULL, row->body.len, row->body.data);
    parkgate__park_row__free_unpacked(row, NULL);
    assert_non_null(body);
    return body;
}

static void every_key_reaches_its_row(void **state)
{
    struct park_file file;
    struct complaint c = {0};
    (void)state;
    assert_true(park_file_parse("park.yaml", whole, strlen(whole), &file, &c));
    Parkgate__ParkZone *yard =
        (void *)body_of(&file, PARK_ZONE, "yard", &parkgate__park_zone__descriptor);
    assert_int_equal(yard->capacity, 100);
    assert_int_equal(yard->capacity_soft, 90);
    assert_int_equal(yard->alert_first, 70);
    assert_int_equal(yard->alert_second, 85);
    assert_int_equal(yard->crowd_per_minute, 60);
    assert_int_equal(yard->spot_check, 20);
    assert_true(yard->first_person && yard->open_by_two);
    assert_string_equal(yard->first_clearance, "leader");
    parkgate__park_zone__free_unpacked(yard, NULL);
    Parkgate__ParkLane *lane =
        (void *)body_of(&file, PARK_LANE, "a", &parkgate__park_lane__descriptor);
    assert_string_equal(lane->interlock, "b");
    assert_int_equal(lane->actuator, ACTUATOR_TURNSTILE);
    parkgate__park_lane__free_unpacked(lane, NULL);
    lane = (void *)body_of(&file, PARK_LANE, "dock", &parkgate__park_lane__descriptor);
    assert_int_equal(lane->actuator, ACTUATOR_BOLLARD);
    assert_true(lane->has_crush_input && lane->has_manual_input);
    assert_int_equal(lane->crush_input, 9);
    assert_int_equal(lane->manual_input, 10);
    parkgate__park_lane__free_unpacked(lane, NULL);
    Parkgate__ParkTenant *tenant =
        (void *)body_of(&file, PARK_TENANT, "sun", &parkgate__park_tenant__descriptor);
    assert_int_equal(tenant->capacity, 40);
    parkgate__park_tenant__free_unpacked(tenant, NULL);
    park_file_destroy(&file);
}

static void anti_passback_reaches_its_rows(void **state)
{
    struct park_file file;
    struct complaint c = {0};
    (void)state;
    assert_true(park_file_parse("park.yaml", whole, strlen(whole), &file, &c));
    Parkgate__ParkPassback *once =
        (void *)body_of(&file, PARK_PASSBACK, "once", &parkgate__park_passback__descriptor);
    assert_int_equal(once->mode, PASSBACK_MODE_HARD);
    assert_int_equal(once->n_zone, 1);
    assert_int_equal(once->n_kind + once->n_tenant + once->minutes, 0);
    assert_false(once->vehicles);
    parkgate__park_passback__free_unpacked(once, NULL);
    Parkgate__ParkPassback *slow =
        (void *)body_of(&file, PARK_PASSBACK, "slow", &parkgate__park_passback__descriptor);
    assert_int_equal(slow->mode, PASSBACK_MODE_TIMED);
    assert_int_equal(slow->minutes, 30);
    assert_int_equal(slow->n_zone, 2);
    assert_string_equal(slow->zone[1], "hall");
    assert_int_equal(slow->n_kind, 2);
    assert_int_equal(slow->kind[0], PERSON_STAFF);
    assert_int_equal(slow->kind[1], PERSON_VISITOR);
    assert_true(slow->vehicles);
    assert_string_equal(slow->tenant[0], "sun");
    parkgate__park_passback__free_unpacked(slow, NULL);
    park_file_destroy(&file);
}

static void alerts_reach_their_rows(void **state)
{
    struct park_file file;
    struct complaint c = {0};
    (void)state;
    assert_true(park_file_parse("park.yaml", whole, strlen(whole), &file, &c));
    Parkgate__ParkAlert *rule =
        (void *)body_of(&file, PARK_ALERT, "forced", &parkgate__park_alert__descriptor);
    assert_int_equal(rule->priority, 1);
    assert_int_equal(rule->n_limit_s, ALERT_LIMIT_COUNT);
    assert_int_equal(rule->limit_s[ALERT_LIMIT_ACKNOWLEDGE], 30);
    assert_int_equal(rule->limit_s[ALERT_LIMIT_DISPATCH] + rule->limit_s[ALERT_LIMIT_DECIDE], 0);
    assert_true(rule->has_reactivate && rule->reactivate_s == 0);
    assert_int_equal(rule->n_tell, 2);
    assert_string_equal(rule->tell[1], "wang");
    assert_string_equal(rule->procedure, "go");
    assert_string_equal(rule->procedure_zh, "去");
    parkgate__park_alert__free_unpacked(rule, NULL);
    park_file_destroy(&file);
}

static void expect(const char *text, const char *en, const char *zh)
{
    struct park_file file;
    struct complaint c = {0};
    char got[1024];
    if (park_file_parse("park.yaml", text, strlen(text), &file, &c)) {
        fail_msg("taken, but it is wrong: %s", text);
    }
    error_sentence_en(&c, got, sizeof(got));
    assert_string_equal(got, en);
    error_sentence_zh(&c, got, sizeof(got));
    assert_string_equal(got, zh);
    assert_int_equal(error_exit(c.number), EXIT_BAD_FILE);
}

static void wrong_rules_are_refused_with_their_line(void **state)
{
    (void)state;
    expect(HEAD "passback:\n  - name: once\n    mode: harsh\n    zones: [yard]\n",
           "park.yaml, line 11: passback[1].mode: \"harsh\" is not allowed here; see "
           "docs/park-file.md",
           "park.yaml，第 11 行：passback[1].mode：此处不能写 \"harsh\"；请看 docs/park-file.md");
    expect(HEAD "passback:\n  - name: once\n    mode: hard\n    zones: [yard]\n    for: [guards]\n",
           "park.yaml, line 13: passback[1].for: \"guards\" is not allowed here; see "
           "docs/park-file.md",
           "park.yaml，第 13 行：passback[1].for：此处不能写 \"guards\"；请看 docs/park-file.md");
    expect(HEAD "passback:\n  - name: once\n    mode: hard\n",
           "park.yaml, line 10: passback[1]: the key \"zones\" is missing; add it",
           "park.yaml，第 10 行：passback[1]：缺少键“zones”；请补上");
    expect(
        HEAD "passback:\n  - name: once\n    mode: hard\n    zones: [Yard]\n",
        "park.yaml, line 12: passback[1].zones: \"Yard\" is no name; use 1 to 31 characters of "
        "a-z 0-9 - . and begin with a letter or digit",
        "park.yaml，第 12 行：passback[1].zones：“Yard”不是有效名称；请用 1 到 31 个字符 a-z 0-9 "
        "- . 并以字母或数字开头");
    expect(
        "park:\n  name: p\n  time_zone: Asia/Shanghai\nzones:\n  - name: yard\n    crowd: many\n",
        "park.yaml, line 6: zones[1].crowd: \"many\" is not allowed here; see docs/park-file.md",
        "park.yaml，第 6 行：zones[1].crowd：此处不能写 \"many\"；请看 docs/park-file.md");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_reaches_its_row),
        cmocka_unit_test(anti_passback_reaches_its_rows),
        cmocka_unit_test(alerts_reach_their_rows),
        cmocka_unit_test(wrong_rules_are_refused_with_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
