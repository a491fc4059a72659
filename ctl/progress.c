/* SPDX-License-Identifier: Apache-2.0 */
/* The progress line. It is drawn at most ten times a second, and cleared before anything else is
 * printed on its stream. */
#include "ctl/progress.h"

#include <string.h>

#include "ctl/measure.h"
#include "ctl/operation.h"
#include "ctl/text.h"

#define BAR_CELLS    20
#define REDRAW_EVERY 100000  /* microseconds */
#define RATE_SPAN    1000000 /* the rate is counted anew over spans this long */
#define TAIL_MAX     160

void aphc_progress_init(aphc_progress_t *progress, const aphc_terminal_t *terminal, int hidden)
{
    *progress = (aphc_progress_t){.terminal = *terminal, .hidden = hidden != 0};
}

/* What stands right of the text: bar, amounts, rate. Bytes get all of it, steps "2 of 7", layers of
 * an image "2 of 7 layers". */
static void amounts(char *out, size_t size, const json_t *frame, int64_t rate, int with_bar)
{
    json_int_t done = aphc_get_number(frame, "done"), total = aphc_get_number(frame, "total");
    int bytes = strcmp(aphc_get_text(frame, "unit"), "bytes") == 0;
    char have[APHC_MEASURE_MAX], all[APHC_MEASURE_MAX], speed[APHC_MEASURE_MAX];
    char bar[BAR_CELLS + 5] = "";
    *out = '\0';
    if (done < 0 || total < 0 || (done == 0 && total == 0))
        return;
    if (!bytes) {
        int layers = strcmp(aphc_get_text(frame, "unit"), "layers") == 0;
        if (total > 0)
            snprintf(out, size, "  %lld of %lld%s", (long long)done, (long long)total,
                     layers ? " layers" : "");
        return;
    }
    aphc_measure_size(have, done);
    aphc_measure_size(all, total);
    aphc_measure_size(speed, rate);
    if (with_bar && total > 0) {
        int cells = done >= total ? BAR_CELLS : (int)((double)done / (double)total * BAR_CELLS);
        /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the end follows below. */
        memcpy(bar, "  [", 3);
        memset(bar + 3, '#', (size_t)cells);
        memset(bar + 3 + cells, '-', (size_t)(BAR_CELLS - cells));
        memcpy(bar + 3 + BAR_CELLS, "]", 2);
    }
    snprintf(out, size, "%s  %s%s%s%s%s%s", bar, have, total > 0 ? " of " : "",
             total > 0 ? all : "", rate > 0 ? "  " : "", rate > 0 ? speed : "",
             rate > 0 ? "/s" : "");
}

/* Narrow terminals lose the bar first, then the end of the text; the amounts stay. */
void aphc_progress_line(char *out, const json_t *frame, int64_t rate, int columns)
{
    const char *step = aphc_get_text(frame, "step"), *text = aphc_get_text(frame, "text");
    char tail[TAIL_MAX], head[APHC_PROGRESS_LINE_MAX - TAIL_MAX];
    char whole[APHC_PROGRESS_LINE_MAX];
    snprintf(whole, sizeof whole, "%s%s%s", step, *step != '\0' && *text != '\0' ? "  " : "", text);
    amounts(tail, sizeof tail, frame, rate, 1);
    if (columns > 0 && aphc_text_columns(whole) + (int)strlen(tail) > columns)
        amounts(tail, sizeof tail, frame, rate, 0);
    int room = columns - (int)strlen(tail);
    if (columns > 0 && room < 8)
        tail[0] = '\0';
    aphc_text_cut(head, sizeof head, whole, columns == 0 ? 0 : room < 8 ? columns : room);
    snprintf(out, APHC_PROGRESS_LINE_MAX, "%s%s", head, tail);
}

static void count_rate(aphc_progress_t *progress, json_int_t done, int64_t now)
{
    if (progress->rate_since == 0 || done < progress->rate_done) {
        progress->rate_since = now;
        progress->rate_done = done;
        progress->rate = 0;
        return;
    }
    int64_t span = now - progress->rate_since;
    if (span < RATE_SPAN)
        return;
    int64_t fresh = (int64_t)((double)(done - progress->rate_done) * 1e6 / (double)span);
    progress->rate = progress->rate > 0 ? (progress->rate + fresh) / 2 : fresh;
    progress->rate_since = now;
    progress->rate_done = done;
}

static void clear_line(aphc_progress_t *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", progress->terminal.file);
    progress->drawn = 0;
}

static void draw(aphc_progress_t *progress, const json_t *frame, int64_t now)
{
    char line[APHC_PROGRESS_LINE_MAX];
    aphc_terminal_measure(&progress->terminal);
    /* One column stays free: a line that fills the last one wraps on some terminals. */
    aphc_progress_line(line, frame, progress->rate, progress->terminal.columns - 1);
    clear_line(progress);
    fputs(line, progress->terminal.file);
    fflush(progress->terminal.file);
    progress->drawn = 1;
    progress->drawn_at = now;
}

void aphc_progress_update(aphc_progress_t *progress, const json_t *frame, int64_t now)
{
    const char *step = aphc_get_text(frame, "step"), *text = aphc_get_text(frame, "text");
    if (aphc_get_number(frame, "job") > 0)
        progress->job = aphc_get_number(frame, "job");
    if (progress->hidden)
        return;
    int news = strncmp(step, progress->step, sizeof progress->step - 1) != 0 ||
               strncmp(text, progress->text, sizeof progress->text - 1) != 0;
    if (news) {
        snprintf(progress->step, sizeof progress->step, "%s", step);
        snprintf(progress->text, sizeof progress->text, "%s", text);
        progress->rate_since = 0;
    }
    if (strcmp(aphc_get_text(frame, "unit"), "bytes") == 0)
        count_rate(progress, aphc_get_number(frame, "done"), now);
    else
        progress->rate = 0;
    if (progress->terminal.is_terminal) {
        if (news || now - progress->drawn_at >= REDRAW_EVERY)
            draw(progress, frame, now);
    } else if (news) {
        char line[APHC_PROGRESS_LINE_MAX];
        aphc_progress_line(line, frame, 0, 0);
        fprintf(progress->terminal.file, "%s\n", line);
        fflush(progress->terminal.file);
    }
}

void aphc_progress_log(aphc_progress_t *progress, const char *line)
{
    if (progress->hidden)
        return;
    clear_line(progress);
    aphc_put(&progress->terminal, APHC_DIM, line);
    putc('\n', progress->terminal.file);
    fflush(progress->terminal.file);
}

void aphc_progress_end(aphc_progress_t *progress)
{
    clear_line(progress);
    fflush(progress->terminal.file);
}
