/* parkgate-agent --muster: who is inside, as this muster post knows it. The daemon goes on
 * meanwhile, and makes an event of each opening of names. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "reader-agent/app/agent.h"
#include "reader-agent/store/muster_file.h"
#include "schema/agent.pb-c.h"
#include "schema/errors.h"

enum { TIME_SIZE = 32 };

struct look {
    struct muster_file file;
    size_t part_count;
    Parkgate__Muster **parts;
    Parkgate__MusterCount **counts; /* unpacked, of all parts */
    size_t count_count;
    uint32_t persons;
};

/* --- reading --- */

static enum err damaged(struct fault *fault)
{
    return fault_set(fault, ERR_CORRUPT, "the list that lies here is damaged");
}

static enum err take_counts(struct look *look, const Parkgate__Muster *part, struct fault *fault)
{
    for (size_t i = 0; i < part->n_counts; i++) {
        Parkgate__MusterCount *count =
            parkgate__muster_count__unpack(NULL, part->counts[i].len, part->counts[i].data);
        if (count == NULL) {
            return damaged(fault);
        }
        look->counts[look->count_count++] = count;
        look->persons += count->persons;
    }
    return ERR_OK;
}

static enum err take_parts(struct look *look, struct fault *fault)
{
    const Parkgate__MusterKept *kept = look->file.kept;
    size_t counts = 0;
    look->parts = calloc(kept->n_part + 1, sizeof(*look->parts));
    MUST(look->parts != NULL);
    for (size_t i = 0; i < kept->n_part; i++) {
        Parkgate__Muster *part =
            parkgate__muster__unpack(NULL, kept->part[i].len, kept->part[i].data);
        if (part == NULL) {
            return damaged(fault);
        }
        look->parts[look->part_count++] = part;
        counts += part->n_counts;
        if (part->part != i + 1 || part->sequence != look->parts[0]->sequence ||
            (part->parts != 0) != (i + 1 == kept->n_part)) {
            return damaged(fault);
        }
    }
    look->counts = calloc(counts + 1, sizeof(*look->counts));
    MUST(look->counts != NULL);
    for (size_t i = 0; i < look->part_count; i++) {
        TRY(take_counts(look, look->parts[i], fault));
    }
    return look->part_count > 0 ? ERR_OK : damaged(fault);
}

static void free_look(struct look *look)
{
    for (size_t i = 0; i < look->part_count; i++) {
        parkgate__muster__free_unpacked(look->parts[i], NULL);
    }
    for (size_t i = 0; i < look->count_count; i++) {
        parkgate__muster_count__free_unpacked(look->counts[i], NULL);
    }
    free(look->parts);
    free(look->counts);
    muster_file_free(&look->file);
}

/* --- showing --- */

static const char *time_text(int64_t us, char out[TIME_SIZE])
{
    time_t seconds = (time_t)(us / 1000000);
    struct tm local;
    out[0] = '\0';
    if (localtime_r(&seconds, &local) != NULL) {
        (void)strftime(out, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &local);
    }
    return out;
}

static struct wall now(void)
{
    const struct clock *clock = clock_system();
    return clock->wall(clock->ctx);
}

static int64_t age_s(const struct look *look)
{
    int64_t age_us = now().us - look->file.kept->taken_us;
    return age_us > 0 ? age_us / 1000000 : 0;
}

static void print_head(const struct look *look)
{
    const Parkgate__Muster *first = look->parts[0];
    uint64_t left_out = look->parts[look->part_count - 1]->left_out;
    char time[TIME_SIZE];
    (void)printf("inside 在园: %" PRIu64, look->persons + left_out);
    if (left_out > 0) {
        (void)printf(", and this list has room for %" PRIu32 " of them 名单仅列其中 %" PRIu32 " 人",
                     look->persons, look->persons);
    }
    (void)printf("\n");
    (void)printf("as of 截至: %s\n", time_text(first->wall_us, time));
    (void)printf("age 距今: %" PRId64 " s\n", age_s(look));
    (void)printf("journal 日志: %" PRIu64 "\n", first->sequence);
    (void)printf("gates not heard 未报全的出入口:");
    for (size_t i = 0; i < first->n_unheard; i++) {
        (void)printf(" %s", first->unheard[i]);
    }
    (void)printf("%s\n", first->n_unheard == 0 ? " none 无" : "");
}

static int by_place(const void *a, const void *b)
{
    const Parkgate__MusterCount *const *left = a;
    const Parkgate__MusterCount *const *right = b;
    int order = strcmp((*left)->tenant, (*right)->tenant);
    return order != 0 ? order : strcmp((*left)->zone, (*right)->zone);
}

static void print_counts(struct look *look)
{
    (void)printf("\ntenant 租户\tzone 区域\tpersons 人数\n");
    qsort(look->counts, look->count_count, sizeof(*look->counts), by_place);
    for (size_t i = 0; i < look->count_count; i++) {
        uint32_t persons = look->counts[i]->persons;
        while (i + 1 < look->count_count && by_place(&look->counts[i], &look->counts[i + 1]) == 0) {
            persons += look->counts[++i]->persons;
        }
        (void)printf("%s\t%s\t%" PRIu32 "\n", look->counts[i]->tenant, look->counts[i]->zone,
                     persons);
    }
}

/* A name is somebody's input: nothing of it moves a terminal's cursor. */
static void print_name(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        (void)putchar((unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at);
    }
}

static enum err print_names(const struct look *look, const struct seal_key *key, size_t at,
                            struct fault *fault)
{
    const Parkgate__Muster *part = look->parts[at];
    struct muster_place place = {
        .sequence = part->sequence, .part = part->part, .last = part->parts != 0};
    size_t size = 0;
    uint8_t *plain = malloc(part->sealed.len + 1);
    MUST(plain != NULL);
    enum err err = muster_open_part(
        key, place, (struct bytes){.data = part->sealed.data, .size = part->sealed.len}, plain,
        part->sealed.len, &size, fault);
    Parkgate__MusterNames *names =
        err == ERR_OK ? parkgate__muster_names__unpack(NULL, size, plain) : NULL;
    bool whole = names != NULL && names->n_tenant == names->n_name &&
                 names->n_zone == names->n_name && names->n_since_us == names->n_name &&
                 names->n_holder == names->n_name;
    for (size_t i = 0; whole && i < names->n_name; i++) {
        char time[TIME_SIZE];
        char hex[2 * HANDLE_SIZE + 1] = "";
        if (names->holder[i].len == HANDLE_SIZE) {
            bytes_to_hex((struct bytes){.data = names->holder[i].data, .size = HANDLE_SIZE}, hex,
                         sizeof(hex));
        }
        print_name(names->name[i]);
        (void)printf("\t%s\t%s\t%s\t%s\n", names->tenant[i], names->zone[i],
                     time_text(names->since_us[i], time), hex);
    }
    if (names != NULL) {
        parkgate__muster_names__free_unpacked(names, NULL);
    }
    seal_wipe(plain, part->sealed.len + 1);
    free(plain);
    return err != ERR_OK ? err : whole ? ERR_OK : damaged(fault);
}

/* --- opening --- */

enum { USER_SIZE = 24, LOGIN_NONE = 4294967295U };

/* Who logged in, as the kernel keeps it through sudo and su; without that whom we run as. */
static uid_t login_uid(void)
{
    unsigned uid = LOGIN_NONE;
    FILE *file = fopen("/proc/self/loginuid", "re");
    if (file != NULL) {
        if (fscanf(file, "%u", &uid) != 1) {
            uid = LOGIN_NONE;
        }
        (void)fclose(file);
    }
    return uid == LOGIN_NONE ? getuid() : (uid_t)uid;
}

static void user_name(char out[USER_SIZE])
{
    uid_t uid = login_uid();
    const struct passwd *user = getpwuid(uid);
    if (user != NULL) {
        (void)snprintf(out, USER_SIZE, "%s", user->pw_name);
    } else {
        (void)snprintf(out, USER_SIZE, "%u", (unsigned)uid);
    }
}

static enum err read_secret(const char *path, struct seal_box_secret *ret, struct fault *fault)
{
    char text[MUSTER_KEY_TEXT_SIZE + 1] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fault_set(fault, ERR_INPUT, "%s: %s", path, strerror(errno));
    }
    ssize_t size = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    text[size < 0 ? 0 : strcspn(text, "\r\n")] = '\0';
    bool good = bytes_from_hex(text, ret->bytes, sizeof(ret->bytes));
    seal_wipe(text, sizeof(text));
    return good ? ERR_OK : fault_set(fault, ERR_INPUT, "%s: this is no muster key", path);
}

static enum err key_of(struct look *look, const char *key_path, struct seal_key *ret,
                       struct fault *fault)
{
    const Parkgate__Muster *first = look->parts[0];
    struct seal_box_secret secret;
    if (key_path == NULL) {
        *ret = look->file.key;
        return ERR_OK;
    }
    TRY(read_secret(key_path, &secret, fault));
    enum err err = muster_open_key(
        &secret, (struct bytes){.data = first->key_box.data, .size = first->key_box.len}, ret,
        fault);
    seal_wipe(&secret, sizeof(secret));
    return err == ERR_CORRUPT ? fault_set(fault, ERR_REFUSED,
                                          "%s: the list is closed to another muster key", key_path)
                              : err;
}

/* An opening that cannot be noted is one all the same while people are looked for; otherwise it
 * waits until it can be. */
static enum err note_opening(const struct look *look, const char *dir, const char *key_path,
                             struct fault *fault)
{
    char note[MUSTER_NOTE_SIZE];
    char user[USER_SIZE];
    user_name(user);
    (void)snprintf(note, sizeof(note),
                   "names opened by %s: %" PRIu32 " persons, %" PRId64 " s old, user %s",
                   key_path != NULL ? "the muster key" : "the emergency", look->persons,
                   age_s(look), user);
    enum err err = muster_note_write(dir, entropy_system(), now(), note, fault);
    if (err != ERR_OK && look->file.open) {
        (void)fprintf(stderr,
                      "parkgate-agent: this opening is not on record: %s\n"
                      "parkgate-agent: 本次查看未能记录：%s\n",
                      fault->what, fault->what);
        return ERR_OK;
    }
    return err;
}

static enum err show_names(struct look *look, const char *dir, const char *key_path,
                           struct fault *fault)
{
    struct seal_key key;
    TRY(key_of(look, key_path, &key, fault));
    enum err err = note_opening(look, dir, key_path, fault);
    if (err == ERR_OK) {
        (void)printf("\nname 姓名\ttenant 租户\tzone 区域\tsince 进入时间\tperson 代号\n");
    }
    for (size_t i = 0; err == ERR_OK && i < look->part_count; i++) {
        err = print_names(look, &key, i, fault);
    }
    seal_wipe(&key, sizeof(key));
    return err;
}

static int say(const struct fault *fault, enum err err, const char *dir)
{
    if (err == ERR_NOT_FOUND) {
        (void)fprintf(stderr,
                      "parkgate-agent: %s holds no list: is this gate a muster post, and did the "
                      "controller speak to it?\n"
                      "parkgate-agent: %s 中没有名单：本出入口是否为集合点？控制器是否联系过？\n",
                      dir, dir);
        return EXIT_REFUSED;
    }
    (void)fprintf(stderr, "parkgate-agent: %s\nparkgate-agent: 无法打开名单：%s\n", fault->what,
                  fault->what);
    return err == ERR_REFUSED ? EXIT_REFUSED : EXIT_BAD_FILE;
}

int agent_look_muster(const char *dir, const char *key_path)
{
    struct look look = {.persons = 0};
    struct fault fault = {0};
    enum err err = seal_init(&fault);
    if (err == ERR_OK) {
        err = muster_file_read(dir, &look.file, &fault);
    }
    if (err == ERR_OK) {
        err = take_parts(&look, &fault);
    }
    if (err == ERR_OK) {
        print_head(&look);
        print_counts(&look);
    }
    bool closed = err == ERR_OK && key_path == NULL && !look.file.open;
    if (err == ERR_OK && !closed) {
        err = show_names(&look, dir, key_path, &fault);
    }
    free_look(&look);
    if (closed) {
        (void)fprintf(
            stderr,
            "parkgate-agent: names are closed: no emergency is on here; give --key FILE, "
            "the muster key\n"
            "parkgate-agent: 姓名未公开：本处没有紧急状态；请给出 --key FILE（集合点密钥）\n");
        return EXIT_REFUSED;
    }
    return err == ERR_OK ? EXIT_DONE : say(&fault, err, dir);
}
