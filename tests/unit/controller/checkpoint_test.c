/* Goal: a checkpoint is made of what verifies and of nothing else; the journal's beginning goes
 * behind one, when nothing stands against it, and what is left verifies from there, counts the same
 * and names each thing that was done to it. Method: a whole controller whose clock the test moves
 * by years; its jobs as children of the test, with their output; files and tables changed by hand.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/controller/harness.h"

#include "controller/app/anchors.h"
#include "controller/app/checkpoints.h"
#include "controller/app/retention.h"
#include "controller/job/checkpoint_file.h"
#include "controller/job/job.h"
#include "controller/journal/checkpoint.h"
#include "controller/store/checkpoint_store.h"
#include "controller/store/sign_key_store.h"

#define LI      "04010203"
#define WU      "04010204"
#define YEARS_4 ((int64_t)4 * 366 * 24 * 3600 * SECOND_US)

enum { OUTPUT_SIZE = 8193, PATH_MAX_SIZE = 256 };

struct place {
    struct world *w;
    struct gate gate;
    struct link_key other;       /* an admin, another person than w->admin */
    char dir[PATH_MAX_SIZE];     /* of snapshots */
    char output[OUTPUT_SIZE];    /* of the last job */
    char anchors[PATH_MAX_SIZE]; /* no directory of this name */
};

static bool take_anchor(void *ctx, const char *keeper, const struct sign_public *key,
                        const char *line)
{
    (void)ctx;
    (void)keeper;
    (void)key;
    (void)line;
    return true;
}

static void use_key(struct world *w)
{
    w->ctl->outlet.anchor = take_anchor;
    anchors_begin(w->ctl);
}

/* NAME ARG STORE KEYS CHECKPOINTS ANCHORS, in a process that has no store open. */
static int run_job(char **args)
{
    const char *name = args[0];
    const char *arg = args[1];
    struct job_paths paths = {
        .store = args[2], .keys = args[3], .checkpoint_dir = args[4], .anchor_dir = args[5]};
    return strcmp(name, "checkpoint") == 0        ? job_checkpoint(&paths)
           : strcmp(name, "checkpoint-tidy") == 0 ? job_checkpoint_tidy(&paths)
           : strcmp(name, "truncate") == 0        ? job_truncate(&paths, arg)
           : strcmp(name, "audit") == 0           ? job_audit(&paths, NULL)
           : strcmp(name, "recount") == 0         ? job_recount(&paths)
                                                  : job_verify(&paths);
}

/* In a process of its own, as the launcher has it; what it prints goes to p->output. */
static int job(struct place *p, const char *name, const char *arg)
{
    int pipes[2];
    int status = 0;
    size_t used = 0;
    ssize_t got;
    assert_int_equal(pipe(pipes), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(pipes[1], STDOUT_FILENO);
        (void)close(pipes[0]);
        (void)execl("/proc/self/exe", "job", name, arg == NULL ? "" : arg, p->w->store_dir,
                    p->w->keys_dir, p->dir, p->anchors, (char *)NULL);
        _exit(99);
    }
    (void)close(pipes[1]);
    while ((got = read(pipes[0], p->output + used, OUTPUT_SIZE - 1 - used)) > 0) {
        used += (size_t)got;
    }
    p->output[used] = '\0';
    (void)close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static struct place begin(void **state)
{
    struct place p = {.w = *state};
    (void)snprintf(p.dir, sizeof(p.dir), "%s/checkpoints", p.w->dir);
    (void)snprintf(p.anchors, sizeof(p.anchors), "%s/anchors", p.w->dir);
    use_key(p.w);
    p.other = operator_key(p.w, 77, "admin", NULL, NULL, NULL);
    gate_join(p.w, &p.gate, "gate-a", 1);
    person_with_badge(p.w, "acme", "Li Wei", LI, "day", NULL);
    person_with_badge(p.w, "acme", "Wu Di", WU, "day", NULL);
    gate_walk(p.w, &p.gate, "a-in", LI);
    world_pass(p.w, MINUTE_US);
    gate_walk(p.w, &p.gate, "a-in", WU);
    world_pass(p.w, MINUTE_US);
    gate_walk(p.w, &p.gate, "a-out", LI);
    world_turn(p.w);
    return p;
}

static void tick(struct world *w)
{
    world_pass(w, SECOND_US);
    turn_tick(w->ctl);
    world_turn(w);
}

/* Person keys of backups are a job of another test. */
static void without_rewriting(struct world *w)
{
    w->ctl->erasing.again = mono_after_ms(w->mono, 2 * YEARS_4 / 1000);
    w->ctl->erasing.later_at = w->ctl->erasing.again;
}

/* A minute is over when the controller looks again. */
static void look(struct world *w)
{
    w->ctl->checkpointing.look_at = w->mono;
    tick(w);
}

/* What the controller started is run, and its end told. */
static int answer_job(struct place *p, const char *name, const char *arg)
{
    assert_string_equal(p->w->job_name, name);
    int status = job(p, name, arg);
    turn_job_done(p->w->ctl, p->w->last_job, status, p->output);
    world_turn(p->w);
    return status;
}

static uint64_t make_checkpoint(struct place *p)
{
    (void)ask(p->w, p->w->admin, "audit.checkpoint", NULL);
    assert_int_equal(answer_job(p, "checkpoint", NULL), 0);
    look(p->w);
    assert_int_equal(answer_job(p, "checkpoint-tidy", NULL), 0);
    const Parkgate__Reply *list = admin(p->w, "audit.checkpoints", NULL);
    return strtoull(cell(list, 0, "seq"), NULL, 10);
}

static void path_of(const struct place *p, uint64_t sequence, char out[2 * PATH_MAX_SIZE])
{
    (void)snprintf(out, 2 * PATH_MAX_SIZE, "%s/%llu.snapshot", p->dir,
                   (unsigned long long)sequence);
}

static bool is_there(const struct place *p, uint64_t sequence)
{
    char path[2 * PATH_MAX_SIZE];
    path_of(p, sequence, path);
    return access(path, F_OK) == 0;
}

static void flip(const char *path, off_t at)
{
    uint8_t byte = 0;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    (void)close(fd);
}

static const char *text(uint64_t number)
{
    static char out[24];
    (void)snprintf(out, sizeof(out), "%llu", (unsigned long long)number);
    return out;
}

/* One asks, the other agrees; what the latter is told, or the former where it is refused at once.
 */
static const Parkgate__Reply *truncate_before(struct place *p, uint64_t before)
{
    const Parkgate__Reply *asked =
        ask(p->w, p->w->admin, "audit.truncate", "before", text(before), "reason", "term", NULL);
    if (asked->error != 0) {
        return asked;
    }
    char number[24];
    (void)snprintf(number, sizeof(number), "%s", note(asked, "approval"));
    return ask(p->w, p->other, "approval.grant", "approval", number, NULL);
}

static struct seal_hash head_at(struct world *w, uint64_t sequence)
{
    struct bytes packed;
    struct seal_hash hash;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(journal_read(txn, sequence, &packed, &hash, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return hash;
}

static uint64_t first_of(struct world *w)
{
    uint64_t first = 0;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(journal_first(txn, &first, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return first;
}

/* Retention's run of the day, then slices until the end. */
static void remove_all(struct place *p)
{
    for (int i = 0; i < 400 && (p->w->ctl->checkpointing.cutting || i < 3); i++) {
        tick(p->w);
    }
    assert_false(p->w->ctl->checkpointing.cutting);
}

/* As the job tells it. */
static void backup_ends(struct place *p, int status, uint64_t upto)
{
    (void)snprintf(p->output, sizeof(p->output),
                   status == 0 ? "store=/nowhere/store\nseq=%llu\nresult=good\n"
                               : "failed=no room behind entry %llu\n",
                   (unsigned long long)upto);
    assert_string_equal(p->w->job_name, "backup");
    without_rewriting(p->w);
    turn_job_done(p->w->ctl, p->w->last_job, status, p->output);
    world_turn(p->w);
}

static void back_up(struct place *p)
{
    (void)ask(p->w, p->w->admin, "backup", "dir", "/nowhere", NULL);
    backup_ends(p, 0, head_of(p->w).sequence);
}

/* Four years later: backup, checkpoint, and the entries of then go. The first one that is left. */
static uint64_t cut(struct place *p)
{
    uint64_t old = head_of(p->w).sequence;
    world_pass(p->w, YEARS_4);
    back_up(p);
    (void)make_checkpoint(p);
    (void)assert_done(truncate_before(p, old));
    look(p->w);
    assert_int_equal(answer_job(p, "truncate", text(old - 1)), 0);
    look(p->w);
    remove_all(p);
    assert_int_equal(first_of(p->w), old);
    return old;
}

/* --- making one --- */

static void it_is_signed_and_on_record(void **state)
{
    struct place p = begin(state);
    struct checkpoint checkpoint;
    struct sign_public key;
    struct store_txn *txn = NULL;
    Parkgate__CheckpointRecord *record = NULL;
    uint64_t head = head_of(p.w).sequence;
    uint64_t sequence = make_checkpoint(&p);
    assert_int_equal(sequence, head);
    assert_int_equal(store_begin_read(p.w->store, &txn, NULL), ERR_OK);
    assert_int_equal(checkpoint_newest(txn, &record, NULL), ERR_OK);
    assert_true(checkpoint_of_record(record, &checkpoint));
    assert_int_equal(sign_key_newest(txn, &key, NULL), ERR_OK);
    assert_true(checkpoint_is_good(&checkpoint, &key));
    checkpoint.digest.bytes[0] ^= 1;
    assert_false(checkpoint_is_good(&checkpoint, &key));
    parkgate__checkpoint_record__free_unpacked(record, NULL);
    store_txn_destroy(&txn);
    assert_true(is_there(&p, sequence));
    (void)assert_replays(p.w);
    assert_int_equal(job(&p, "verify", NULL), 0);
    assert_int_equal(job(&p, "audit", NULL), 0);
}

static void what_does_not_verify_gives_none(void **state)
{
    struct place p = begin(state);
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_write(p.w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_put(txn, TABLE_META, bytes_of_text("more"), bytes_of_text("x"), NULL),
                     ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    (void)ask(p.w, p.w->admin, "audit.checkpoint", NULL);
    assert_int_equal(answer_job(&p, "checkpoint", NULL), 1);
    assert_non_null(strstr(p.output, "failed=1 records differ"));
    assert_int_equal(entries_of(p.w, ENTRY_CHECKPOINT, 0), 0);
}

static void a_newer_one_takes_the_place_of_the_older(void **state)
{
    struct place p = begin(state);
    uint64_t first = make_checkpoint(&p);
    uint64_t second = make_checkpoint(&p);
    assert_true(second > first);
    assert_false(is_there(&p, first));
    assert_true(is_there(&p, second));
    /* one that was overtaken is not recorded */
    size_t recorded = entries_of(p.w, ENTRY_CHECKPOINT, 0);
    char old[OUTPUT_SIZE];
    (void)snprintf(old, sizeof(old),
                   "seq=%llu\nhash=%064d\ndigest=%064d\nsize=1\nrows=1\n"
                   "result=good\n",
                   (unsigned long long)first, 0, 0);
    checkpoints_made(p.w->ctl, "", old);
    world_turn(p.w);
    assert_int_equal(entries_of(p.w, ENTRY_CHECKPOINT, 0), recorded);
}

static void it_is_made_anew_before_its_term(void **state)
{
    struct place p = begin(state);
    uint64_t first = make_checkpoint(&p);
    world_pass(p.w, (int64_t)(LIMIT_CHECKPOINT_DAYS - 1) * 24 * 3600 * SECOND_US);
    uint64_t jobs = p.w->jobs;
    look(p.w);
    assert_int_equal(p.w->jobs, jobs);
    world_pass(p.w, (int64_t)24 * 3600 * SECOND_US);
    look(p.w);
    assert_int_equal(answer_job(&p, "checkpoint", NULL), 0);
    assert_int_equal(p.w->last_job, CHECKPOINT_JOB);
    look(p.w);
    assert_int_equal(answer_job(&p, "checkpoint-tidy", NULL), 0);
    assert_false(is_there(&p, first));
}

static void one_of_a_clock_that_was_ahead_is_made_anew(void **state)
{
    static const int64_t ahead_us = (int64_t)3 * 24 * 3600 * SECOND_US;
    struct place p = begin(state);
    struct world *w = p.w;
    w->now.us += ahead_us;
    turn_begin(w->ctl, w->now, w->mono);
    uint64_t first = make_checkpoint(&p);
    uint64_t jobs = w->jobs;
    look(w);
    assert_int_equal(w->jobs, jobs);
    w->now.us -= ahead_us;
    turn_begin(w->ctl, w->now, w->mono);
    look(w);
    assert_int_equal(w->jobs, jobs + 1);
    assert_int_equal(answer_job(&p, "checkpoint", NULL), 0);
    look(w);
    assert_int_equal(answer_job(&p, "checkpoint-tidy", NULL), 0);
    assert_false(is_there(&p, first));
    jobs = w->jobs;
    look(w);
    assert_int_equal(w->jobs, jobs);
}

static bool fault_stands(struct world *w)
{
    return row_with(admin(w, "status", NULL), "fault", "checkpoint-failed") != SIZE_MAX;
}

static void one_that_cannot_be_made_is_told_and_tried_a_day_later(void **state)
{
    static const int64_t day_us = (int64_t)24 * 3600 * SECOND_US;
    struct place p = begin(state);
    struct world *w = p.w;
    (void)make_checkpoint(&p);
    world_pass(w, LIMIT_CHECKPOINT_DAYS * day_us);
    look(w);
    assert_string_equal(w->job_name, "checkpoint");
    turn_job_done(w->ctl, w->last_job, CHECKPOINT_JOB_REFUSED, ""); /* the launcher has no place */
    assert_false(fault_stands(w));
    uint64_t jobs = w->jobs;
    look(w);
    assert_int_equal(w->jobs, jobs + 1);
    turn_job_done(w->ctl, w->last_job, 1, "failed=no room\n");
    world_turn(w);
    assert_true(fault_stands(w));
    jobs = w->jobs;
    for (int i = 0; i < 3; i++) {
        world_pass(w, day_us / 4);
        look(w);
        assert_int_equal(w->jobs, jobs);
    }
    world_pass(w, day_us / 4);
    look(w);
    assert_int_equal(answer_job(&p, "checkpoint", NULL), 0);
    assert_int_equal(w->last_job, CHECKPOINT_JOB);
    assert_false(fault_stands(w));
    (void)assert_replays(w);
    /* what older ones leave: an hour later */
    look(w);
    assert_string_equal(w->job_name, "checkpoint-tidy");
    turn_job_done(w->ctl, w->last_job, 1, "failed=busy\n");
    jobs = w->jobs;
    look(w);
    assert_int_equal(w->jobs, jobs);
    world_pass(w, day_us / 24);
    look(w);
    assert_int_equal(answer_job(&p, "checkpoint-tidy", NULL), 0);
}

/* Beside the store, with what the tables held. */
static void leave_copy(struct world *w, const char *end, char out[PATH_MAX_SIZE])
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "owner"};
    (void)snprintf(out, PATH_MAX_SIZE, "%s.verify-%s", w->store_dir, end);
    assert_int_equal(mkdir(out, 0700), 0);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[2 * PATH_MAX_SIZE];
        (void)snprintf(path, sizeof(path), "%s/%s", out, files[i]);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, "1\n", 2), 2);
        (void)close(fd);
    }
}

static void what_a_killed_job_left_is_removed(void **state)
{
    struct place p = begin(state);
    char left[PATH_MAX_SIZE];
    char owned[PATH_MAX_SIZE];
    char path[2 * PATH_MAX_SIZE];
    leave_copy(p.w, "owned1", owned);
    (void)snprintf(path, sizeof(path), "%s/owner", owned);
    int owner = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(owner, LOCK_EX | LOCK_NB), 0);
    leave_copy(p.w, "killed", left);
    assert_int_equal(job(&p, "checkpoint-tidy", NULL), 0); /* without a checkpoint, too */
    assert_int_not_equal(access(left, F_OK), 0);
    assert_int_equal(access(owned, F_OK), 0);
    leave_copy(p.w, "killed", left);
    (void)snprintf(path, sizeof(path), "%s/owner", left);
    assert_int_equal(unlink(path), 0); /* it was killed before it had one */
    assert_int_equal(job(&p, "verify", NULL), 0);
    assert_int_not_equal(access(left, F_OK), 0);
    assert_int_equal(access(owned, F_OK), 0);
    (void)close(owner);
    assert_int_equal(job(&p, "checkpoint-tidy", NULL), 0);
    assert_int_not_equal(access(owned, F_OK), 0);
}

/* --- what stands against cutting --- */

/* As two persons granted it. */
static enum err hold(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct handle person;
    struct journal_head head;
    Parkgate__HoldRecord record = PARKGATE__HOLD_RECORD__INIT;
    assert_true(handle_from_text(ctx, &person));
    TRY(journal_head(ctl->txn, &head, fault));
    record.number = head.sequence + 1;
    record.holder = field_of(BYTES_OF(person.bytes));
    record.from_us = ctl->now.us;
    record.until_us = ctl->now.us + YEARS_4;
    return controller_record(ctl, ENTRY_HOLD, "", &record.base, fault);
}

static void each_thing_against_it_is_named(void **state)
{
    struct place p = begin(state);
    char person[HANDLE_TEXT_SIZE];
    struct world *w = p.w;
    uint64_t old = head_of(w).sequence;
    person_with_badge(w, "acme", "Gao Yu", "04010209", NULL, person);
    assert_refused(truncate_before(&p, 1), ERROR_ARG_BAD);
    assert_refused(truncate_before(&p, old), ERROR_NO_CHECKPOINT);
    (void)make_checkpoint(&p);
    assert_refused(truncate_before(&p, head_of(w).sequence + 10), ERROR_NO_CHECKPOINT);
    assert_refused(truncate_before(&p, old), ERROR_JOURNAL_TERM);
    world_pass(w, (int64_t)LIMIT_JOURNAL_DAYS * 24 * 3600 * SECOND_US - MINUTE_US * 10);
    assert_refused(truncate_before(&p, old), ERROR_JOURNAL_TERM);
    world_pass(w, MINUTE_US * 11);
    assert_refused(truncate_before(&p, old), ERROR_TRUNCATION_BACKUP);
    back_up(&p);
    batch_run(w->ctl, hold, person);
    world_turn(w);
    assert_refused(truncate_before(&p, old), ERROR_TRUNCATION_HELD);
    const Parkgate__Reply *holds = admin(w, "hold.list", NULL);
    const char *number = cell(holds, 0, "hold");
    (void)admin(w, "hold.end", "hold", number, "reason", "over", NULL);
    assert_refused(truncate_before(&p, old), ERROR_TRUNCATION_RETENTION);
    for (int i = 0; i < 2 * RETAIN_COUNT; i++) { /* the run of three years ago ends */
        tick(w);
    }
    (void)admin(w, "retention.run", NULL);
    tick(w);
    (void)assert_done(truncate_before(&p, old));
    assert_int_equal(first_of(w), 1);
    (void)assert_replays(w);
}

static void a_second_person_must_agree(void **state)
{
    struct place p = begin(state);
    uint64_t old = head_of(p.w).sequence;
    world_pass(p.w, YEARS_4);
    back_up(&p);
    (void)make_checkpoint(&p);
    const Parkgate__Reply *reply = assert_done(
        ask(p.w, p.w->admin, "audit.truncate", "before", text(old), "reason", "term", NULL));
    char approval[24];
    (void)snprintf(approval, sizeof(approval), "%s", note(reply, "approval"));
    uint64_t jobs = p.w->jobs;
    look(p.w);
    assert_int_equal(p.w->jobs, jobs);
    assert_refused(ask(p.w, p.w->admin, "approval.grant", "approval", approval, NULL),
                   ERROR_SAME_PERSON);
    (void)assert_done(ask(p.w, p.other, "approval.grant", "approval", approval, NULL));
    look(p.w);
    assert_string_equal(p.w->job_name, "truncate");
}

static void a_snapshot_that_was_altered_lets_nothing_go(void **state)
{
    struct place p = begin(state);
    char path[2 * PATH_MAX_SIZE];
    uint64_t old = head_of(p.w).sequence;
    world_pass(p.w, YEARS_4);
    back_up(&p);
    uint64_t sequence = make_checkpoint(&p);
    path_of(&p, sequence, path);
    flip(path, 200);
    (void)assert_done(truncate_before(&p, old));
    look(p.w);
    assert_int_equal(answer_job(&p, "truncate", text(old - 1)), 1);
    const Parkgate__Reply *list = admin(p.w, "audit.checkpoints", NULL);
    assert_string_equal(note(list, "asked_state"), "refused");
    assert_non_null(strstr(note(list, "asked_why"), "was altered"));
    remove_all(&p);
    assert_int_equal(first_of(p.w), 1);
    flip(path, 200);
    assert_int_equal(unlink(path), 0);
    (void)assert_done(truncate_before(&p, old));
    look(p.w);
    assert_int_equal(answer_job(&p, "truncate", text(old - 1)), 1);
    assert_non_null(strstr(p.output, "is missing"));
    assert_int_equal(first_of(p.w), 1);
}

static void a_backup_that_was_not_made_lets_nothing_go(void **state)
{
    struct place p = begin(state);
    struct world *w = p.w;
    uint64_t old = head_of(w).sequence;
    world_pass(w, YEARS_4);
    (void)make_checkpoint(&p);
    (void)ask(w, w->admin, "backup", "dir", "/nowhere", NULL);
    assert_refused(truncate_before(&p, old), ERROR_TRUNCATION_BACKUP); /* it runs */
    backup_ends(&p, 1, old);
    assert_refused(truncate_before(&p, old), ERROR_TRUNCATION_BACKUP);
    (void)ask(w, w->admin, "backup", "dir", "/nowhere", NULL);
    uint64_t asked = head_of(w).sequence;
    backup_ends(&p, 0, asked);
    assert_int_equal(entries_of(w, ENTRY_BACKUP, asked - 1), 2); /* asked for, and made */
    assert_refused(truncate_before(&p, head_of(w).sequence + 1), ERROR_NO_CHECKPOINT);
    (void)assert_done(truncate_before(&p, old));
    (void)assert_replays(w);
}

static void what_retention_has_not_walked_over_stays(void **state)
{
    struct place p = begin(state);
    struct world *w = p.w;
    for (int i = 0; i < RETENTION_ROWS; i++) {
        (void)admin(w, i % 2 == 0 ? "tenant.suspend" : "tenant.resume", "name", "acme", "reason",
                    "x", NULL);
    }
    uint64_t old = head_of(w).sequence;
    world_pass(w, YEARS_4);
    back_up(&p);
    (void)make_checkpoint(&p); /* a second of retention goes by, which is one slice of it */
    assert_refused(truncate_before(&p, old), ERROR_TRUNCATION_RETENTION);
    tick(w);
    (void)assert_done(truncate_before(&p, old));
}

static void one_that_was_asked_for_waits_for_the_launcher(void **state)
{
    struct place p = begin(state);
    struct world *w = p.w;
    uint64_t old = head_of(w).sequence;
    world_pass(w, YEARS_4);
    back_up(&p);
    (void)make_checkpoint(&p);
    (void)assert_done(truncate_before(&p, old));
    look(w);
    assert_string_equal(w->job_name, "truncate");
    turn_job_done(w->ctl, w->last_job, CHECKPOINT_JOB_REFUSED, "");
    world_turn(w);
    assert_string_equal(note(admin(w, "audit.checkpoints", NULL), "asked_state"), "asked");
    uint64_t jobs = w->jobs;
    tick(w);
    assert_int_equal(w->jobs, jobs); /* not before a minute is over */
    world_pass(w, CHECKPOINT_LOOK_MS * MS_US);
    tick(w);
    assert_int_equal(w->jobs, jobs + 1);
    assert_int_equal(answer_job(&p, "truncate", text(old - 1)), 0);
    assert_string_equal(note(admin(w, "audit.checkpoints", NULL), "truncation"), "removing");
}

static void a_hold_that_begins_later_stops_the_slices(void **state)
{
    struct place p = begin(state);
    struct world *w = p.w;
    char person[HANDLE_TEXT_SIZE];
    person_with_badge(w, "acme", "Gao Yu", "04010209", NULL, person);
    uint64_t old = head_of(w).sequence;
    world_pass(w, YEARS_4);
    back_up(&p);
    (void)make_checkpoint(&p);
    (void)assert_done(truncate_before(&p, old));
    look(w);
    assert_int_equal(answer_job(&p, "truncate", text(old - 1)), 0);
    batch_run(w->ctl, hold, person);
    for (int i = 0; i < 100; i++) { /* retention's run is long over */
        tick(w);
    }
    assert_int_not_equal(w->ctl->retaining.day, 0);
    assert_true(w->ctl->checkpointing.cutting);
    assert_int_equal(first_of(w), 1);
    assert_int_equal(job(&p, "verify", NULL), 0);
    const char *number = cell(admin(w, "hold.list", NULL), 0, "hold");
    (void)admin(w, "hold.end", "hold", number, "reason", "over", NULL);
    remove_all(&p);
    assert_int_equal(first_of(w), old);
    assert_int_equal(job(&p, "verify", NULL), 0);
}

/* A head that the park signed once, as a gate keeps it: the chain is another one since. */
static void keep_anchor(struct place *p, uint64_t sequence)
{
    char text_of[ANCHOR_LINE_SIZE];
    char path[2 * PATH_MAX_SIZE];
    struct store_txn *txn = NULL;
    struct sign_public public = sign_public_of(&p->w->ctl->sign_key);
    struct anchor anchor = {.sequence = sequence, .hash = {{1}}, .time = p->w->ctl->now};
    assert_int_equal(store_begin_read(p->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(journal_branch(txn, anchor.branch, NULL), ERR_OK);
    store_txn_destroy(&txn);
    sign_key_id(&public, anchor.key);
    sign_make(&p->w->ctl->sign_key, anchor_message(&anchor, text_of), &anchor.value);
    anchor_to_line(&anchor, text_of);
    (void)mkdir(p->anchors, 0700);
    (void)snprintf(path, sizeof(path), "%s/gate-gate-a", p->anchors);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fprintf(file, "%s\n", text_of) > 0);
    assert_int_equal(fclose(file), 0);
}

static void what_a_gate_keeps_lets_nothing_go_and_none_be_made(void **state)
{
    struct place p = begin(state);
    uint64_t old = head_of(p.w).sequence;
    world_pass(p.w, YEARS_4);
    back_up(&p);
    (void)make_checkpoint(&p);
    keep_anchor(&p, old - 1);
    (void)assert_done(truncate_before(&p, old));
    look(p.w);
    assert_int_equal(answer_job(&p, "truncate", text(old - 1)), 1);
    assert_non_null(strstr(p.output, "what gate-a keeps"));
    remove_all(&p);
    assert_int_equal(first_of(p.w), 1);
    size_t made = entries_of(p.w, ENTRY_CHECKPOINT, 0);
    (void)ask(p.w, p.w->admin, "audit.checkpoint", NULL);
    assert_int_equal(answer_job(&p, "checkpoint", NULL), 1);
    assert_non_null(strstr(p.output, "what gate-a keeps"));
    assert_int_equal(entries_of(p.w, ENTRY_CHECKPOINT, 0), made);
}

/* --- what is left --- */

static void what_is_left_verifies(void **state)
{
    struct place p = begin(state);
    uint64_t first = cut(&p);
    assert_int_equal(job(&p, "verify", NULL), 0);
    assert_non_null(strstr(p.output, "\ndifferences=0\n"));
    char line[64];
    (void)snprintf(line, sizeof(line), "\nfirst_seq=%llu\n", (unsigned long long)first);
    assert_non_null(strstr(p.output, line));
    assert_int_equal(job(&p, "audit", NULL), 0);
    assert_non_null(strstr(p.output, "finding=whole"));
    assert_non_null(strstr(p.output, line));
    assert_int_equal(entries_of(p.w, ENTRY_TRUNCATION, first), 3);
    assert_refused(ask(p.w, p.w->admin, "journal.show", "seq", "1", NULL), ERROR_ENTRY_GONE);
    (void)admin(p.w, "events", "after", "0", NULL);
    (void)admin(p.w, "events", "from", "2020-01-01", NULL);
    (void)admin(p.w, "audit.opens", "from", "2020-01-01", NULL);
    assert_refused(truncate_before(&p, first), ERROR_TRUNCATION_GONE);
    /* what came since and a newer checkpoint */
    gate_walk(p.w, &p.gate, "a-out", WU);
    world_turn(p.w);
    assert_int_equal(job(&p, "verify", NULL), 0);
    (void)make_checkpoint(&p);
    assert_int_equal(job(&p, "verify", NULL), 0);
    assert_int_equal(job(&p, "audit", NULL), 0);
}

static void it_goes_on_after_a_kill(void **state)
{
    struct place p = begin(state);
    struct world *w = p.w;
    for (int i = 0; i < 2 * TRUNCATION_SLICE_ROWS; i++) {
        (void)admin(w, i % 2 == 0 ? "tenant.suspend" : "tenant.resume", "name", "acme", "reason",
                    "x", NULL);
    }
    uint64_t old = head_of(w).sequence;
    world_pass(w, YEARS_4);
    back_up(&p);
    (void)make_checkpoint(&p);
    for (int i = 0; i < 3; i++) { /* retention has walked over them */
        tick(w);
    }
    (void)assert_done(truncate_before(&p, old));
    world_restart(w); /* asked, and not looked at */
    use_key(w);
    look(w);
    assert_int_equal(answer_job(&p, "checkpoint-tidy", NULL), 0);
    look(w);
    assert_int_equal(answer_job(&p, "truncate", text(old - 1)), 0);
    look(w);
    for (int i = 0; i < 100 && first_of(w) == 1; i++) {
        tick(w);
    }
    assert_true(first_of(w) > 1 && first_of(w) < old);
    assert_int_equal(job(&p, "verify", NULL), 0); /* in the middle of it, too */
    assert_int_equal(job(&p, "audit", NULL), 0);
    world_restart(w);
    use_key(w);
    look(w);
    assert_int_equal(answer_job(&p, "checkpoint-tidy", NULL), 0);
    look(w);
    assert_true(w->ctl->checkpointing.cutting);
    remove_all(&p);
    assert_int_equal(first_of(w), old);
    assert_int_equal(job(&p, "verify", NULL), 0);
    assert_int_equal(job(&p, "audit", NULL), 0);
}

/* --- what was done to it --- */

static void fails(struct place *p, const char *name, const char *what)
{
    int status = job(p, name, NULL);
    if (status == 0 || strstr(p->output, what) == NULL) {
        fail_msg("%s says: %s", name, p->output);
    }
}

static void a_bad_snapshot_is_named(void **state)
{
    struct place p = begin(state);
    char path[2 * PATH_MAX_SIZE];
    char other[3 * PATH_MAX_SIZE];
    (void)cut(&p);
    const Parkgate__Reply *list = admin(p.w, "audit.checkpoints", NULL);
    path_of(&p, strtoull(cell(list, 0, "seq"), NULL, 10), path);
    (void)snprintf(other, sizeof(other), "%s.away", path);
    flip(path, 300);
    fails(&p, "verify", "was altered");
    fails(&p, "checkpoint", "was altered"); /* and none is made of it */
    flip(path, 300);
    assert_int_equal(rename(path, other), 0);
    fails(&p, "verify", "is missing");
    assert_int_equal(rename(other, path), 0);
    assert_int_equal(truncate(path, 100), 0);
    fails(&p, "verify", "was altered");
}

static void change_record(struct world *w, size_t table, uint64_t number, size_t at)
{
    struct keybuf key;
    struct bytes value;
    uint8_t copy[4096];
    struct store_txn *txn = NULL;
    keybuf_begin(&key);
    if (table == TABLE_TRUNCATION) {
        keybuf_u8(&key, TRUNCATION_BASE);
    } else {
        keybuf_u64(&key, number);
    }
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_get(txn, table, keybuf_view(&key), &value, NULL), ERR_OK);
    memcpy(copy, value.data, value.size);
    copy[at] ^= 1;
    assert_int_equal(store_put(txn, table, keybuf_view(&key),
                               (struct bytes){.data = copy, .size = value.size}, NULL),
                     ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static void remove_entry(struct world *w, uint64_t sequence)
{
    struct keybuf key;
    struct store_txn *txn = NULL;
    keybuf_begin(&key);
    keybuf_u64(&key, sequence);
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_del(txn, TABLE_JOURNAL, keybuf_view(&key), NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static void the_first_that_is_left_was_altered(void **state)
{
    struct place p = begin(state);
    uint64_t first = cut(&p);
    char what[64];
    change_record(p.w, TABLE_JOURNAL, first, SEAL_HASH_SIZE + 12);
    (void)snprintf(what, sizeof(what), "entry %llu was altered", (unsigned long long)first);
    fails(&p, "verify", what);
    fails(&p, "audit", what);
}

static void more_is_gone_than_is_on_record(void **state)
{
    struct place p = begin(state);
    uint64_t first = cut(&p);
    char what[64];
    remove_entry(p.w, first);
    (void)snprintf(what, sizeof(what), "entry %llu is missing", (unsigned long long)first);
    fails(&p, "verify", what);
    fails(&p, "audit", what);
}

static void a_beginning_that_nobody_recorded(void **state)
{
    struct place p = begin(state);
    (void)make_checkpoint(&p);
    remove_entry(p.w, 1);
    fails(&p, "verify", "entry 1 is missing");
    fails(&p, "audit", "entry 1 is missing");
}

static void an_altered_record_of_the_beginning(void **state)
{
    struct place p = begin(state);
    (void)cut(&p);
    change_record(p.w, TABLE_TRUNCATION, 0, 10); /* its CRC fits no more */
    assert_int_equal(job(&p, "verify", NULL), 1);
    assert_int_equal(job(&p, "audit", NULL), 1);
}

static enum err record_began(struct controller *ctl, void *ctx, struct fault *fault)
{
    const Parkgate__TruncationRecord *record = ctx;
    return controller_record(ctl, ENTRY_TRUNCATION, "", &record->base, fault);
}

/* The cut once more, on record behind all else, with another head of the last that is gone. */
static void begin_anew(struct place *p, const Parkgate__TruncationRecord *base, char *line)
{
    Parkgate__TruncationRecord record = *base;
    record.step = TRUNCATION_BEGAN;
    record.anchor = line;
    batch_run(p->w->ctl, record_began, &record);
    world_turn(p->w);
}

static void sign_head(const struct sign_key *key, struct anchor head, char line[ANCHOR_LINE_SIZE])
{
    sign_make(key, anchor_message(&head, line), &head.value);
    anchor_to_line(&head, line);
}

static void a_beginning_that_the_park_did_not_sign(void **state)
{
    static const char what[] = "no entry of it says, signed by the park, that it was cut off there";
    struct place p = begin(state);
    struct anchor head;
    char line[ANCHOR_LINE_SIZE];
    struct store_txn *txn = NULL;
    Parkgate__TruncationRecord *base = NULL;
    struct sign_key other = sign_key_make(entropy_system());
    (void)cut(&p);
    assert_int_equal(store_begin_read(p.w->store, &txn, NULL), ERR_OK);
    assert_int_equal(truncation_get(txn, TRUNCATION_BASE, &base, NULL), ERR_OK);
    store_txn_destroy(&txn);
    assert_true(anchor_from_line(base->anchor, &head));
    begin_anew(&p, base, base->anchor); /* as it is, it counts */
    assert_int_equal(job(&p, "audit", NULL), 0);
    sign_head(&other, head, line); /* under the park's name */
    begin_anew(&p, base, line);
    fails(&p, "audit", what);
    assert_non_null(strstr(p.output, "finding=beginning"));
    line[0] = '\0';
    begin_anew(&p, base, line);
    fails(&p, "audit", what);
    head.sequence--; /* what it signed of another entry */
    sign_head(&p.w->ctl->sign_key, head, line);
    begin_anew(&p, base, line);
    fails(&p, "audit", what);
    parkgate__truncation_record__free_unpacked(base, NULL);
}

/* Steps up to the first version with checkpoints read entries, which no snapshot has. */
static void a_snapshot_of_a_version_without_checkpoints(void **state)
{
    struct place p = begin(state);
    char path[2 * PATH_MAX_SIZE];
    char empty[PATH_MAX_SIZE];
    struct fault fault = {0};
    struct store *store = NULL;
    struct checkpoint checkpoint = {.sequence = make_checkpoint(&p)};
    struct store_options options = {.dir = empty,
                                    .kind = CONTROLLER_STORE_KIND,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .create = true};
    checkpoint.hash = head_at(p.w, checkpoint.sequence);
    (void)snprintf(empty, sizeof(empty), "%s/empty", p.w->dir);
    path_of(&p, checkpoint.sequence, path);
    flip(path, (off_t)strlen("parkgate snapshot 1\n") + 3); /* 5, now 4 */
    assert_int_equal(store_open(&options, &store, NULL), ERR_OK);
    assert_int_equal(checkpoint_file_load(p.dir, &checkpoint, store, &fault), ERR_UNSUPPORTED);
    assert_string_equal(fault.what,
                        "the snapshot is of version 4, and there were none before version 5");
    store_destroy(&store);
}

/* A row as the writer of a store makes it: right in itself. */
static void put_row(struct world *w, size_t table, struct keybuf *key, const ProtobufCMessage *row)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_put_message(txn, table, keybuf_view(key), row, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

/* A key of his own among the park's, as if an entry that is gone had named it. */
static struct sign_key own_key(struct world *w)
{
    struct keybuf at;
    struct sign_key key = sign_key_make(entropy_system());
    struct sign_public public = sign_public_of(&key);
    Parkgate__SignKeyRecord record = PARKGATE__SIGN_KEY_RECORD__INIT;
    record.public_key = field_of(BYTES_OF(public.bytes));
    keybuf_begin(&at);
    keybuf_text(&at, "sign_key");
    keybuf_u64(&at, 1);
    put_row(w, TABLE_META, &at, &record.base);
    return key;
}

/* The newest checkpoint, signed anew with his key. */
struct forged {
    struct checkpoint checkpoint;
    Parkgate__CheckpointRecord record;
};

static void forge(struct world *w, const struct sign_key *key, struct forged *forged)
{
    char message[CHECKPOINT_LINE_SIZE];
    struct store_txn *txn = NULL;
    struct sign_public public = sign_public_of(key);
    struct checkpoint *c = &forged->checkpoint;
    Parkgate__CheckpointRecord *record = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(checkpoint_newest(txn, &record, NULL), ERR_OK);
    store_txn_destroy(&txn);
    assert_true(checkpoint_of_record(record, c));
    sign_key_id(&public, c->key);
    sign_make(key, checkpoint_message(c, message), &c->value);
    forged->record = (Parkgate__CheckpointRecord)PARKGATE__CHECKPOINT_RECORD__INIT;
    forged->record.at_sequence = c->sequence;
    forged->record.hash = field_of(BYTES_OF(c->hash.bytes));
    forged->record.digest = field_of(BYTES_OF(c->digest.bytes));
    forged->record.size = c->size;
    forged->record.rows = record->rows;
    forged->record.time_us = c->time.us;
    forged->record.branch = field_of(BYTES_OF(c->branch));
    forged->record.key = c->key;
    forged->record.value = field_of(BYTES_OF(c->value.bytes));
    forged->record.recorded_at = c->recorded_at;
    parkgate__checkpoint_record__free_unpacked(record, NULL);
}

static void a_checkpoint_that_no_entry_says(void **state)
{
    struct place p = begin(state);
    struct keybuf at;
    struct forged forged;
    (void)cut(&p);
    struct sign_key key = own_key(p.w);
    forge(p.w, &key, &forged);
    keybuf_begin(&at);
    keybuf_u64(&at, forged.checkpoint.sequence);
    put_row(p.w, TABLE_CHECKPOINT, &at, &forged.record.base);
    fails(&p, "verify", "is said by no entry of the journal");
    fails(&p, "checkpoint", "is said by no entry of the journal"); /* the park signs none of it */
    fails(&p, "audit", "is said by no entry of the journal");
    fails(&p, "recount", "is said by no entry of the journal");
    forged.record.recorded_at = head_of(p.w).sequence + 1; /* nor one to come */
    put_row(p.w, TABLE_CHECKPOINT, &at, &forged.record.base);
    fails(&p, "verify", "is said by no entry of the journal");
    fails(&p, "audit", "is said by no entry of the journal");
}

static enum err record_forged(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct forged *forged = ctx;
    forged->record.recorded_at = 0;
    return controller_record(ctl, ENTRY_CHECKPOINT, "", &forged->record.base, fault);
}

static void a_checkpoint_by_a_key_that_no_entry_names(void **state)
{
    struct place p = begin(state);
    struct forged forged;
    (void)cut(&p);
    (void)make_checkpoint(&p); /* after it began: what began it names the park's key */
    assert_int_equal(job(&p, "verify", NULL), 0);
    assert_int_equal(job(&p, "audit", NULL), 0);
    struct sign_key key = own_key(p.w);
    forge(p.w, &key, &forged);
    batch_run(p.w->ctl, record_forged, &forged);
    world_turn(p.w);
    fails(&p, "verify", "is signed by a key that no entry of the journal names");
    fails(&p, "checkpoint", "is signed by a key that no entry of the journal names");
    fails(&p, "audit", "is signed by a key that no entry of the journal names");
    fails(&p, "recount", "is signed by a key that no entry of the journal names");
}

/* --- counts --- */

static void counts_the_same(struct place *p)
{
    if (job(p, "recount", NULL) != 0 || strstr(p->output, "\ndifferences=0\n") == NULL) {
        fail_msg("recount says: %s", p->output);
    }
}

static void the_headcount_is_counted_from_there(void **state)
{
    struct place p = begin(state);
    counts_the_same(&p);
    (void)cut(&p);
    counts_the_same(&p);
    gate_walk(p.w, &p.gate, "a-out", WU);
    world_turn(p.w);
    counts_the_same(&p);
}

int main(int argc, char **argv)
{
    if (argc == 7) {
        return run_job(argv + 1);
    }
    const struct CMUnitTest tests[] = {
        WORLD_TEST(it_is_signed_and_on_record),
        WORLD_TEST(what_does_not_verify_gives_none),
        WORLD_TEST(a_newer_one_takes_the_place_of_the_older),
        WORLD_TEST(it_is_made_anew_before_its_term),
        WORLD_TEST(one_of_a_clock_that_was_ahead_is_made_anew),
        WORLD_TEST(one_that_cannot_be_made_is_told_and_tried_a_day_later),
        WORLD_TEST(what_a_killed_job_left_is_removed),
        WORLD_TEST(each_thing_against_it_is_named),
        WORLD_TEST(a_second_person_must_agree),
        WORLD_TEST(a_snapshot_that_was_altered_lets_nothing_go),
        WORLD_TEST(a_backup_that_was_not_made_lets_nothing_go),
        WORLD_TEST(what_retention_has_not_walked_over_stays),
        WORLD_TEST(one_that_was_asked_for_waits_for_the_launcher),
        WORLD_TEST(a_hold_that_begins_later_stops_the_slices),
        WORLD_TEST(what_a_gate_keeps_lets_nothing_go_and_none_be_made),
        WORLD_TEST(what_is_left_verifies),
        WORLD_TEST(it_goes_on_after_a_kill),
        WORLD_TEST(a_bad_snapshot_is_named),
        WORLD_TEST(the_first_that_is_left_was_altered),
        WORLD_TEST(more_is_gone_than_is_on_record),
        WORLD_TEST(a_beginning_that_nobody_recorded),
        WORLD_TEST(an_altered_record_of_the_beginning),
        WORLD_TEST(a_beginning_that_the_park_did_not_sign),
        WORLD_TEST(a_snapshot_of_a_version_without_checkpoints),
        WORLD_TEST(a_checkpoint_that_no_entry_says),
        WORLD_TEST(a_checkpoint_by_a_key_that_no_entry_names),
        WORLD_TEST(the_headcount_is_counted_from_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
