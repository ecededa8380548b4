#include "admin-cli/progress.h"

static struct mono now(const struct clock *clock)
{
    return clock->mono(clock->ctx);
}

void progress_begin(struct progress *progress, const struct cli *cli, const struct clock *clock,
                    size_t whole)
{
    *progress = (struct progress){.cli = cli, .clock = clock, .whole = whole, .begun = now(clock)};
}

void progress_show(struct progress *progress, size_t done)
{
    const struct cli *cli = progress->cli;
    struct mono here = now(progress->clock);
    if (!cli->err_terminal || cli->format != FORMAT_TABLE || progress->whole == 0 ||
        mono_before(here, mono_after_ms(progress->begun, PROGRESS_AFTER_MS)) ||
        (progress->drawn && mono_before(here, mono_after_ms(progress->shown, PROGRESS_EVERY_MS)))) {
        return;
    }
    size_t filled = done * PROGRESS_CELLS / progress->whole;
    (void)fputs("\r[", cli->err);
    for (size_t i = 0; i < PROGRESS_CELLS; i++) {
        (void)fputc(i < filled ? '#' : '.', cli->err);
    }
    (void)fprintf(cli->err, "] %zu / %zu%s", done, progress->whole,
                  progress->what != NULL ? progress->what : "");
    (void)fflush(cli->err);
    progress->drawn = true;
    progress->shown = here;
}

void progress_end(struct progress *progress)
{
    if (progress->drawn) {
        (void)fputc('\n', progress->cli->err);
    }
}
