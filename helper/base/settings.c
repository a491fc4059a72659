/* SPDX-License-Identifier: Apache-2.0 */
/* Reading apphostd.conf: one table of keys, each judged by a pure function; what belongs together
 * is judged once, at the end. */
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

#define DOMAIN_MAX (APH_HOST_MAX - APH_LABEL_MAX - 1) /* so that every NAME.DOMAIN is a host name */

typedef struct reading_t {
    aphd_settings_t *settings;
    apr_array_header_t *domains; /* of const char * */
    apr_pool_t *p;
    aph_error_t wrong; /* the first refusal; nothing is read after it */
    FILE *stream;
    int line; /* last one read; inih does not tell the handler */
    unsigned seen; /* one bit for each row of keys */
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
        if (strlen(ascii) > DOMAIN_MAX)
            return apr_psprintf(reading->p, "%s leaves no room for the names of apps: a domain has "
                                "at most %d characters", word, DOMAIN_MAX);
        for (int i = 0; i < reading->domains->nelts; i++)
            if (strcmp(ascii, APR_ARRAY_IDX(reading->domains, i, const char *)) == 0)
                return apr_psprintf(reading->p, "%s is named twice", word);
        APR_ARRAY_PUSH(reading->domains, const char *) = apr_pstrdup(reading->p, ascii);
    }
    return NULL;
}

static const char *set_path(reading_t *reading, void *field, const char *value)
{
    if (value[0] != '/')
        return "an absolute path is needed";
    const char *up = strstr(value, "/..");
    while (up != NULL && up[3] != '/' && up[3] != '\0')
        up = strstr(up + 3, "/..");
    if (up != NULL || strlen(value) > 80)
        return "the path must have no .. and at most 80 characters (a socket's path has 107)";
    *(const char **)field = apr_pstrdup(reading->p, value);
    return NULL;
}

static const char *set_optional_path(reading_t *reading, void *field, const char *value)
{
    return value[0] == '\0' ? NULL : set_path(reading, field, value);
}

/* A program and its options: no quoting, so no blanks inside of them. */
static const char *set_command(reading_t *reading, void *field, const char *value)
{
    apr_array_header_t *words = apr_array_make(reading->p, 8, sizeof(const char *));
    char *rest = apr_pstrdup(reading->p, value);
    char *word;
    while ((word = apr_strtok(rest, " \t", &rest)) != NULL)
        APR_ARRAY_PUSH(words, const char *) = word;
    if (words->nelts == 0)
        return NULL;
    if (APR_ARRAY_IDX(words, 0, const char *)[0] != '/')
        return "the absolute path of a program is needed, then its options";
    APR_ARRAY_PUSH(words, const char *) = NULL;
    *(const char *const **)field = (const char *const *)words->elts;
    return NULL;
}

static const char *set_address(reading_t *reading, void *field, const char *value)
{
    struct in_addr parsed;
    if (inet_pton(AF_INET, value, &parsed) != 1 || parsed.s_addr == INADDR_ANY)
        return "an IPv4 address httpd answers on is needed, such as 127.0.0.1";
    *(const char **)field = apr_pstrdup(reading->p, value);
    return NULL;
}

static const char *set_vhosts(reading_t *reading, void *field, const char *value)
{
    *(int *)field = strcmp(value, "always") == 0;
    return *(int *)field || strcmp(value, "needed") == 0 ? NULL : "needed or always is meant";
}

static const char *set_word(reading_t *reading, void *field, const char *value)
{
    if (value[0] == '\0' || strpbrk(value, " \t/:") != NULL)
        return "one word is needed";
    *(const char **)field = apr_pstrdup(reading->p, value);
    return NULL;
}

static int whole_number(const char *value, int most, int *number)
{
    size_t digits = strspn(value, "0123456789");
    *number = digits > 0 && digits <= 9 && value[digits] == '\0' ? atoi(value) : 0;
    return *number >= 1 && *number <= most;
}

static const char *set_number(reading_t *reading, void *field, const char *value)
{
    return whole_number(value, 86400, field) ? NULL : "a whole number from 1 to 86400 is needed";
}

static const char *set_port(reading_t *reading, void *field, const char *value)
{
    return whole_number(value, 65535, field) ? NULL : "a whole number from 1 to 65535 is needed";
}

static const char *set_app_id(reading_t *reading, void *field, const char *value)
{
    if (whole_number(value, APH_APP_ID_MAX, field))
        return NULL;
    return apr_psprintf(reading->p, "a whole number from 1 to %d is needed, so that ports stay "
                        "below 65536", APH_APP_ID_MAX);
}

static const char *set_subnet_pool(reading_t *reading, void *field, const char *value)
{
    char address[INET_ADDRSTRLEN + 4];
    struct in_addr parsed;
    int bits;
    apr_cpystrn(address, value, sizeof address);
    char *slash = strchr(address, '/');
    if (slash != NULL)
        *slash = '\0';
    if (slash == NULL || inet_pton(AF_INET, address, &parsed) != 1
        || slash[1] == '0' || !whole_number(slash + 1, 24, &bits) || bits < 8)
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
    {"apphost", "MaxAppId", set_app_id, FIELD(max_app_id)},
    {"apphost", "PublicPort", set_port, FIELD(public_port)},
    {"engine", "Socket", set_path, FIELD(engine_socket)},
    {"engine", "Compose", set_optional_path, FIELD(compose)},
    {"engine", "SubnetPool", set_subnet_pool, FIELD(subnet_pool)},
    {"engine", "StartSeconds", set_number, FIELD(start_seconds)},
    {"httpd", "Command", set_command, FIELD(httpd_command)},
    {"httpd", "Address", set_address, FIELD(httpd_address)},
    {"httpd", "Templates", set_path, FIELD(templates_dir)},
    {"httpd", "Vhosts", set_vhosts, FIELD(vhosts_always)},
    {"jobs", "Parallel", set_number, FIELD(parallel_jobs)},
    {"catalog", "CaFile", set_optional_path, FIELD(ca_file)},
#undef FIELD
};

static const char *set_key(reading_t *reading, size_t row, const char *value)
{
    const unsigned bit = 1u << row;
    if ((reading->seen & bit) != 0 && keys[row].set != set_domains) /* domains add up */
        return "it is set twice, or a line that begins with a blank goes on with it";
    reading->seen |= bit;
    return keys[row].set(reading, (char *)reading->settings + keys[row].offset, value);
}

/* inih calls this for every key; 0 stops it. */
static int take_key_cb(void *user, const char *section, const char *name, const char *value)
{
    reading_t *reading = user;
    const char *path = reading->settings->path;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].key, name) != 0)
            continue;
        const char *wrong = set_key(reading, i, value);
        if (wrong == NULL)
            return 1;
        aph_error_set(&reading->wrong, APH_ECONFIG, 100, "%s:%d: %s = %s: %s", path,
                      reading->line, name, value, wrong);
        return 0;
    }
    aph_error_set(&reading->wrong, APH_ECONFIG, 101,
                  "%s:%d: there is no key %s in [%s]; see the comments of the shipped file", path,
                  reading->line, name, section);
    return 0;
}

/* One whole line for inih, which would cut a long one and take the rest for another. Comments may
 * be longer. NULL at the end, and after a refusal. */
static char *read_line_cb(char *into, int size, void *stream)
{
    reading_t *reading = stream;
    const char *path = reading->settings->path;
    int used = 0, octet;
    if (reading->wrong.status != APR_SUCCESS)
        return NULL;
    reading->line++;
    while ((octet = getc(reading->stream)) != EOF && octet != '\n') {
        if (octet == '\0')
            aph_error_set(&reading->wrong, APH_ECONFIG, 1900,
                          "%s:%d: this is no text: it has a NUL", path, reading->line);
        if (used < size - 2)
            into[used] = (char)octet;
        used++;
    }
    if (octet == EOF && used == 0)
        return NULL;
    int kept = used < size - 2 ? used : size - 2;
    into[kept] = '\n';
    into[kept + 1] = '\0';
    if (used > kept && strchr("#;", into[strspn(into, " \t")]) == NULL)
        aph_error_set(&reading->wrong, APH_ECONFIG, 1901,
                      "%s:%d: this line is longer than %d characters; a list may go on in the next "
                      "line, behind a blank", path, reading->line, size - 2);
    return reading->wrong.status == APR_SUCCESS ? into : NULL;
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
    settings->httpd_address = "127.0.0.1";
    settings->templates_dir = APH_SYSCONFDIR "/templates";
    settings->parallel_jobs = 4;
}

/* What no single key can be judged on, and the paths that follow from the others. */
static apr_status_t conclude(reading_t *reading, aph_error_t *err)
{
    aphd_settings_t *settings = reading->settings;
    apr_pool_t *p = reading->p;
    if (reading->domains->nelts == 0)
        return aph_error_set(err, APH_ECONFIG, 102,
                             "%s: [apphost] Domain is missing; name the domain the apps live under",
                             settings->path);
    APR_ARRAY_PUSH(reading->domains, const char *) = NULL;
    settings->domains = (const char *const *)reading->domains->elts;
    settings->socket_path = apr_pstrcat(p, settings->runtime_dir, "/apphostd.sock", NULL);
    settings->lock_path = apr_pstrcat(p, settings->runtime_dir, "/apphostd.lock", NULL);
    settings->database_path = apr_pstrcat(p, settings->state_dir, "/apphost.db", NULL);
    settings->routes_path = apr_pstrcat(p, settings->state_dir, "/routes", NULL);
    settings->apps_dir = apr_pstrcat(p, settings->state_dir, "/apps", NULL);
    settings->data_dir = apr_pstrcat(p, settings->state_dir, "/data", NULL);
    settings->sites_dir = apr_pstrcat(p, settings->state_dir, "/sites", NULL);
    settings->vhosts_available = apr_pstrcat(p, settings->state_dir, "/vhosts-available", NULL);
    settings->vhosts_enabled = apr_pstrcat(p, settings->state_dir, "/vhosts-enabled", NULL);
    return APR_SUCCESS;
}

apr_status_t aphd_settings_load(aphd_settings_t **settings, const char *path, apr_pool_t *p,
                                aph_error_t *err)
{
    *settings = apr_pcalloc(p, sizeof **settings);
    (*settings)->path = apr_pstrdup(p, path);
    set_defaults(*settings);
    reading_t reading = {.settings = *settings, .p = p, .stream = fopen(path, "re"),
                         .domains = apr_array_make(p, 4, sizeof(const char *))};
    if (reading.stream == NULL)
        return aph_error_set(err, APH_ECONFIG, 105, "cannot read %s: %s", path, strerror(errno));
    int result = ini_parse_stream(read_line_cb, &reading, take_key_cb, &reading);
    int failed = ferror(reading.stream) ? errno : 0; /* a folder can be opened and not read */
    fclose(reading.stream);
    if (failed != 0)
        return aph_error_set(err, APH_ECONFIG, 103, "cannot read %s: %s", path, strerror(failed));
    /* inih reads on after a line without meaning; the first wrong line is the one to name. */
    if (result != 0 && (reading.wrong.status == APR_SUCCESS || result < reading.line))
        return aph_error_set(err, APH_ECONFIG, 106, "%s:%d: this line is not understood", path,
                             result);
    if (reading.wrong.status != APR_SUCCESS)
        return aph_error_receive(err, aph_error_wire(APH_ECONFIG), reading.wrong.tag,
                                 reading.wrong.message);
    return conclude(&reading, err);
}
