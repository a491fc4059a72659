/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/plan_text.h"

#include <string.h>

#include "ctl/measure.h"
#include "ctl/operation.h"
#include "ctl/table.h"
#include "ctl/text.h"

#define CELL_MAX 256
#define INDENT   4

static void heading(const aphc_terminal_t *terminal, aphc_style_t style, const char *title)
{
    aphc_putf(terminal, "\n  ");
    aphc_put(terminal, style, title);
    aphc_putf(terminal, "\n");
}

/* Cells of a part of the plan, so that parts line up without a table's titles. */
typedef struct columns_t {
    char cells[3][CELL_MAX];
    int widths[3];
} columns_t;

typedef void (*fill_fn)(columns_t *columns, const json_t *row);

/* Prints the rows of an array as aligned columns; the fill function turns a row into cells. */
static void print_rows(const aphc_terminal_t *terminal, const json_t *rows, fill_fn fill_cb)
{
    columns_t columns = {.widths = {0, 0, 0}};
    size_t i;
    const json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        fill_cb(&columns, row);
        for (int c = 0; c < 3; c++) {
            int width = aphc_text_columns(columns.cells[c]);
            if (width > columns.widths[c])
                columns.widths[c] = width;
        }
    }
    json_array_foreach((json_t *)rows, i, row) {
        fill_cb(&columns, row);
        aphc_putf(terminal, "%*s", INDENT, "");
        for (int c = 0; c < 3; c++) {
            int width = aphc_text_columns(columns.cells[c]);
            aphc_put(terminal, APHC_PLAIN, columns.cells[c]);
            int more = 0;
            for (int next = c + 1; next < 3; next++)
                more |= columns.cells[next][0] != '\0';
            if (!more)
                break;
            aphc_putf(terminal, "%*s", columns.widths[c] - width + 2, "");
        }
        aphc_putf(terminal, "\n");
    }
}

static void print_part(const aphc_terminal_t *terminal, const json_t *plan, const char *key,
                       const char *title, fill_fn fill_cb)
{
    const json_t *rows = json_object_get(plan, key);
    if (json_array_size(rows) == 0)
        return;
    heading(terminal, APHC_BOLD, title);
    print_rows(terminal, rows, fill_cb);
}

static void fill_image(columns_t *columns, const json_t *image)
{
    char size[APHC_MEASURE_MAX];
    const json_t *octets = json_object_get(image, "size");
    aphc_measure_size(size, json_integer_value(octets));
    snprintf(columns->cells[0], CELL_MAX, "%s", aphc_get_text(image, "service"));
    snprintf(columns->cells[1], CELL_MAX, "%s", aphc_get_text(image, "ref"));
    if (json_is_true(json_object_get(image, "local")))
        snprintf(columns->cells[2], CELL_MAX, "already on this machine");
    else if (json_is_integer(octets))
        snprintf(columns->cells[2], CELL_MAX, "to download, %s", size);
    else
        snprintf(columns->cells[2], CELL_MAX, "to download");
}

/* Who can reach a port is what a person must know; numbers alone do not say it. */
static void fill_port(columns_t *columns, const json_t *port)
{
    const char *address = aphc_get_text(port, "address");
    const char *protocol = aphc_get_text(port, "protocol");
    const char *reach = json_is_true(json_object_get(port, "web")) ? "the app's web page, through httpd"
                        : strcmp(address, "127.0.0.1") == 0        ? "this machine only"
                                                                   : "open to your network";
    snprintf(columns->cells[0], CELL_MAX, "%s", aphc_get_text(port, "service"));
    snprintf(columns->cells[1], CELL_MAX, "%.64s:%lld/%.8s to %lld inside", address,
             (long long)aphc_get_number(port, "host"), *protocol != '\0' ? protocol : "tcp",
             (long long)aphc_get_number(port, "target"));
    snprintf(columns->cells[2], CELL_MAX, "%s", reach);
}

static void fill_folder(columns_t *columns, const json_t *folder)
{
    snprintf(columns->cells[0], CELL_MAX, "%s", aphc_get_text(folder, "path"));
    snprintf(columns->cells[1], CELL_MAX, "as %.160s%s", aphc_get_text(folder, "target"),
             json_is_true(json_object_get(folder, "read_only")) ? ", read-only" : "");
    snprintf(columns->cells[2], CELL_MAX, "%s",
             json_is_true(json_object_get(folder, "kept")) ? "kept from before" : "new");
}

static void fill_file(columns_t *columns, const json_t *file)
{
    snprintf(columns->cells[0], CELL_MAX, "%s", aphc_get_text(file, "path"));
    columns->cells[1][0] = columns->cells[2][0] = '\0';
}

static void print_finding(const aphc_terminal_t *terminal, const json_t *finding)
{
    const char *value = aphc_get_text(finding, "value");
    json_int_t line = aphc_get_number(finding, "line");
    aphc_putf(terminal, "%*s", INDENT, "");
    if (line > 0)
        aphc_putf(terminal, "line %lld: ", (long long)line);
    aphc_put(terminal, APHC_PLAIN, aphc_get_text(finding, "key"));
    if (*value != '\0') {
        aphc_putf(terminal, " = ");
        aphc_put(terminal, APHC_PLAIN, value);
    }
    aphc_putf(terminal, "\n%*s", INDENT * 2, "");
    aphc_text_wrap(terminal->file, aphc_get_text(finding, "reason"), terminal->columns, INDENT * 2);
    aphc_putf(terminal, "\n");
}

static void print_findings(const aphc_terminal_t *terminal, const json_t *plan, const char *verdict,
                           aphc_style_t style, const char *title)
{
    size_t i;
    const json_t *finding;
    int shown = 0;
    json_array_foreach(json_object_get(plan, "findings"), i, finding) {
        if (strcmp(aphc_get_text(finding, "verdict"), verdict) != 0)
            continue;
        if (!shown++)
            heading(terminal, style, title);
        print_finding(terminal, finding);
    }
}

static void print_space(const aphc_terminal_t *terminal, const json_t *plan)
{
    size_t i;
    const json_t *image;
    json_int_t need = 0, have = aphc_get_number(plan, "disk_free");
    char need_text[APHC_MEASURE_MAX], have_text[APHC_MEASURE_MAX], memory_text[APHC_MEASURE_MAX];
    if (!json_is_integer(json_object_get(plan, "disk_free")))
        return;
    json_array_foreach(json_object_get(plan, "images"), i, image)
        if (!json_is_true(json_object_get(image, "local")))
            need += aphc_get_number(image, "size");
    aphc_measure_size(need_text, need);
    aphc_measure_size(have_text, have);
    aphc_measure_size(memory_text, aphc_get_number(plan, "memory_free"));
    aphc_putf(terminal, "\n  %s to download; %s of disk", need_text, have_text);
    if (json_is_integer(json_object_get(plan, "memory_free")))
        aphc_putf(terminal, " and %s of memory", memory_text);
    aphc_putf(terminal, " free.\n");
    /* Unpacked layers take more than the download: tight means too little. */
    if (need > 0 && have / 3 < need)
        aphc_put(terminal, APHC_YELLOW, "  That may be too little: images grow when unpacked.\n");
}

static void print_app(const aphc_terminal_t *terminal, const json_t *app)
{
    size_t i;
    const json_t *url;
    int shown = 0;
    aphc_put(terminal, APHC_BOLD, "The plan for ");
    aphc_put(terminal, APHC_BOLD, aphc_get_text(app, "name"));
    aphc_putf(terminal, "\n\n");
    json_array_foreach(json_object_get(app, "url"), i, url) {
        aphc_putf(terminal, shown++ ? "%*s" : "  It will answer at  ", 21, "");
        aphc_put(terminal, APHC_GREEN, json_string_value(url));
        aphc_putf(terminal, "\n");
    }
    if (!shown)
        aphc_putf(terminal, "  It has no web page.\n");
}

void aphc_plan_print(const aphc_terminal_t *terminal, const json_t *plan)
{
    print_app(terminal, json_object_get(plan, "app"));
    print_part(terminal, plan, "images", "Images", fill_image);
    print_part(terminal, plan, "ports", "Ports", fill_port);
    print_part(terminal, plan, "folders", "Data folders", fill_folder);
    print_part(terminal, plan, "files", "Files the script writes", fill_file);
    print_findings(terminal, plan, "rewrite", APHC_BOLD, "Changed, so that it fits here");
    print_findings(terminal, plan, "ask", APHC_YELLOW, "Needs your consent");
    print_findings(terminal, plan, "deny", APHC_RED, "Refused");
    print_space(terminal, plan);
    aphc_putf(terminal, "\n");
    fflush(terminal->file);
}

static aphc_verdict_t verdict_of(const json_t *object)
{
    const char *word = aphc_get_text(object, "verdict");
    if (strcmp(word, "allow") == 0 || strcmp(word, "rewrite") == 0)
        return APHC_PLAN_FREE;
    return strcmp(word, "ask") == 0 ? APHC_PLAN_CONSENT : APHC_PLAN_REFUSED;
}

aphc_verdict_t aphc_plan_verdict(const json_t *plan)
{
    aphc_verdict_t worst = verdict_of(plan);
    size_t i;
    const json_t *finding;
    json_array_foreach(json_object_get(plan, "findings"), i, finding)
        if (verdict_of(finding) > worst)
            worst = verdict_of(finding);
    return worst;
}
