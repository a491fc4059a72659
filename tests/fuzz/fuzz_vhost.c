/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a template and as the values of an app: eight lines of values (name, domain, second
 * domain, alias, folder, folder of files, two options), and what follows them is the template. What
 * is rendered has the sections the template had; through a template of ours, it has only lines we
 * write. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "helper/vhost/render.h"
#include "helper/vhost/scan.h"
#include "helper/vhost/text.h"

#define VALUES 8

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static const char ours[] =
    "<VirtualHost *:APP_PUBLIC_PORT>\nServerName HDA_APP_NAME.HDA_DOMAIN\nAPP_ALIASES\nHDA_ACCESS\n"
    "APP_CUSTOM_OPTIONS\nErrorLog \"APP_ROOT_DIR/logs/error_log\"\nDocumentRoot \"APP_FILES_DIR\"\n"
    "AuthUserFile \"HDA_AUTHFILE\"\nLimitRequestBody APP_PORT\n</VirtualHost>\n";

static void must(int condition)
{
    if (!condition)
        abort();
}

static int names_our_words(const char *text)
{
    return strstr(text, "HDA_") != NULL || strstr(text, "APP_") != NULL;
}

static void check_ours(const aphd_vhost_t *vhost)
{
    int ends = 0;
    for (const char *line = vhost->text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        must(aphd_vhost_line_valid(line, length));
        ends += length == 14 && memcmp(line, "</VirtualHost>", 14) == 0;
        line += length + (line[length] == '\n');
    }
    must(ends == 1);
    must(strncmp(vhost->text, "<VirtualHost *:80>\nServerName ", 30) == 0);
}

/* The sections are the template's own: no value opened or closed one. */
static void check_sections(const aphd_template_t *template, const aphd_vhost_t *vhost,
                           apr_pool_t *p)
{
    aphd_scan_t before, after;
    aphd_template_t again = {.path = "again", .text = vhost->text, .length = vhost->length};
    must(aphd_template_scan(template, &before, p, NULL) == APR_SUCCESS);
    must(aphd_template_scan(&again, &after, p, NULL) == APR_SUCCESS);
    must(before.block_count == after.block_count);
}

static void try_template(const char *text, int shipped, const aphd_vhost_app_t *app,
                         int plain_values, apr_pool_t *p)
{
    aphd_template_t template = {
        .path = "t", .text = text, .length = strlen(text), .shipped = (unsigned)shipped};
    aphd_vhost_t vhost;
    aph_error_t err = APH_ERROR_INIT;
    apr_status_t rv = aphd_vhost_render(&template, app, &vhost, p, &err);
    if (rv != APR_SUCCESS) {
        must(err.message[0] != '\0' && (rv == APH_EUSAGE || rv == APH_ECONFIG));
        return;
    }
    must(vhost.length <= APHD_VHOST_TEXT_MAX && strlen(vhost.text) == vhost.length);
    if (shipped)
        check_ours(&vhost);
    /* A word as the name of a section or of a directive is the template's own folly. */
    if (plain_values && strstr(text, "<HDA_") == NULL && strstr(text, "<APP_") == NULL &&
        strstr(text, "/HDA_") == NULL && strstr(text, "/APP_") == NULL &&
        strchr(text, '\\') == NULL)
        check_sections(&template, &vhost, p);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    static int begun;
    apr_pool_t *p;
    const char *values[VALUES];
    int plain_values = 1;
    if (!begun)
        begun = apr_initialize() == APR_SUCCESS;
    apr_pool_create(&p, NULL);
    char *rest = apr_pstrmemdup(p, (const char *)octets, size);
    for (int i = 0; i < VALUES; i++) {
        size_t length = strcspn(rest, "\n");
        values[i] = apr_pstrmemdup(p, rest, length);
        plain_values &= !names_our_words(values[i]);
        rest += length + (rest[length] == '\n');
    }
    const char *domains[] = {values[1], *values[2] != '\0' ? values[2] : NULL, NULL};
    const char *aliases[] = {*values[3] != '\0' ? values[3] : NULL, NULL};
    const char *given[] = {values[6], values[7]};
    aphd_options_t options;
    aph_error_t err = APH_ERROR_INIT;
    int count = *values[6] == '\0' ? 0 : *values[7] == '\0' ? 1 : 2;
    aphd_vhost_app_t app = {.name = values[0],
                            .kind = "webapp",
                            .domains = domains,
                            .aliases = aliases,
                            .port = 35007,
                            .public_port = 80,
                            .root_dir = values[4],
                            .files_dir = values[5],
                            .options = &options};
    if (aphd_options_parse(given, count, &options, p, &err) != APR_SUCCESS) {
        must(err.status == APH_EUSAGE && err.message[0] != '\0');
        app.options = NULL;
    }
    try_template(ours, 1, &app, plain_values, p);
    try_template(rest, 0, &app, plain_values, p);
    apr_pool_destroy(p);
    return 0;
}
