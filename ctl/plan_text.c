/* SPDX-License-Identifier: Apache-2.0 */
/* The plan from top to bottom in the order of the questions people have: where will it be, what is
 * fetched, who can reach it, where is my data, what did you change, what must I agree to. */
#include "ctl/plan_text.h"

#include <stdio.h>
#include <string.h>

#include "ctl/measure.h"
#include "ctl/operation.h"
#include "ctl/plan_update.h"
#include "ctl/text.h"

#define CELL_MAX 256
#define INDENT   4

static void heading(const aphc_terminal_t *terminal, aphc_style_t style, const char *title)
{
    aphc_putf(terminal, "\n  ");
    aphc_put(terminal, style, title);
    aphc_putf(terminal, "\n");
}

/* Cells of a part of the plan, so that its rows line up without a table's titles. */
typedef struct cells_t {
    char text[3][CELL_MAX];
} cells_t;

/* Turns a row of a part into cells; plan for what the row leaves to it. */
typedef void (*fill_cb_t)(cells_t *cells, const json_t *plan, const json_t *row);

static void print_cells(const aphc_terminal_t *terminal, const cells_t *cells, const int *widths)
{
    int last = 2;
    while (last > 0 && cells->text[last][0] == '\0')
        last--;
    aphc_putf(terminal, "%*s", INDENT, "");
    for (int c = 0; c <= last; c++) {
        aphc_put(terminal, APHC_PLAIN, cells->text[c]);
        if (c < last)
            aphc_putf(terminal, "%*s", widths[c] - aphc_text_columns(cells->text[c]) + 2, "");
    }
    aphc_putf(terminal, "\n");
}

static void print_part(const aphc_terminal_t *terminal, const json_t *plan, const json_t *rows,
                       const char *title, fill_cb_t fill_cb)
{
    size_t i;
    const json_t *row;
    int widths[3] = {0, 0, 0};
    cells_t cells;
    if (json_array_size(rows) == 0)
        return;
    heading(terminal, APHC_BOLD, title);
    json_array_foreach((json_t *)rows, i, row)
    {
        fill_cb(&cells, plan, row);
        for (int c = 0; c < 3; c++) {
            int width = aphc_text_columns(cells.text[c]);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    json_array_foreach((json_t *)rows, i, row)
    {
        fill_cb(&cells, plan, row);
        print_cells(terminal, &cells, widths);
    }
}

/* "sha256:0123456789ab" of what will be pulled, as engines shorten it; "" where it is not known. */
static void short_digest(char out[32], const json_t *image)
{
    const char *at = strstr(aphc_get_text(image, "digest"), "@sha256:");
    snprintf(out, 32, "%s%.19s", at != NULL ? ", " : "", at != NULL ? at + 1 : "");
}

/* What has to come over the line, which is not the whole where a part of it is here already. */
static void fill_image_cb(cells_t *cells, const json_t *plan, const json_t *image)
{
    char size[APHC_MEASURE_MAX], whole[APHC_MEASURE_MAX], digest[32];
    const json_t *octets = json_object_get(image, "octets");
    const json_t *download = json_object_get(image, "download");
    json_int_t layers = aphc_get_number(image, "layers");
    snprintf(cells->text[0], CELL_MAX, "%s", aphc_get_text(image, "service"));
    snprintf(cells->text[1], CELL_MAX, "%s", aphc_get_text(image, "ref"));
    short_digest(digest, image);
    if (!json_is_true(json_object_get(image, "pull"))) {
        aphc_measure_size(size, json_integer_value(octets));
        snprintf(cells->text[2], CELL_MAX, "already on this machine%s%s",
                 json_is_integer(octets) ? ", " : "", json_is_integer(octets) ? size : "");
        return;
    }
    aphc_measure_size(size, json_integer_value(download));
    aphc_measure_size(whole, layers);
    if (!json_is_integer(download))
        snprintf(cells->text[2], CELL_MAX, "to download, size unknown%s", digest);
    else if (json_integer_value(download) < layers)
        snprintf(cells->text[2], CELL_MAX, "%s of %s to download%s", size, whole, digest);
    else
        snprintf(cells->text[2], CELL_MAX, "%s to download%s", size, digest);
}

/* Who can reach a port is what a person must know; numbers alone do not say it. */
static void fill_port_cb(cells_t *cells, const json_t *plan, const json_t *port)
{
    int web = json_is_true(json_object_get(port, "web"));
    const char *protocol = aphc_get_text(port, "protocol");
    json_int_t host = web ? aphc_get_number(plan, "port") : aphc_get_number(port, "host");
    snprintf(cells->text[0], CELL_MAX, "%s", aphc_get_text(port, "service"));
    snprintf(cells->text[1], CELL_MAX, "%lld/%.8s to %lld inside", (long long)host,
             *protocol != '\0' ? protocol : "tcp", (long long)aphc_get_number(port, "target"));
    snprintf(cells->text[2], CELL_MAX, "%s",
             web ? "this machine only: its web page, through httpd" : "open to your network");
}

/* "uid 1000 (PUID)", "root in the container", "user node of its image". */
static void put_writer(char *out, size_t size, const json_t *writer)
{
    const char *from = aphc_get_text(writer, "from"), *user = aphc_get_text(writer, "user");
    const json_t *uid = json_object_get(writer, "uid");
    long long number = json_integer_value(uid);
    if (strcmp(from, "unknown") == 0)
        snprintf(out, size, "the user its image names");
    else if (!json_is_integer(uid))
        snprintf(out, size, "user %.40s of its image", user);
    else if (number == 0)
        snprintf(out, size, "root in the container");
    else
        snprintf(out, size, "uid %lld%s", number, strcmp(from, "puid") == 0 ? " (PUID)" : "");
}

/* All that write the folder, each user once. */
static void put_writers(char out[CELL_MAX], const json_t *writers)
{
    size_t i, at = 0;
    const json_t *writer;
    out[0] = '\0';
    json_array_foreach((json_t *)writers, i, writer)
    {
        char one[80];
        put_writer(one, sizeof one, writer);
        if (strstr(out, one) != NULL || at + sizeof one + 16 > CELL_MAX)
            continue;
        at += (size_t)snprintf(out + at, CELL_MAX - at, "%s%s", at == 0 ? "written by " : " and ",
                               one);
    }
}

static void fill_folder_cb(cells_t *cells, const json_t *plan, const json_t *folder)
{
    snprintf(cells->text[0], CELL_MAX, "%.120s/%.120s", aphc_get_text(plan, "data"),
             aphc_get_text(folder, "path"));
    const char *backup = aphc_get_text(folder, "backup");
    snprintf(cells->text[1], CELL_MAX, "%s%s",
             json_is_true(json_object_get(folder, "new")) ? "new" : "kept from before",
             strcmp(backup, "keep") == 0      ? ", to be backed up"
             : strcmp(backup, "rebuild") == 0 ? ", needs no backup"
                                              : "");
    put_writers(cells->text[2], json_object_get(folder, "writers"));
}

static void fill_answer_cb(cells_t *cells, const json_t *plan, const json_t *answer)
{
    int made = json_is_true(json_object_get(answer, "made"));
    const char *label = aphc_get_text(answer, "label"), *id = aphc_get_text(answer, "question");
    snprintf(cells->text[0], CELL_MAX, "%.100s", *label != '\0' ? label : id);
    snprintf(cells->text[1], CELL_MAX, "%.150s",
             !json_is_true(json_object_get(answer, "secret")) ? aphc_get_text(answer, "value")
             : made                                           ? "(made up)"
                                                              : "(not shown)");
    cells->text[2][0] = '\0';
}

/* "sonarr and movies": NAMES, cut where the cell ends. */
static void put_names(char *out, size_t size, const char *before, const json_t *names)
{
    size_t i, at = 0;
    const json_t *name;
    out[0] = '\0';
    json_array_foreach((json_t *)names, i, name)
        if (json_is_string(name) && at + 80 < size)
            at += (size_t)snprintf(out + at, size - at, "%s%.64s", i == 0 ? before : " and ",
                                   json_string_value(name));
}

/* Whose it is, who writes it and who has it too: it may be full of what people care for. */
static void fill_storage_cb(cells_t *cells, const json_t *plan, const json_t *row)
{
    char whose[72] = "", writers[CELL_MAX], others[160];
    const json_t *owner = json_object_get(row, "owner"), *given = json_object_get(row, "given");
    int is_new = json_is_true(json_object_get(row, "new"));
    const json_t *who = is_new ? given : owner;
    snprintf(cells->text[0], CELL_MAX, "%.180s%s", aphc_get_text(row, "answer"),
             json_is_true(json_object_get(row, "read_only")) ? " (only read)" : "");
    snprintf(cells->text[1], CELL_MAX, "%s%.240s", is_new ? "new: " : "",
             aphc_get_text(row, "path"));
    if (json_is_object(who))
        snprintf(whose, sizeof whose, "%s %lld:%lld", is_new ? "given to" : "belongs to",
                 (long long)aphc_get_number(who, "uid"), (long long)aphc_get_number(who, "gid"));
    else if (is_new)
        snprintf(whose, sizeof whose, "given to root");
    put_writers(writers, json_object_get(row, "writers"));
    put_names(others, sizeof others, ", shared with ", json_object_get(row, "shared"));
    snprintf(cells->text[2], CELL_MAX, "%s%s%.90s%.90s", whose,
             *whose != '\0' && *writers != '\0' ? ", " : "", writers, others);
}

static void fill_file_cb(cells_t *cells, const json_t *plan, const json_t *file)
{
    const char *path = json_string_value(file);
    snprintf(cells->text[0], CELL_MAX, "%s", path != NULL ? path : "");
    cells->text[1][0] = cells->text[2][0] = '\0';
}

void aphc_plan_print_open_ports(const aphc_terminal_t *terminal, const json_t *ports)
{
    size_t i;
    const json_t *port;
    json_array_foreach((json_t *)ports, i, port) if (!json_is_true(json_object_get(port, "web")))
        aphc_putf(terminal, "It can also be reached from your network on port %lld (%s).\n",
                  (long long)aphc_get_number(port, "host"),
                  strcmp(aphc_get_text(port, "protocol"), "udp") == 0 ? "udp" : "tcp");
}

/* What can be said about a finding on the command line: one consent, or root's override. */
static void print_remedy(const aphc_terminal_t *terminal, const json_t *finding)
{
    const char *risk = aphc_get_text(finding, "consequence");
    int asked = strcmp(aphc_get_text(finding, "verdict"), "ask") == 0;
    if (!asked && *risk == '\0')
        return;
    const char *how = asked ? "agree to it alone: --consent"
                      : json_is_true(json_object_get(finding, "overridden"))
                          ? "overridden with --allow" : "root may override it: --allow";
    aphc_putf(terminal, "%*s%s ", INDENT * 2, "", how);
    aphc_put(terminal, APHC_BOLD, aphc_get_text(finding, asked ? "id" : "rule"));
    aphc_putf(terminal, "\n");
    if (asked)
        return;
    aphc_putf(terminal, "%*s", INDENT * 2, "");
    aphc_text_wrap(terminal->file, risk, terminal->columns, INDENT * 2);
    aphc_putf(terminal, "\n");
}

/* Why its author wants it, in the author's words. */
static void print_author(const aphc_terminal_t *terminal, const char *reason)
{
    if (*reason == '\0')
        return;
    aphc_putf(terminal, "%*sits author: ", INDENT * 2, "");
    aphc_text_wrap(terminal->file, reason, terminal->columns, INDENT * 2);
    aphc_putf(terminal, "\n");
}

static void print_finding(const aphc_terminal_t *terminal, const json_t *finding)
{
    const char *value = aphc_get_text(finding, "value"), *terms = aphc_get_text(finding, "terms");
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
    if (*terms != '\0') {
        aphc_putf(terminal, "%*s", INDENT * 2, "");
        aphc_text_wrap(terminal->file, terms, terminal->columns, INDENT * 2);
        aphc_putf(terminal, "\n");
    }
    print_author(terminal, aphc_get_text(finding, "author"));
    print_remedy(terminal, finding);
}

static void print_findings(const aphc_terminal_t *terminal, const json_t *findings,
                           aphc_style_t style, const char *title)
{
    size_t i;
    const json_t *finding;
    if (json_array_size(findings) == 0)
        return;
    heading(terminal, style, title);
    json_array_foreach((json_t *)findings, i, finding) print_finding(terminal, finding);
}

/* What is needed beside what there is; no more is said of a number than is known of it. */
static void print_space(const aphc_terminal_t *terminal, const json_t *plan)
{
    const json_t *machine = json_object_get(plan, "machine"),
                 *needs = json_object_get(plan, "needs");
    char first[APHC_MEASURE_MAX], second[APHC_MEASURE_MAX];
    json_int_t download = aphc_get_number(needs, "download");
    if (download > 0) {
        aphc_measure_size(first, download);
        aphc_measure_size(second, aphc_get_number(needs, "disk"));
        aphc_putf(terminal, "\n  %s%s will be downloaded; unpacked, that is about %s of disk.",
                  aphc_get_number(needs, "unknown") > 0 ? "At least " : "", first, second);
    }
    if (aphc_get_number(needs, "memory") > 0) {
        aphc_measure_size(first, aphc_get_number(needs, "memory"));
        aphc_putf(terminal, "\n  Its script counts on %s of memory.", first);
    }
    if (json_is_integer(json_object_get(machine, "disk_free"))) {
        aphc_measure_size(first, aphc_get_number(machine, "disk_free"));
        aphc_measure_size(second, aphc_get_number(machine, "memory_free"));
        aphc_putf(terminal, "\n  This machine has %s of disk and %s of memory free", first, second);
        json_int_t images = aphc_get_number(machine, "images_disk_free");
        aphc_measure_size(first, images);
        if (images > 0 && images != aphc_get_number(machine, "disk_free"))
            aphc_putf(terminal, ", and %s for images", first);
        aphc_putf(terminal, ".\n");
    }
}

static void print_warnings(const aphc_terminal_t *terminal, const json_t *warnings)
{
    size_t i;
    const json_t *warning;
    if (json_array_size(warnings) == 0)
        return;
    heading(terminal, APHC_YELLOW, "Worth knowing");
    json_array_foreach((json_t *)warnings, i, warning)
    {
        aphc_putf(terminal, "%*s", INDENT, "");
        aphc_text_wrap(terminal->file, aphc_get_text(warning, "text"), terminal->columns, INDENT);
        aphc_putf(terminal, "\n");
    }
}

/* Other names, a folder, options, and why httpd will be reloaded. */
static void print_site(const aphc_terminal_t *terminal, const json_t *plan)
{
    const json_t *content = json_object_get(plan, "content");
    const char *webapp = aphc_get_text(content, "webapp");
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(content, "aliases"), i, item)
    {
        aphc_putf(terminal, "\n  %-17s ", i == 0 ? "and at" : "");
        aphc_put(terminal, APHC_GREEN, json_string_value(item));
    }
    if (*webapp != '\0') {
        aphc_putf(terminal, "\n  It serves the files of  ");
        aphc_put(terminal, APHC_BOLD, webapp);
        aphc_putf(terminal, "\n  and changes and runs none of them.");
    }
    json_array_foreach(json_object_get(content, "options"), i, item)
    {
        aphc_putf(terminal, "\n  %-17s ", i == 0 ? "Options" : "");
        aphc_put(terminal, APHC_PLAIN, json_string_value(item));
    }
    if (json_is_true(json_object_get(content, "vhost"))) {
        aphc_putf(terminal, "\n  It gets a virtual host of its own, and httpd is reloaded: ");
        aphc_put(terminal, APHC_PLAIN, aphc_get_text(plan, "because"));
    }
}

/* Which entry, and exactly which revision of it. */
static void print_entry(const aphc_terminal_t *terminal, const json_t *plan)
{
    const char *version = aphc_get_text(plan, "version");
    if (*aphc_get_text(plan, "entry") == '\0')
        return;
    aphc_putf(terminal, "  From ");
    aphc_put(terminal, APHC_BOLD, aphc_get_text(plan, "entry"));
    if (*version != '\0') {
        aphc_putf(terminal, ", version ");
        aphc_put(terminal, APHC_PLAIN, version);
    }
    aphc_putf(terminal, ", revision %.12s.\n", aphc_get_text(plan, "revision"));
    if (*aphc_get_text(plan, "prepare") != '\0') {
        aphc_putf(terminal, "  Its service ");
        aphc_put(terminal, APHC_BOLD, aphc_get_text(plan, "prepare"));
        aphc_putf(terminal, " runs once, to its end, before the others start.\n");
    }
}

static void print_address(const aphc_terminal_t *terminal, const json_t *plan)
{
    aphc_put(terminal, APHC_BOLD, "The plan for ");
    aphc_put(terminal, APHC_BOLD, aphc_get_text(plan, "name"));
    aphc_putf(terminal, "\n\n  ");
    if (json_is_string(json_object_get(plan, "url"))) {
        aphc_putf(terminal, "It will answer at  ");
        aphc_put(terminal, APHC_GREEN, aphc_get_text(plan, "url"));
        print_site(terminal, plan);
    } else {
        aphc_putf(terminal, "It has no web page.");
    }
    aphc_putf(terminal, "\n");
    print_entry(terminal, plan);
}

void aphc_plan_print(const aphc_terminal_t *terminal, const json_t *plan)
{
    const json_t *content = json_object_get(plan, "content");
    const json_t *folders = json_object_get(plan, "folders");
    if (folders == NULL) /* of an apphostd that did not know who writes them */
        folders = json_object_get(content, "folders");
    print_address(terminal, plan);
    aphc_plan_print_update(terminal, plan);
    print_part(terminal, plan, json_object_get(plan, "answers"), "Answers", fill_answer_cb);
    print_part(terminal, plan, json_object_get(plan, "images"), "Images", fill_image_cb);
    print_part(terminal, plan, json_object_get(content, "ports"), "Ports", fill_port_cb);
    print_part(terminal, plan, folders, "Data folders", fill_folder_cb);
    print_part(terminal, plan, json_object_get(plan, "storage"), "Folders in storage locations",
               fill_storage_cb);
    print_part(terminal, plan, json_object_get(content, "files"), "Files the script writes",
               fill_file_cb);
    print_findings(terminal, json_object_get(plan, "rewritten"), APHC_BOLD,
                   "Changed, so that it fits here");
    print_findings(terminal, json_object_get(plan, "asked"), APHC_YELLOW, "Needs your consent");
    print_findings(terminal, json_object_get(plan, "overridden"), APHC_RED,
                   "Refused, and overridden by you");
    print_findings(terminal, json_object_get(plan, "refused"), APHC_RED, "Refused");
    print_warnings(terminal, json_object_get(plan, "warnings"));
    print_space(terminal, plan);
    aphc_putf(terminal, "\n");
    fflush(terminal->file);
}

aphc_verdict_t aphc_plan_verdict(const json_t *plan)
{
    const json_t *asked = json_object_get(plan, "asked"),
                 *refused = json_object_get(plan, "refused");
    if (!json_is_array(asked) || !json_is_array(refused) || json_array_size(refused) > 0)
        return APHC_PLAN_REFUSED;
    return json_array_size(asked) + json_array_size(json_object_get(plan, "overridden")) > 0
               ? APHC_PLAN_CONSENT : APHC_PLAN_FREE;
}

/* --- afterwards ----------------------------------------------------------------------------- */

/* Told once: nothing keeps it. */
static void say_credentials(const aphc_terminal_t *out, const json_t *rows)
{
    size_t i;
    const json_t *row;
    if (json_array_size(rows) > 0)
        aphc_putf(out, "\nTo log in (this is shown once, and kept nowhere):\n");
    json_array_foreach((json_t *)rows, i, row) {
        static const char *const members[] = {"label", "user", "password"};
        for (size_t k = 0; k < sizeof members / sizeof members[0]; k++) {
            const char *text = aphc_get_text(row, members[k]);
            if (*text == '\0')
                continue;
            aphc_putf(out, k == 0 ? "  " : "    %-9s ", members[k]);
            aphc_put(out, k == 0 ? APHC_PLAIN : APHC_BOLD, text);
            aphc_putf(out, "\n");
        }
    }
}

static void say_notes(const aphc_terminal_t *out, const char *notes)
{
    while (*notes != '\0') {
        char line[1024];
        size_t length = strcspn(notes, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(length < sizeof line ? length : sizeof line - 1),
                 notes);
        aphc_putf(out, "  ");
        aphc_text_wrap(out->file, line, out->columns, 2);
        aphc_putf(out, "\n");
        notes += length + (notes[length] == '\n');
    }
}

void aphc_plan_print_told(const aphc_terminal_t *out, const json_t *answer)
{
    say_credentials(out, json_object_get(answer, "credentials"));
    if (*aphc_get_text(answer, "notes") != '\0') {
        aphc_putf(out, "\nWhat its author says:\n");
        say_notes(out, aphc_get_text(answer, "notes"));
    }
}
