/* SPDX-License-Identifier: Apache-2.0 */
/* Reading apphostd.conf: one table of keys, each judged by a pure function; what belongs together is
 * judged once, at the end. */
#include "helper/base/settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <ini.h>

#include "common/hostname.h"

typedef struct reading_t {
    aphd_settings_t *settings;
    apr_array_header_t *domains; /* of const char * */
    apr_pool_t *p;
    aph_error_t *err;
    FILE *stream;
    int line; /* last one read; inih does not tell the handler */
} reading_t;

/* Each returns NULL or what is wrong with the value. */
typedef const char *set_value_t(reading_t *reading, void *field, const char *value);

static const char *set_domains(reading_t *reading, void *field, const char *value)
{
    char *rest = apr_pstrdup(reading->p, value);
    char *word;
    while ((word = apr_strtok(rest, " \t,", &rest)) != NULL) {
        char ascii[APH_HOST_MAX + 1];
        aph_error_t why = APH_ERROR_INIT;
        if (aph_host_to_ascii(word, ascii, &why) != APR_SUCCESS)
            return apr_psprintf(reading->p, "%s is not a domain: %s", word, why.message);
        APR_ARRAY_PUSH(reading->domains, const char *) = apr_pstrdup(reading->p, ascii);
    }
    return NULL;
}

static const char *set_path(reading_t *reading, void *field, const char *value)
{
    if (value[0] != '/')
        return "an absolute path is needed";
    if (strstr(value, "/../") != NULL || strlen(value) > 80)
        return "the path must have no /../ and at most 80 characters (a socket's path has 107)";
    *(const char **)field = apr_pstrdup(reading->p, value);
    return NULL;
}

static const char *set_optional_path(reading_t *reading, void *field, const char *value)
{
    return value[0] == '\0' ? NULL : set_path(reading, field, value);
}

static const char *set_word(reading_t *reading, void *field, const char *value)
{
    if (value[0] == '\0' || strpbrk(value, " \t/:") != NULL)
        return "one word is needed";
    *(const char **)field = apr_pstrdup(reading->p, value);
    return NULL;
}

static const char *set_number(reading_t *reading, void *field, const char *value)
{
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < 1 || number > 86400)
        return "a whole number from 1 to 86400 is needed";
    *(int *)field = (int)number;
    return NULL;
}

static const char *set_subnet_pool(reading_t *reading, void *field, const char *value)
{
    char address[INET_ADDRSTRLEN + 4];
    struct in_addr parsed;
    int bits;
    char excess;
    apr_cpystrn(address, value, sizeof address);
    char *slash = strchr(address, '/');
    if (slash != NULL)
        *slash = '\0';
    if (slash == NULL || inet_pton(AF_INET, address, &parsed) != 1
        || sscanf(slash + 1, "%2d%c", &bits, &excess) != 1 || bits < 8 || bits > 24)
        return "an IPv4 network of /8 to /24 is needed, such as 10.213.0.0/16";
    if ((ntohl(parsed.s_addr) & (0xffffffffu >> bits)) != 0)
        return "the address has bits set outside its network";
    *(const char **)field = apr_pstrdup(reading->p, value);
    return NULL;
}

static const struct {
    const char *section;
    const char *key;
    set_value_t *set;
    size_t offset;
} keys[] = {
#define FIELD(name) offsetof(aphd_settings_t, name)
    {"apphost", "Domain", set_domains, 0},
    {"apphost", "StateDir", set_path, FIELD(state_dir)},
    {"apphost", "RuntimeDir", set_path, FIELD(runtime_dir)},
    {"apphost", "WebUser", set_word, FIELD(web_user)},
    {"apphost", "MaxAppId", set_number, FIELD(max_app_id)},
    {"apphost", "PublicPort", set_number, FIELD(public_port)},
    {"engine", "Socket", set_path, FIELD(engine_socket)},
    {"engine", "Compose", set_optional_path, FIELD(compose)},
    {"engine", "SubnetPool", set_subnet_pool, FIELD(subnet_pool)},
    {"engine", "StartSeconds", set_number, FIELD(start_seconds)},
    {"jobs", "Parallel", set_number, FIELD(parallel_jobs)},
#undef FIELD
};

/* inih calls this for every key; 0 stops it. */
static int take_key_cb(void *user, const char *section, const char *name, const char *value)
{
    reading_t *reading = user;
    aphd_settings_t *settings = reading->settings;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].key, name) != 0)
            continue;
        const char *wrong = keys[i].set(reading, (char *)settings + keys[i].offset, value);
        if (wrong == NULL)
            return 1;
        aph_error_set(reading->err, APH_ECONFIG, 100, "%s:%d: %s = %s: %s", settings->path,
                      reading->line, name, value, wrong);
        return 0;
    }
    aph_error_set(reading->err, APH_ECONFIG, 101,
                  "%s:%d: there is no key %s in [%s]; see the comments of the shipped file",
                  settings->path, reading->line, name, section);
    return 0;
}

static char *read_line_cb(char *into, int size, void *stream)
{
    reading_t *reading = stream;
    reading->line++;
    return fgets(into, size, reading->stream);
}

static void set_defaults(aphd_settings_t *settings)
{
    settings->state_dir = "/var/lib/apphost";
    settings->runtime_dir = "/run/apphost";
    settings->web_user = "www-data";
    settings->max_app_id = APH_APP_ID_MAX_DEFAULT;
    settings->public_port = 80;
    settings->engine_socket = "/run/docker.sock";
    settings->subnet_pool = "10.213.0.0/16";
    settings->start_seconds = 300;
    settings->parallel_jobs = 4;
}

/* What no single key can be judged on, and the paths that follow from the others. */
static apr_status_t conclude(reading_t *reading)
{
    aphd_settings_t *settings = reading->settings;
    apr_pool_t *p = reading->p;
    if (reading->domains->nelts == 0)
        return aph_error_set(reading->err, APH_ECONFIG, 102,
                             "%s: [apphost] Domain is missing; name the domain the apps live under",
                             settings->path);
    if (settings->max_app_id > APH_APP_ID_MAX)
        return aph_error_set(reading->err, APH_ECONFIG, 103,
                             "%s: MaxAppId = %d: at most %d, so that ports stay below 65536",
                             settings->path, settings->max_app_id, APH_APP_ID_MAX);
    if (settings->public_port > 65535)
        return aph_error_set(reading->err, APH_ECONFIG, 104, "%s: PublicPort = %d is no port",
                             settings->path, settings->public_port);
    APR_ARRAY_PUSH(reading->domains, const char *) = NULL;
    settings->domains = (const char *const *)reading->domains->elts;
    settings->socket_path = apr_pstrcat(p, settings->runtime_dir, "/apphostd.sock", NULL);
    settings->lock_path = apr_pstrcat(p, settings->runtime_dir, "/apphostd.lock", NULL);
    settings->database_path = apr_pstrcat(p, settings->state_dir, "/apphost.db", NULL);
    settings->routes_path = apr_pstrcat(p, settings->state_dir, "/routes", NULL);
    settings->apps_dir = apr_pstrcat(p, settings->state_dir, "/apps", NULL);
    settings->data_dir = apr_pstrcat(p, settings->state_dir, "/data", NULL);
    return APR_SUCCESS;
}

apr_status_t aphd_settings_load(aphd_settings_t **settings, const char *path, apr_pool_t *p,
                                aph_error_t *err)
{
    *settings = apr_pcalloc(p, sizeof **settings);
    (*settings)->path = apr_pstrdup(p, path);
    set_defaults(*settings);
    reading_t reading = {*settings, apr_array_make(p, 4, sizeof(const char *)), p, err,
                         fopen(path, "re"), 0};
    if (reading.stream == NULL)
        return aph_error_set(err, APH_ECONFIG, 105, "cannot read %s: %s", path, strerror(errno));
    int result = ini_parse_stream(read_line_cb, &reading, take_key_cb, &reading);
    fclose(reading.stream);
    if (err->status != APR_SUCCESS)
        return err->status;
    if (result != 0)
        return aph_error_set(err, APH_ECONFIG, 106, "%s:%d: this line is not understood", path,
                             result);
    return conclude(&reading);
}
