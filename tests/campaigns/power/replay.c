#include "tests/campaigns/power/replay.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/must.h"

enum {
    SECTOR = 512,
    PENDING_MAX = 4096,
    BUT_ONE_MAX = 12,
    TORN = 6,
    JUDGE_SECONDS = 60,
    MARKS_MAX = 1 << 20
};

struct image {
    uint8_t *bytes;
    size_t size, room;
};

struct player {
    const struct replay_options *options;
    power_judge *judge;
    struct replay_result *result;
    const uint8_t *log;
    size_t log_size;
    size_t file_count;
    char names[POWER_FILES_MAX][POWER_NAME_MAX];
    struct image durable[POWER_FILES_MAX], crash[POWER_FILES_MAX];
    size_t pending_count;
    const struct power_record *pending[PENDING_MAX];
    struct power_marks marks;
    const struct power_record **mark;
    char *why;     /* shared with the child that judges */
    uint64_t next; /* number of the next possible state */
};

static uint64_t mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* --- images --- */

static void image_room(struct image *image, size_t size)
{
    if (size > image->room) {
        size_t room = size * 2;
        image->bytes = realloc(image->bytes, room);
        MUST(image->bytes != NULL);
        memset(image->bytes + image->room, 0, room - image->room);
        image->room = room;
    }
}

static void image_put(struct image *image, uint64_t offset, const uint8_t *bytes, size_t size)
{
    image_room(image, offset + size);
    memcpy(image->bytes + offset, bytes, size);
    image->size = image->size > offset + size ? image->size : offset + size;
}

static void image_copy(struct image *to, const struct image *from)
{
    image_room(to, from->size);
    memcpy(to->bytes, from->bytes, from->size);
    if (to->size > from->size) {
        memset(to->bytes + from->size, 0, to->size - from->size);
    }
    to->size = from->size;
}

static void apply(struct image *images, const struct power_record *write)
{
    image_put(&images[write->file], write->offset, power_mark_bytes(write), write->size);
}

/* Each sector by a coin of its own. */
static void apply_torn(struct image *images, const struct power_record *write, uint64_t *random)
{
    const uint8_t *bytes = power_mark_bytes(write);
    for (uint64_t at = 0; at < write->size;) {
        size_t size = SECTOR - (write->offset + at) % SECTOR;
        size = size < write->size - at ? size : write->size - at;
        *random = mix(*random);
        if ((*random & 1) != 0) {
            image_put(&images[write->file], write->offset + at, bytes + at, size);
        }
        at += size;
    }
}

/* --- states --- */

static size_t states_here(const struct player *p)
{
    size_t n = p->pending_count;
    size_t but_one = n < BUT_ONE_MAX ? n : BUT_ONE_MAX;
    return n == 0 ? 1 : n == 1 ? 2 + TORN : 2 + n + but_one + TORN;
}

/* The crash images of the state `which` of states_here(). */
static void make_state(struct player *p, size_t which, uint64_t number)
{
    size_t n = p->pending_count;
    for (size_t i = 0; i < p->file_count; i++) {
        image_copy(&p->crash[i], &p->durable[i]);
    }
    uint64_t random = mix(number ^ mix(p->options->seed));
    size_t but_one = n == 1 ? 0 : n < BUT_ONE_MAX ? n : BUT_ONE_MAX;
    size_t alone = n == 1 ? 0 : n;
    for (size_t i = 0; i < n && which > 0; i++) {
        if (which >= 2 + alone + but_one) {
            apply_torn(p->crash, p->pending[i], &random);
        } else if (which == 1 || (which < 2 + alone && which - 2 == i) ||
                   (which >= 2 + alone && which - 2 - alone != i)) {
            apply(p->crash, p->pending[i]);
        }
    }
}

static void put_file(const struct player *p, size_t file)
{
    char path[512];
    const struct image *image = &p->crash[file];
    (void)snprintf(path, sizeof(path), "%s/%s", p->options->dir, p->names[file]);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    MUST(mkdir(path, 0700) == 0 || access(path, F_OK) == 0);
    (void)snprintf(slash, sizeof(path) - (size_t)(slash - path), "/lock.mdb");
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/%s", p->options->dir, p->names[file]);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    MUST(fd >= 0 && ftruncate(fd, (off_t)image->size) == 0);
    for (size_t at = 0; at < image->size;) {
        ssize_t wrote = pwrite(fd, image->bytes + at, image->size - at, (off_t)at);
        MUST(wrote > 0);
        at += (size_t)wrote;
    }
    (void)close(fd);
}

static void judge_in_child(struct player *p, uint64_t number)
{
    (void)alarm(JUDGE_SECONDS);
    if (!p->options->one) { /* what a store prints of a loss would be said thousands of times */
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(nowhere, STDERR_FILENO);
        (void)dup2(nowhere, STDOUT_FILENO);
    }
    _exit(p->judge(p->options->dir, &p->marks, number, p->why) ? 0 : 1);
}

static bool survives(struct player *p, uint64_t number)
{
    int status = 0;
    for (size_t i = 0; i < p->file_count; i++) {
        put_file(p, i);
    }
    p->why[0] = '\0';
    (void)fflush(NULL);
    pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        judge_in_child(p, number);
    }
    MUST(waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) {
        (void)snprintf(p->why, POWER_WHY_SIZE, "signal %d ended the program that opened it",
                       WTERMSIG(status));
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void judge_state(struct player *p, size_t which, uint64_t number)
{
    struct replay_result *result = p->result;
    make_state(p, which, number);
    result->judged++;
    if (survives(p, number)) {
        return;
    }
    if (result->lost++ == 0) {
        result->first = number;
        (void)snprintf(result->why, sizeof(result->why), "%s", p->why);
    }
}

/* `possible`: of the whole log, from a first walk; 0 in that walk. */
static void cut_here(struct player *p, uint64_t possible)
{
    const struct replay_options *o = p->options;
    if (p->marks.count == 0) {
        return; /* a store in the making owes nothing yet */
    }
    size_t count = states_here(p);
    for (size_t which = 0; which < count; which++, p->next++) {
        uint64_t draw = mix(p->next ^ mix(o->seed + 1)) % (possible == 0 ? 1 : possible);
        bool wanted = o->one ? p->next == o->only : draw < o->states;
        if (possible > 0 && wanted && (o->all || p->result->lost == 0)) {
            judge_state(p, which, p->next);
        }
    }
}

/* --- the log --- */

static void make_durable(struct player *p, const struct power_record *sync)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->pending_count; i++) {
        if (p->pending[i]->file == sync->file) {
            apply(p->durable, p->pending[i]);
        } else {
            p->pending[kept++] = p->pending[i];
        }
    }
    p->pending_count = kept;
}

static void step(struct player *p, const struct power_record *record, uint64_t possible)
{
    switch (record->op) {
    case POWER_OPEN:
        MUST(record->file == p->file_count && record->size < POWER_NAME_MAX);
        memcpy(p->names[p->file_count], power_mark_bytes(record), record->size);
        p->names[p->file_count++][record->size] = '\0';
        break;
    case POWER_WRITE:
        MUST(p->pending_count < PENDING_MAX);
        p->pending[p->pending_count++] = record;
        cut_here(p, possible);
        if (record->durable) {
            p->pending_count--;
            apply(p->durable, record);
        }
        break;
    case POWER_SYNC:
        make_durable(p, record);
        cut_here(p, possible);
        break;
    default:
        MUST(record->op == POWER_MARK && p->marks.count < MARKS_MAX);
        p->mark[p->marks.count++] = record;
        cut_here(p, possible);
    }
}

static void walk(struct player *p, uint64_t possible)
{
    size_t at = 0;
    p->file_count = p->pending_count = p->marks.count = 0;
    p->next = 0;
    for (size_t i = 0; i < POWER_FILES_MAX; i++) {
        free(p->durable[i].bytes);
        p->durable[i] = (struct image){0};
    }
    while (p->log_size - at >= sizeof(struct power_record)) {
        struct power_record head;
        memcpy(&head, p->log + at, sizeof(head));
        if (p->log_size - at - sizeof(head) < head.size) {
            break; /* the recorded program was killed in the middle of a record */
        }
        if (possible == 0) {
            p->result->operations++;
        }
        step(p, (const struct power_record *)(const void *)(p->log + at), possible);
        at += sizeof(head) + (head.size + 7) / 8 * 8;
    }
}

static const uint8_t *map_log(const char *path, size_t *ret_size)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) != 0 || stat.st_size == 0) {
        return NULL;
    }
    void *map = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    *ret_size = (size_t)stat.st_size;
    return map == MAP_FAILED ? NULL : map;
}

bool replay_run(const struct replay_options *options, power_judge *judge,
                struct replay_result *ret_result)
{
    struct player *p = calloc(1, sizeof(*p));
    MUST(p != NULL);
    *ret_result = (struct replay_result){0};
    p->options = options;
    p->judge = judge;
    p->result = ret_result;
    p->log = map_log(options->log, &p->log_size);
    p->mark = calloc(MARKS_MAX, sizeof(const struct power_record *));
    p->marks.mark = p->mark;
    p->why = mmap(NULL, POWER_WHY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(p->mark != NULL && p->why != MAP_FAILED);
    if (p->log == NULL) {
        (void)snprintf(ret_result->why, sizeof(ret_result->why), "no log in %s", options->log);
        return false;
    }
    walk(p, 0);
    ret_result->possible = p->next;
    if (p->next > 0) {
        walk(p, ret_result->possible);
    }
    return true;
}

/* --- the programs' command line --- */

static uint64_t number_of(const char *text)
{
    char *end = NULL;
    uint64_t value = strtoull(text == NULL ? "" : text, &end, 10);
    if (text == NULL || *text == '\0' || *end != '\0') {
        (void)fprintf(stderr, "not a number: %s\n", text == NULL ? "(nothing)" : text);
        exit(2);
    }
    return value;
}

static bool take_option(struct replay_options *o, const char *name, const char *value)
{
    if (strcmp(name, "--states") == 0) {
        o->states = number_of(value);
    } else if (strcmp(name, "--seed") == 0) {
        o->seed = number_of(value);
    } else if (strcmp(name, "--only") == 0) {
        o->one = true;
        o->only = number_of(value);
    } else if (strcmp(name, "--dir") == 0) {
        o->dir = value;
    } else {
        return false;
    }
    return true;
}

static int replay_command(int argc, char **argv, power_judge *judge)
{
    struct replay_options options = {.log = argv[2], .states = UINT64_MAX};
    struct replay_result result;
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0) {
            options.all = true;
        } else if (i + 1 >= argc || !take_option(&options, argv[i], argv[i + 1])) {
            (void)fprintf(stderr, "unknown option: %s\n", argv[i]);
            return 2;
        } else {
            i++;
        }
    }
    if (options.dir == NULL || !replay_run(&options, judge, &result)) {
        (void)fprintf(stderr, "%s\n", options.dir == NULL ? "--dir is missing" : result.why);
        return 2;
    }
    (void)printf("operations=%llu possible=%llu judged=%llu lost=%llu\n",
                 (unsigned long long)result.operations, (unsigned long long)result.possible,
                 (unsigned long long)result.judged, (unsigned long long)result.lost);
    if (result.lost > 0) {
        (void)printf("first: state %llu: %s\n", (unsigned long long)result.first, result.why);
    }
    return result.lost > 0 ? 1 : 0;
}

int power_main(int argc, char **argv, void (*work)(uint64_t seed, size_t inputs),
               power_judge *judge)
{
    if (argc == 4 && strcmp(argv[1], "work") == 0) {
        work(number_of(argv[2]), (size_t)number_of(argv[3]));
        return 0;
    }
    if (argc >= 3 && strcmp(argv[1], "replay") == 0) {
        return replay_command(argc, argv, judge);
    }
    (void)fprintf(stderr,
                  "usage: %s work SEED INPUTS | replay LOG --dir DIR [--states N] "
                  "[--seed S] [--only STATE] [--all]\n",
                  argv[0]);
    return 2;
}
