/* SPDX-License-Identifier: Apache-2.0 */
/* apphostd.conf as it will be, and what httpd says under it. */
#include "helper/setup/plan.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/file_replace.h"
#include "helper/base/listeners.h"
#include "helper/setup/layout.h"
#include "helper/setup/words.h"

#define SHIPPED    APH_DATADIR "/apphostd.conf"
#define CONFIG_MAX (1024 * 1024)
#define HTTPS_PORT 443
#define PORTS_MAX  32

static apr_status_t read_text(const char **text, const char *path, apr_pool_t *p, aph_error_t *err)
{
    char *octets = NULL;
    size_t length;
    apr_status_t status = aph_file_read(path, CONFIG_MAX, &octets, &length, err);
    *text = status == APR_SUCCESS ? apr_pstrmemdup(p, octets, length) : NULL;
    free(octets);
    return status;
}

/* The text to begin with; *fresh: nobody has made it his own. */
static apr_status_t begin_text(const char **text, const aphd_setup_t *setup, int *fresh,
                               aph_error_t *err)
{
    const char *shipped;
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t status = read_text(&shipped, SHIPPED, setup->p, err);
    if (status != APR_SUCCESS) {
        aph_error_wrap(err, "apphost is not installed whole");
        return status;
    }
    status = read_text(text, setup->config_path, setup->p, &why);
    if (status == APH_ENOTFOUND)
        *text = shipped;
    else if (status != APR_SUCCESS)
        return aph_error_set(err, status, 2179, "%s", why.message);
    *fresh = strcmp(*text, shipped) == 0;
    return APR_SUCCESS;
}

apr_status_t aphd_plan_is_fresh(const aphd_setup_t *setup, int *fresh, aph_error_t *err)
{
    const char *text;
    return begin_text(&text, setup, fresh, err);
}

/* Reads settings from a text that is on no disk yet. */
static apr_status_t load_text(aphd_setup_t *setup, const char *text, aph_error_t *err)
{
    char path[32];
    aph_error_t why = APH_ERROR_INIT;
    int fd = memfd_create("apphostd.conf", MFD_CLOEXEC);
    size_t length = strlen(text);
    if (fd < 0 || write(fd, text, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) != 0) {
        int cause = errno;
        if (fd >= 0)
            close(fd);
        return aph_error_set(err, APR_FROM_OS_ERROR(cause), 2180, "no memory for %s: %s",
                             setup->config_path, strerror(cause));
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    apr_status_t status = aphd_settings_load(&setup->settings, path, setup->p, &why);
    close(fd);
    setup->settings->path = setup->config_path;
    if (status == APR_SUCCESS)
        return APR_SUCCESS;
    const char *rest =
        strncmp(why.message, path, strlen(path)) == 0 ? why.message + strlen(path) : why.message;
    return aph_error_set(err, status, 2181, "%s%s", rest != why.message ? setup->config_path : "",
                         rest);
}

pid_t aphd_plan_parent(const aphd_httpd_facts_t *facts, apr_pool_t *p)
{
    char program[64] = "";
    const char *text;
    if (facts->pid_file == NULL || read_text(&text, facts->pid_file, p, NULL) != APR_SUCCESS)
        return 0;
    long pid = strtol(text, NULL, 10);
    FILE *comm = pid > 1 ? fopen(apr_psprintf(p, "/proc/%ld/comm", pid), "re") : NULL;
    if (comm == NULL)
        return 0;
    if (fgets(program, sizeof program, comm) == NULL)
        program[0] = '\0';
    fclose(comm);
    return strncmp(program, "apache2", 7) == 0 || strncmp(program, "httpd", 5) == 0 ? (pid_t)pid
                                                                                    : 0;
}

/* Who holds port instead of httpd, as an error. */
static apr_status_t refuse_port(const aphd_setup_t *setup, int port, aph_error_t *err)
{
    aphd_listener_t listener;
    if (aphd_listener_find(port, &listener) && listener.pid != 0)
        return aph_error_set(err, APH_ETAKEN, 2182,
                             "port %d is held by %s (process %d), not by httpd; stop it, or name "
                             "httpd's port with --port",
                             port, listener.program, (int)listener.pid);
    return aph_error_set(err, APH_ECONFIG, 2183,
                         "httpd (process %d) does not listen on 127.0.0.1:%d; name its port with "
                         "--port, or the address it answers on with Address in [httpd] of %s",
                         (int)setup->parent, port, setup->config_path);
}

/* The port on which this httpd answers: that of the settings, else the only other one it has. */
static apr_status_t choose_port(aphd_setup_t *setup, int *port, aph_error_t *err)
{
    int ports[PORTS_MAX], other = 0, others = 0;
    *port = setup->settings->public_port;
    if (setup->parent == 0 || strcmp(setup->settings->httpd_address, "127.0.0.1") != 0)
        return APR_SUCCESS;
    int count = aphd_listener_ports(setup->parent, ports, PORTS_MAX);
    for (int i = 0; i < count; i++) {
        if (ports[i] == *port)
            return APR_SUCCESS;
        if (ports[i] != HTTPS_PORT) {
            other = ports[i];
            others++;
        }
    }
    if (setup->port != 0 || others != 1)
        return refuse_port(setup, *port, err);
    *port = other;
    return APR_SUCCESS;
}

/* Asks httpd, with the command the settings have. */
static apr_status_t ask_httpd(aphd_setup_t *setup, aph_error_t *err)
{
    apr_status_t status = aphd_httpd_open(&setup->httpd, setup->settings, setup->p, err);
    if (status == APR_SUCCESS)
        status = aphd_httpd_ask(&setup->facts, setup->httpd, err);
    if (status == APR_SUCCESS)
        status = aphd_layout_find(&setup->layout, setup->facts, setup->p, err);
    if (status == APR_SUCCESS)
        setup->parent = aphd_plan_parent(setup->facts, setup->p);
    return status;
}

static const char *with_answers(const aphd_setup_t *setup, const char *text)
{
    if (setup->domain != NULL)
        text = aphd_words_set(text, "apphost", "Domain", setup->domain, setup->p);
    if (setup->command != NULL)
        text = aphd_words_set(text, "httpd", "Command", setup->command, setup->p);
    if (setup->port != 0)
        text = aphd_words_set(text, "apphost", "PublicPort", apr_itoa(setup->p, setup->port),
                              setup->p);
    return text;
}

apr_status_t aphd_plan_settings(aphd_setup_t *setup, aph_error_t *err)
{
    const char *text;
    int fresh;
    apr_status_t status = begin_text(&text, setup, &fresh, err);
    if (status != APR_SUCCESS)
        return status;
    setup->config_text = with_answers(setup, text);
    return load_text(setup, setup->config_text, err);
}

apr_status_t aphd_plan_httpd(aphd_setup_t *setup, aph_error_t *err)
{
    int port;
    apr_status_t status = ask_httpd(setup, err);
    if (status == APR_SUCCESS)
        status = choose_port(setup, &port, err);
    if (status != APR_SUCCESS)
        return status;
    const char *text = setup->config_text, *user = setup->facts->user;
    if (port != setup->settings->public_port)
        text = aphd_words_set(text, "apphost", "PublicPort", apr_itoa(setup->p, port), setup->p);
    if (user != NULL && strcmp(user, setup->settings->web_user) != 0)
        text = aphd_words_set(text, "apphost", "WebUser", user, setup->p);
    setup->config_text = text;
    status = load_text(setup, text, err);
    setup->httpd->settings = setup->settings;
    return status;
}
