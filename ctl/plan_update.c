/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/plan_update.h"

#include <string.h>

#include "ctl/operation.h"
#include "ctl/text.h"

#define INDENT 4

static void begin_line(const aphc_terminal_t *terminal, const char *words)
{
    aphc_putf(terminal, "%*s%s", INDENT, "", words);
}

static void print_images(const aphc_terminal_t *terminal, const json_t *images)
{
    size_t i;
    const json_t *image;
    json_array_foreach((json_t *)images, i, image)
    {
        const char *from = aphc_get_text(image, "from"), *to = aphc_get_text(image, "to");
        begin_line(terminal, *from == '\0' ? "new service "
                             : *to == '\0' ? "service gone: "
                                           : "service ");
        aphc_put(terminal, APHC_BOLD, aphc_get_text(image, "service"));
        if (strcmp(from, to) == 0) {
            aphc_putf(terminal, ": another image called ");
            aphc_put(terminal, APHC_PLAIN, to);
        } else if (*to != '\0') {
            aphc_putf(terminal, ": ");
            aphc_put(terminal, APHC_PLAIN, from);
            aphc_putf(terminal, "%s", *from != '\0' ? " -> " : "");
            aphc_put(terminal, APHC_PLAIN, to);
        }
        aphc_putf(terminal, "\n");
    }
}

static void print_ports(const aphc_terminal_t *terminal, const json_t *ports)
{
    size_t i;
    const json_t *port;
    json_array_foreach((json_t *)ports, i, port)
    {
        aphc_putf(terminal, "%*sport %lld/", INDENT, "", (long long)aphc_get_number(port, "port"));
        aphc_put(terminal, APHC_PLAIN, aphc_get_text(port, "protocol"));
        aphc_putf(
            terminal, " %s%s\n", json_is_true(json_object_get(port, "opens")) ? "opens" : "closes",
            aphc_get_text(port, "address")[0] != '\0' ? " to this machine's own programs" : "");
    }
}

static void print_mounts(const aphc_terminal_t *terminal, const json_t *mounts)
{
    size_t i;
    const json_t *mount;
    json_array_foreach((json_t *)mounts, i, mount)
    {
        const char *from = aphc_get_text(mount, "from"), *to = aphc_get_text(mount, "to");
        begin_line(terminal, *from == '\0' ? "new in service " : "service ");
        aphc_put(terminal, APHC_BOLD, aphc_get_text(mount, "service"));
        aphc_putf(terminal, ": ");
        aphc_put(terminal, APHC_PLAIN, aphc_get_text(mount, "target"));
        aphc_putf(terminal, *from == '\0' ? " is " : *to == '\0' ? " is no longer " : " is ");
        aphc_put(terminal, APHC_PLAIN, *to == '\0' ? from : to);
        if (*from != '\0' && *to != '\0') {
            aphc_putf(terminal, " and no longer ");
            aphc_put(terminal, APHC_PLAIN, from);
        }
        aphc_putf(terminal, "%s\n",
                  *from != '\0' ? "; what is in that stays, and is not moved" : "");
    }
}

static void print_list(const aphc_terminal_t *terminal, const json_t *list, const char *words)
{
    size_t i;
    const json_t *item;
    if (json_array_size(list) == 0)
        return;
    begin_line(terminal, words);
    json_array_foreach((json_t *)list, i, item)
    {
        const char *text = json_string_value(item);
        aphc_putf(terminal, "%s", i > 0 ? ", " : " ");
        aphc_put(terminal, APHC_PLAIN, text != NULL ? text : "?");
    }
    aphc_putf(terminal, "\n");
}

/* Twelve digits tell two revisions apart, as far as people look. */
static void print_revision(const aphc_terminal_t *terminal, const char *words, const char *sha256)
{
    char digits[13] = "unknown";
    if (*sha256 != '\0')
        snprintf(digits, sizeof digits, "%.12s", sha256);
    aphc_putf(terminal, "%s", words);
    aphc_put(terminal, APHC_BOLD, digits);
}

static int changes_nothing(const json_t *update)
{
    static const char *const lists[] = {"images", "ports",   "mounts", "files",
                                        "answers", "gone", NULL};
    size_t count = 0;
    for (const char *const *list = lists; *list != NULL; list++)
        count += json_array_size(json_object_get(update, *list));
    return count == 0;
}

void aphc_plan_print_update(const aphc_terminal_t *terminal, const json_t *plan)
{
    const json_t *update = json_object_get(plan, "update");
    if (!json_is_object(update))
        return;
    int back = json_is_true(json_object_get(update, "rollback"));
    print_revision(terminal,
                   back ? "\n  It goes back from revision " : "\n  It goes from revision ",
                   aphc_get_text(update, "from"));
    print_revision(terminal, " to ", aphc_get_text(update, "to"));
    aphc_putf(terminal,
              json_is_true(json_object_get(update, "stopped"))
                  ? ".\n  It is stopped: it is started to see that it works, and stopped again.\n"
                  : ".\n  While its containers are made anew, visitors see that it is starting.\n");
    aphc_putf(terminal, "\n  ");
    aphc_put(terminal, APHC_BOLD, "What changes");
    aphc_putf(terminal, "\n");
    print_images(terminal, json_object_get(update, "images"));
    print_ports(terminal, json_object_get(update, "ports"));
    print_mounts(terminal, json_object_get(update, "mounts"));
    print_list(terminal, json_object_get(update, "files"), "written again:");
    print_list(terminal, json_object_get(update, "answers"), "answered anew:");
    print_list(terminal, json_object_get(update, "gone"), "not asked for any more:");
    if (changes_nothing(update))
        begin_line(terminal, "neither images nor ports, folders, files or answers\n");
    print_list(terminal, json_object_get(update, "agreed"), "agreed to before:");
}
