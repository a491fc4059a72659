/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of Amahi's catalog becomes a manifest of ours with its install script in it.
 *
 * The entry is what its catalog's API answers: one object, with the members of the app, of its
 * installer and of its uninstaller side by side or below "app", "app_installer" and
 * "app_uninstaller". What its installer would do to the machine itself (packages, a database of the
 * machine's MySQL, sources unpacked under httpd) has no counterpart, and is refused by name. */
#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "helper/read/amahi.h"
#include "helper/read/entry.h"
#include "helper/read/entry_parts.h"
#include "helper/read/rockon.h"
#include "helper/read/script.h"

#define SUMMARY_MAX 300
#define TEXT_MAX    20000
#define TITLE_MAX   100
#define DATA_MAX    64

typedef struct amahi_t {
    json_t *root, *manifest;
    apr_pool_t *p;
    aph_error_t *err;
} amahi_t;

/* A member, wherever the API put it. */
static json_t *member(const amahi_t *a, const char *name)
{
    static const char *const parts[] = {"app", "app_installer", "installer", "app_uninstaller",
                                        "uninstaller"};
    json_t *value = json_object_get(a->root, name);
    for (size_t i = 0; value == NULL && i < sizeof parts / sizeof parts[0]; i++)
        value = json_object_get(json_object_get(a->root, parts[i]), name);
    return value;
}

/* "" where there is none; texts stay as they are. */
static const char *text_of(const amahi_t *a, const char *name)
{
    const json_t *value = member(a, name);
    const char *text =
        json_is_string(value) ? json_string_value(value) : aphd_rockon_text(value, a->p);
    return text != NULL ? text : "";
}

static void set_plain(amahi_t *a, const char *name, const char *text, size_t most)
{
    if (*text != '\0')
        json_object_set_new(a->manifest, name, aphd_rockon_shown(text, most, a->p));
}

/* --- what is refused --- */

static const struct {
    const char *name, *wants;
} host_needs[] = {
    {"source_url", "unpacks files under the machine's own web server"},
    {"database", "wants a database of the machine's own MySQL"},
    {"pkg", "installs a package on the machine"},
    {"pkg_dependencies", "installs packages on the machine"},
    {"app_dependencies", "installs other apps along with it; install them by themselves"},
};

static int says_something(const json_t *value)
{
    if (json_is_string(value))
        return json_string_value(value)[strspn(json_string_value(value), " \t\r\n")] != '\0';
    return json_is_true(value) || json_is_number(value) || json_array_size(value) > 0 ||
           json_object_size(value) > 0;
}

static apr_status_t refuse_host_needs(const amahi_t *a)
{
    for (size_t i = 0; i < sizeof host_needs / sizeof host_needs[0]; i++)
        if (says_something(member(a, host_needs[i].name)))
            return aph_error_set(
                a->err, APH_EDENIED, 2469,
                "%s: it %s; apphost runs apps in containers and leaves the machine "
                "as it is",
                host_needs[i].name, host_needs[i].wants);
    const char *kind = text_of(a, "kind");
    /* php5 is the container's template under another name. */
    if (*kind == '\0' || strcmp(kind, "container") == 0 || strcmp(kind, "php5") == 0)
        return APR_SUCCESS;
    return aph_error_set(
        a->err, APH_EDENIED, 2470,
        "kind: %.60s is an app of the machine's own httpd; apphost runs apps of kind "
        "container",
        kind);
}

/* A text that is none would be taken for one that is not there. */
static apr_status_t check_types(const amahi_t *a)
{
    static const char *const texts[] = {"name",           "url_name",         "identifier",
                                        "description",    "install_script",   "uninstall_script",
                                        "kind",           "status",           "version",
                                        "initial_user",   "initial_password", "special_instructions",
                                        "url",            "logo_url",         "webapp_custom_options"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const json_t *value = member(a, texts[i]);
        if (json_is_array(value) || json_is_object(value) || json_is_true(value))
            return aph_error_set(a->err, APH_EUNREADABLE, 2811, "%s: is not a text", texts[i]);
    }
    return APR_SUCCESS;
}

/* --- the scripts --- */

static const aphd_words_t sample_words = {.host_port = "35001",
                                          .webapp_path = "/srv/app",
                                          .app_identifier = "apphost-00000000-1",
                                          .app_hostname = "app.home.arpa"};

/* The service and port behind HOST_PORT; none: the app has no page. */
static void set_web(amahi_t *a, const json_t *compose)
{
    size_t i, k, m;
    json_t *service, *key, *port;
    json_array_foreach(json_object_get(compose, "services"), i, service)
        json_array_foreach(json_object_get(service, "keys"), k, key)
            json_array_foreach(json_object_get(key, "value"), m, port) {
                const char *host = json_string_value(json_object_get(port, "published"));
                const char *inside = json_string_value(json_object_get(port, "target"));
                json_int_t number = 0;
                if (host == NULL || inside == NULL ||
                    strcmp(json_string_value(json_object_get(key, "key")), "ports") != 0 ||
                    strcmp(host, sample_words.host_port) != 0 ||
                    !aphd_rockon_number(json_object_get(port, "target"), &number) ||
                    number == 35001 /* HOST_PORT inside as well: another for each app */
                    || json_object_get(a->manifest, "web") != NULL)
                    continue;
                json_object_set_new(a->manifest, "web",
                                    json_pack("{s:O,s:I}", "service",
                                              json_object_get(service, "name"), "port", number));
            }
}

static apr_status_t set_script(amahi_t *a)
{
    const char *script = text_of(a, "install_script");
    json_t *normal = NULL;
    if (script[strspn(script, " \t\r\n")] == '\0')
        return aph_error_set(a->err, APH_EUNREADABLE, 2471,
                             "install_script: there is none, so there is nothing to run");
    apr_status_t rv =
        aphd_script_install(script, strlen(script), &sample_words, &normal, a->p, a->err);
    if (rv != APR_SUCCESS) {
        aph_error_wrap(a->err, "install_script");
        return rv;
    }
    set_web(a, json_object_get(normal, "compose"));
    json_decref(normal);
    json_object_set_new(a->manifest, "script", json_string(script));
    return APR_SUCCESS;
}

/* Its uninstall script says only what belongs to the app: those folders are its data. */
static apr_status_t set_data(amahi_t *a)
{
    const char *script = text_of(a, "uninstall_script");
    json_t *normal = NULL, *data = json_array(), *row;
    size_t i;
    apr_status_t rv = APR_SUCCESS;
    if (script[strspn(script, " \t\r\n")] != '\0')
        rv = aphd_script_uninstall(script, strlen(script), &sample_words, &normal, a->p, a->err);
    if (rv != APR_SUCCESS)
        aph_error_wrap(a->err, "uninstall_script");
    json_array_foreach(json_object_get(normal, "purge"), i, row)
        if (json_array_size(data) < DATA_MAX)
            json_array_append_new(data, json_pack("{s:O,s:s,s:s}", "path",
                                                  json_object_get(row, "path"), "backup", "keep",
                                                  "text", "Its uninstall script would delete it."));
    json_object_set_new(a->manifest, "data", data);
    json_decref(normal);
    return rv;
}

/* --- names and texts --- */

static apr_status_t set_id(amahi_t *a)
{
    const char *title = aphd_rockon_plain(member(a, "name"), a->p);
    const char *id = aphd_rockon_slug(text_of(a, "url_name"), '-', 63, a->p);
    const char *old = aphd_rockon_slug(text_of(a, "identifier"), '-', 63, a->p);
    if (*id == '\0')
        id = aphd_rockon_slug(title, '-', 63, a->p);
    if (*id == '\0')
        id = old;
    if (*id == '\0')
        return aph_error_set(a->err, APH_EUNREADABLE, 2472,
                             "it has no name, url_name or identifier to go by");
    json_object_set_new(a->manifest, "id", json_string(id));
    if (*old != '\0' && strcmp(old, id) != 0)
        json_object_set_new(a->manifest, "was", json_pack("[s]", old));
    set_plain(a, "title", *title != '\0' ? title : id, TITLE_MAX);
    return APR_SUCCESS;
}

static void set_address(amahi_t *a, const char *from, const char *to, aphd_grammar_t grammar)
{
    const char *text = text_of(a, from);
    if (strlen(text) > 500 || !aphd_grammar_fits(grammar, text))
        return;
    if (strcmp(to, "icon") == 0)
        json_object_set_new(a->manifest, to, json_string(text));
    else
        json_object_set_new(a->manifest, "links", json_pack("{s:s}", to, text));
}

static void set_texts(amahi_t *a)
{
    const char *description = aphd_rockon_plain(member(a, "description"), a->p);
    const char *user = text_of(a, "initial_user"), *password = text_of(a, "initial_password");
    const char *version = text_of(a, "version");
    const char *stop = strchr(description, '\n');
    set_plain(a, "description", description, TEXT_MAX);
    set_plain(a, "summary",
              stop != NULL ? apr_pstrmemdup(a->p, description, (size_t)(stop - description))
                           : description,
              SUMMARY_MAX);
    set_plain(a, "notes",
              aphd_rockon_bare(aphd_rockon_plain(member(a, "special_instructions"), a->p), a->p),
              TEXT_MAX);
    if (strlen(version) <= 64 && aphd_grammar_fits(APHD_GRAMMAR_PRINTABLE, version))
        json_object_set_new(a->manifest, "version", json_string(version));
    if ((*user != '\0' || *password != '\0') && strlen(user) < 200 && strlen(password) < 200 &&
        aphd_plain_fits(user, 0) && aphd_plain_fits(password, 0))
        json_object_set_new(a->manifest, "credentials",
                            json_pack("[{s:s,s:s,s:s}]", "label", "First sign-in", "user",
                                      aphd_rockon_bare(user, a->p), "password",
                                      aphd_rockon_bare(password, a->p)));
    if (strcmp(text_of(a, "status"), "testing") == 0)
        json_object_set_new(a->manifest, "advisory",
                            json_string("Its catalog says it is still being tested."));
    set_address(a, "logo_url", "icon", APHD_GRAMMAR_HTTPS);
    set_address(a, "url", "website", APHD_GRAMMAR_URL);
}

static apr_status_t set_options(amahi_t *a)
{
    json_t *options = json_array(), *option;
    size_t i;
    apr_status_t rv =
        aphd_amahi_options(text_of(a, "webapp_custom_options"), options, a->p, a->err);
    json_array_foreach(options, i, option)
        if (rv == APR_SUCCESS && !aphd_grammar_fits(APHD_GRAMMAR_OPTION, json_string_value(option)))
            rv = aph_error_set(a->err, APH_EDENIED, 2473,
                               "webapp_custom_options: %.80s is not for an author to set",
                               json_string_value(option));
    json_object_set_new(a->manifest, "options", options);
    return rv;
}

apr_status_t aphd_amahi_convert(const char *text, size_t length, json_t **manifest, apr_pool_t *p,
                                aph_error_t *err)
{
    amahi_t a = {.p = p, .err = err};
    apr_status_t rv = aphd_manifest_load(text, length, &a.root, err);
    if (rv != APR_SUCCESS)
        return rv;
    a.manifest = json_pack("{s:i,s:i}", "apphost", 1, "revision", 0);
    rv = check_types(&a);
    if (rv == APR_SUCCESS)
        rv = set_id(&a);
    if (rv == APR_SUCCESS)
        rv = refuse_host_needs(&a);
    if (rv == APR_SUCCESS)
        rv = set_script(&a);
    if (rv == APR_SUCCESS)
        rv = set_data(&a);
    if (rv == APR_SUCCESS)
        rv = set_options(&a);
    if (rv == APR_SUCCESS) {
        set_texts(&a);
        *manifest = json_incref(a.manifest);
    }
    json_decref(a.manifest);
    json_decref(a.root);
    return rv;
}
