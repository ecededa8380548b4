/* Goal: a park file is translated exactly, and a wrong one is refused with file, line, key and
 * remedy. Method: the example file against expected rows; then one wrong file a rule, exact text in
 * both languages. */
#include "tests/unit/cli/run.h"

#include "admin-cli/file.h"
#include "admin-cli/park_file.h"
#include "schema/kinds.h"
#include "schema/park.pb-c.h"

#define HEAD                                                                                       \
    "park:\n  name: p\n  time_zone: Asia/Shanghai\nzones:\n  - name: yard\ngates:\n  - name: "     \
    "north\n"
#define LANES "lanes: []\n"

static void expect(const char *text, enum error_number number, const char *en, const char *zh)
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
    assert_int_equal(c.number, number);
    assert_int_equal(error_exit(c.number), EXIT_BAD_FILE);
}

static void test_unknown_key(void **state)
{
    (void)state;
    expect(HEAD "lanes:\n  - name: a\n    gatte: north\n", ERROR_PARK_UNKNOWN_KEY,
           "park.yaml, line 10: \"gatte\" is not a key of lanes[1]; correct or remove it",
           "park.yaml，第 10 行：“gatte”不是 lanes[1] 的键；请改正或删除");
    expect(HEAD LANES "colour: red\n", ERROR_PARK_UNKNOWN_KEY,
           "park.yaml, line 9: \"colour\" is not a key of (top level / 顶层); correct or remove it",
           "park.yaml，第 9 行：“colour”不是 (top level / 顶层) 的键；请改正或删除");
}

static void test_missing_key(void **state)
{
    (void)state;
    expect(HEAD "lanes:\n  - name: a\n    gate: north\n    zone: yard\n", ERROR_PARK_MISSING_KEY,
           "park.yaml, line 9: lanes[1]: the key \"direction\" is missing; add it",
           "park.yaml，第 9 行：lanes[1]：缺少键“direction”；请补上");
    expect("park:\n  name: p\n  time_zone: Asia/Shanghai\n", ERROR_PARK_MISSING_KEY,
           "park.yaml, line 1: (top level / 顶层): the key \"zones\" is missing; add it",
           "park.yaml，第 1 行：(top level / 顶层)：缺少键“zones”；请补上");
    expect(HEAD "lanes:\n  - name: a\n    gate: north\n    zone: yard\n    direction: in\n"
                "    board: b\n",
           ERROR_PARK_MISSING_KEY,
           "park.yaml, line 9: lanes[1]: the key \"open_coil\" is missing; add it",
           "park.yaml，第 9 行：lanes[1]：缺少键“open_coil”；请补上");
}

static void test_wrong_type(void **state)
{
    (void)state;
    expect(HEAD "lanes:\n  - name: a\n    open_coil: two\n", ERROR_PARK_BAD_VALUE,
           "park.yaml, line 10: lanes[1].open_coil: \"two\" is not allowed here; see "
           "docs/park-file.md",
           "park.yaml，第 10 行：lanes[1].open_coil：此处不能写 \"two\"；请看 docs/park-file.md");
    expect(HEAD "lanes:\n  - name: a\n    direction: up\n", ERROR_PARK_BAD_VALUE,
           "park.yaml, line 10: lanes[1].direction: \"up\" is not allowed here; see "
           "docs/park-file.md",
           "park.yaml，第 10 行：lanes[1].direction：此处不能写 \"up\"；请看 docs/park-file.md");
    expect(HEAD LANES "schedules:\n  - name: a\n    windows:\n      - days: [mon, fry]\n",
           ERROR_PARK_BAD_VALUE,
           "park.yaml, line 12: schedules[1].windows[1].days: \"fry\" is not allowed here; see "
           "docs/park-file.md",
           "park.yaml，第 12 行：schedules[1].windows[1].days：此处不能写 \"fry\"；请看 "
           "docs/park-file.md");
    expect(HEAD "lanes: many\n", ERROR_PARK_BAD_VALUE,
           "park.yaml, line 8: lanes: a single value is not allowed here; see docs/park-file.md",
           "park.yaml，第 8 行：lanes：此处不能写 a single value；请看 docs/park-file.md");
}

static void test_not_yaml(void **state)
{
    (void)state;
    expect("park:\n\tname: p\n", ERROR_PARK_YAML,
           "park.yaml, line 1: this is not YAML: found character that cannot start any token",
           "park.yaml，第 1 行：不是有效的 YAML：found character that cannot start any token");
    expect("", ERROR_PARK_EMPTY,
           "park.yaml: the file is empty; begin with packaging/park.example.yaml",
           "park.yaml：文件为空；可从 packaging/park.example.yaml 开始");
    expect("park: &x\n  name: p\n  time_zone: UTC\nzones: *x\n", ERROR_PARK_ALIAS,
           "park.yaml, line 4: YAML anchors and aliases are not used here",
           "park.yaml，第 4 行：此处不使用 YAML 锚点和别名");
}

static void test_names_times_dates(void **state)
{
    (void)state;
    expect(
        HEAD LANES "tenants:\n  - name: sun\n    zones: [yard]\n  - name: Moon\n    zones: []\n",
        ERROR_PARK_NAME,
        "park.yaml, line 12: tenants[2].name: \"Moon\" is no name; use 1 to 31 characters of a-z "
        "0-9 - . and begin with a letter or digit",
        "park.yaml，第 12 行：tenants[2].name：“Moon”不是有效名称；请用 1 到 31 个字符 a-z 0-9 - "
        ". 并以字母或数字开头");
    expect(HEAD LANES "shifts:\n  - name: day\n    from: \"8:00\"\n    to: \"18:00\"\n",
           ERROR_PARK_TIME,
           "park.yaml, line 11: shifts[1].from: \"8:00\" is no time of day; write \"HH:MM\" in "
           "quotes",
           "park.yaml，第 11 行：shifts[1].from：“8:00”不是时刻；请写成带引号的 \"HH:MM\"");
    expect(HEAD LANES "holidays:\n  - date: 2026-02-30\n", ERROR_PARK_DATE,
           "park.yaml, line 10: holidays[1].date: \"2026-02-30\" is no date; write YYYY-MM-DD",
           "park.yaml，第 10 行：holidays[1].date：“2026-02-30”不是日期；请写成 YYYY-MM-DD");
    expect("park:\n  name: \"\"\n  time_zone: Asia/Shanghai\nzones: []\ngates: []\nlanes: []\n",
           ERROR_PARK_NAME,
           "park.yaml, line 2: park.name: \"\" is no name; use 1 to 31 characters of a-z 0-9 - . "
           "and begin with a letter or digit",
           "park.yaml，第 2 行：park.name：“”不是有效名称；请用 1 到 31 个字符 a-z 0-9 - . "
           "并以字母或数字开头");
}

static void test_duplicate(void **state)
{
    (void)state;
    expect(HEAD LANES "shifts:\n  - {name: day, from: \"08:00\", to: \"18:00\"}\n"
                      "  - {name: day, from: \"08:00\", to: \"18:00\"}\n",
           ERROR_PARK_DUPLICATE, "shift day stands twice in the park file",
           "shift day 在园区文件中出现两次");
}

static void test_too_many(void **state)
{
    (void)state;
    char text[16384] = HEAD LANES "shifts:\n";
    for (int i = 0; i < 65; i++) {
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof(text) - at,
                       "  - {name: s%d, from: \"08:00\", to: \"18:00\"}\n", i);
    }
    expect(text, ERROR_PARK_TOO_MANY, "park.yaml, line 74: more than 64 entries in shifts",
           "park.yaml，第 74 行：shifts 超过 64 项");
}

/* --- the example --- */

static struct bytes body_of(const struct park_file *file, enum park_kind kind, const char *name,
                            Parkgate__ParkRow **ret_row)
{
    for (size_t i = 0; i < file->rows.count; i++) {
        struct bytes packed = rows_at(&file->rows, i);
        Parkgate__ParkRow *row = parkgate__park_row__unpack(NULL, packed.size, packed.data);
        assert_non_null(row);
        if (row->kind == (uint32_t)kind && strcmp(row->name, name) == 0) {
            *ret_row = row;
            return (struct bytes){.data = row->body.data, .size = row->body.len};
        }
        parkgate__park_row__free_unpacked(row, NULL);
    }
    fail_msg("no row %s", name);
    return (struct bytes){0};
}

static struct park_file example(void)
{
    struct park_file file = {0};
    struct complaint c = {0};
    char text[512] = "";
    if (!park_file_read(PARKGATE_SOURCE_DIR "/packaging/park.example.yaml", &file, &c)) {
        error_sentence_en(&c, text, sizeof(text));
        fail_msg("%s", text);
    }
    return file;
}

static void test_example_is_whole(void **state)
{
    (void)state;
    struct park_file file = example();
    assert_string_equal(file.site, "east-port");
    assert_string_equal(file.time_zone, "Asia/Shanghai");
    assert_int_equal(file.rows.count, 1 + 5 + 2 + 7 + 9 + 1 + 1 + 2 + 2 + 2 + 3 + 2);
    park_file_destroy(&file);
}

static void test_lane_and_defaults(void **state)
{
    (void)state;
    struct park_file file = example();
    Parkgate__ParkRow *row = NULL;
    struct bytes body = body_of(&file, PARK_LANE, "north-out", &row);
    Parkgate__ParkLane *lane = parkgate__park_lane__unpack(NULL, body.size, body.data);
    assert_string_equal(lane->gate, "north");
    assert_string_equal(lane->title_zh, "北门出");
    assert_int_equal(lane->direction, LANE_OUT);
    assert_int_equal(lane->open_coil, 1);
    assert_int_equal(lane->open_ms, 500);
    assert_int_equal(lane->pass_ms, 5000);
    assert_true(lane->has_button_input && lane->button_input == 4);
    assert_false(lane->has_held_input);
    parkgate__park_lane__free_unpacked(lane, NULL);
    parkgate__park_row__free_unpacked(row, NULL);
    park_file_destroy(&file);
}

static void test_board_defaults(void **state)
{
    (void)state;
    struct park_file file = example();
    Parkgate__ParkRow *row = NULL;
    struct bytes body = body_of(&file, PARK_BOARD, "north-board", &row);
    Parkgate__ParkBoard *board = parkgate__park_board__unpack(NULL, body.size, body.data);
    assert_string_equal(board->transport, "tcp");
    assert_int_equal(board->unit, 1);
    assert_int_equal(board->poll_ms, 20);
    assert_true(board->has_flash && board->flash_base == 0x100);
    assert_true(board->has_counters && board->counter_base == 0x200);
    assert_true(board->has_displays && board->display_base == 0x300);
    parkgate__park_board__free_unpacked(board, NULL);
    parkgate__park_row__free_unpacked(row, NULL);
    body = body_of(&file, PARK_BOARD, "truck-board", &row);
    board = parkgate__park_board__unpack(NULL, body.size, body.data);
    assert_string_equal(board->transport, "rtu");
    assert_int_equal(board->baud, 19200);
    assert_false(board->has_counters);
    assert_int_equal(board->counter_base, 0);
    parkgate__park_board__free_unpacked(board, NULL);
    parkgate__park_row__free_unpacked(row, NULL);
    park_file_destroy(&file);
}

static void test_schedule_and_tenant(void **state)
{
    (void)state;
    struct park_file file = example();
    Parkgate__ParkRow *row = NULL;
    struct bytes body = body_of(&file, PARK_SCHEDULE, "weekdays", &row);
    Parkgate__ParkSchedule *schedule = parkgate__park_schedule__unpack(NULL, body.size, body.data);
    assert_int_equal(schedule->n_days, 2);
    assert_int_equal(schedule->days[0], 0x1f);
    assert_int_equal(schedule->days[1], 0x20);
    assert_int_equal(schedule->start_minute[0], 360);
    assert_int_equal(schedule->end_minute[1], 120);
    parkgate__park_schedule__free_unpacked(schedule, NULL);
    parkgate__park_row__free_unpacked(row, NULL);
    body = body_of(&file, PARK_TENANT, "sun-express", &row);
    Parkgate__ParkTenant *tenant = parkgate__park_tenant__unpack(NULL, body.size, body.data);
    assert_int_equal(tenant->n_zone, 2);
    assert_string_equal(tenant->zone[1], "hall-a");
    assert_int_equal(tenant->cut_minute, 240);
    parkgate__park_tenant__free_unpacked(tenant, NULL);
    parkgate__park_row__free_unpacked(row, NULL);
    body = body_of(&file, PARK_READER, "north-in-face", &row);
    Parkgate__ParkReader *reader = parkgate__park_reader__unpack(NULL, body.size, body.data);
    assert_string_equal(reader->path, "/hik/north-in-face");
    assert_int_equal(reader->driver, DRIVER_HIK_ACCESS);
    parkgate__park_reader__free_unpacked(reader, NULL);
    parkgate__park_row__free_unpacked(row, NULL);
    park_file_destroy(&file);
}

static void test_desfire_keys(void **state)
{
    (void)state;
    static const char text[] = HEAD
        "lanes:\n  - {name: a, gate: north, zone: yard, direction: in}\nreaders:\n"
        "  - {name: r, lane: a, driver: nfc, device: x, desfire_aid: 3042f5, desfire_key_no: 1,\n"
        "     desfire_key_file: /k, desfire_system_id: 4e58, desfire_uid_key_no: 2,\n"
        "     desfire_uid_key_file: /u, exchange_ms: 90}\n";
    struct park_file file;
    struct complaint c = {0};
    Parkgate__ParkRow *row = NULL;
    assert_true(park_file_parse("park.yaml", text, strlen(text), &file, &c));
    struct bytes body = body_of(&file, PARK_READER, "r", &row);
    Parkgate__ParkReader *reader = parkgate__park_reader__unpack(NULL, body.size, body.data);
    assert_string_equal(reader->desfire_aid, "3042f5");
    assert_int_equal(reader->desfire_key_no, 1);
    assert_string_equal(reader->desfire_key_file, "/k");
    assert_string_equal(reader->desfire_system_id, "4e58");
    assert_int_equal(reader->desfire_uid_key_no, 2);
    assert_string_equal(reader->desfire_uid_key_file, "/u");
    assert_int_equal(reader->exchange_ms, 90);
    parkgate__park_reader__free_unpacked(reader, NULL);
    parkgate__park_row__free_unpacked(row, NULL);
    park_file_destroy(&file);
    expect(HEAD "lanes:\n  - {name: a, gate: north, zone: yard, direction: in}\nreaders:\n"
                "  - name: r\n    desfire_key_no: one\n",
           ERROR_PARK_BAD_VALUE,
           "park.yaml, line 12: readers[1].desfire_key_no: \"one\" is not allowed here; see "
           "docs/park-file.md",
           "park.yaml，第 12 行：readers[1].desfire_key_no：此处不能写 \"one\"；请看 "
           "docs/park-file.md");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_key),
        cmocka_unit_test(test_missing_key),
        cmocka_unit_test(test_wrong_type),
        cmocka_unit_test(test_not_yaml),
        cmocka_unit_test(test_names_times_dates),
        cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_example_is_whole),
        cmocka_unit_test(test_lane_and_defaults),
        cmocka_unit_test(test_board_defaults),
        cmocka_unit_test(test_schedule_and_tenant),
        cmocka_unit_test(test_desfire_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
