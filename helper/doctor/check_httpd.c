/* SPDX-License-Identifier: Apache-2.0 */
/* httpd, asked as a browser would ask it, and the names a browser would look up.
 *
 * Which files httpd read cannot be seen from outside, and running httpd's own -t or -M would answer
 * for the files of today, not for the process that is running. So it is asked: the module's page
 * for an unknown name proves the module and the domain; its page for a known one proves the routes.
 */
#include "helper/doctor/doctor.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <curl/curl.h>

#define PROBE          "apphost-doctor-asks"
#define ANSWER_SECONDS 5L
#define LOOKUP_MS      5000
#define BODY_MAX       8192

typedef struct answer_t {
    char body[BODY_MAX + 1];
    size_t length;
    long status;
    CURLcode rc;
    char address[INET6_ADDRSTRLEN + 16];
} answer_t;

static size_t take_cb(char *octets, size_t size, size_t count, void *self)
{
    answer_t *answer = self;
    size_t more = size * count, room = BODY_MAX - answer->length;
    memcpy(answer->body + answer->length, octets, more < room ? more : room);
    answer->length += more < room ? more : room;
    return more;
}

/* GET / of a name, from the httpd of this machine, whatever the name resolves to. */
static void ask(const aphd_doctor_t *doctor, const char *host, answer_t *answer)
{
    *answer = (answer_t){.rc = CURLE_FAILED_INIT};
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return;
    struct curl_slist *headers = NULL;
    headers = curl_slist_append(headers, aphd_doctor_text(doctor, "Host: %s", host));
    headers = curl_slist_append(headers, "Accept: application/json");
    snprintf(answer->address, sizeof answer->address, "127.0.0.1:%d",
             doctor->settings->public_port);
    curl_easy_setopt(curl, CURLOPT_URL, aphd_doctor_text(doctor, "http://%s/", answer->address));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_SECONDS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_cb);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    answer->rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

/* The word of the module's own page ("unknown", "stopped", ...); "" for any other answer. */
static const char *page_word(const aphd_doctor_t *doctor, const answer_t *answer)
{
    json_t *page = json_loadb(answer->body, answer->length, 0, NULL);
    const char *word = json_string_value(json_object_get(page, "state"));
    word = word != NULL && json_object_get(page, "app") != NULL
               ? aphd_doctor_text(doctor, "%s", word)
               : "";
    json_decref(page);
    return word;
}

/* One app whose page shows which routes httpd has: best one that is not proxied. */
static const aphd_patient_t *witness(const aphd_doctor_t *doctor)
{
    const aphd_patient_t *best = NULL;
    for (int i = 0; i < doctor->app_count; i++) {
        const aphd_patient_t *app = &doctor->apps[i];
        if (!app->web || app->busy || strcmp(app->state, "kept") == 0)
            continue;
        if (best == NULL || strcmp(best->state, "running") == 0)
            best = app;
    }
    return best;
}

static void look_routes_of_httpd(aphd_doctor_t *doctor)
{
    answer_t answer;
    const aphd_patient_t *app = doctor->apps != NULL ? witness(doctor) : NULL;
    if (app == NULL)
        return;
    const char *host = aphd_doctor_text(doctor, "%s.%s", app->name, doctor->settings->domains[0]);
    ask(doctor, host, &answer);
    const char *word = page_word(doctor, &answer);
    int known = strcmp(word, "unknown") != 0;
    int same = strcmp(app->state, "running") == 0 || strcmp(word, app->state) == 0;
    if (answer.rc == CURLE_OK && (!known || !same))
        aphd_report(doctor, APHD_FAULT,
                    aphd_doctor_text(doctor,
                                     "set AppHostRoutes %s in httpd's configuration and "
                                     "reload httpd",
                                     doctor->settings->routes_path),
                    "httpd reads other routes than apphostd writes: it says \"%s\" of %s, which is "
                    "%s",
                    known && *word == '\0' ? "running" : word, host, app->state);
}

void aphd_look_httpd(aphd_doctor_t *doctor)
{
    answer_t answer;
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    const char *const *domain = doctor->settings->domains;
    for (int first = 1; *domain != NULL; domain++, first = 0) {
        ask(doctor, aphd_doctor_text(doctor, PROBE ".%s", *domain), &answer);
        const char *word = page_word(doctor, &answer);
        if (answer.rc != CURLE_OK) {
            aphd_report(doctor, APHD_FAULT,
                        "start httpd (systemctl start apache2), or correct PublicPort in "
                        "apphostd.conf",
                        "httpd does not answer on %s: %s", answer.address,
                        curl_easy_strerror(answer.rc));
            return;
        }
        if (strcmp(word, "no-routes") == 0) {
            aphd_report(doctor, APHD_FAULT,
                        aphd_doctor_text(doctor,
                                         "set AppHostRoutes %s in httpd's configuration and "
                                         "reload httpd",
                                         doctor->settings->routes_path),
                        "httpd has mod_apphost, but finds no routes file");
            return;
        }
        if (strcmp(word, "unknown") != 0)
            aphd_report(doctor, APHD_FAULT,
                        aphd_doctor_text(doctor,
                                         "load mod_apphost, and set AppHost On and "
                                         "AppHostDomain %s where httpd serves *.%s; then "
                                         "reload httpd",
                                         *domain, *domain),
                        "httpd answers on %s (status %ld), but not by mod_apphost for *.%s",
                        answer.address, answer.status, *domain);
        else if (first)
            look_routes_of_httpd(doctor);
    }
}

/* getaddrinfo may wait for a dead DNS server much longer than anybody wants to; so a child waits.
 */
static int lookup(const char *host)
{
    int status = 0, milliseconds = 0;
    pid_t child = fork();
    if (child == 0) {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
        _exit(getaddrinfo(host, NULL, &hints, &found) == 0 ? 0 : 1);
    }
    if (child < 0)
        return -1;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (milliseconds >= LOOKUP_MS) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return -1;
        }
        poll(NULL, 0, 20);
        milliseconds += 20;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Browsers send every name under localhost to this machine without asking anybody. */
static int needs_no_dns(const char *domain)
{
    size_t length = strlen(domain);
    return length >= 9 && strcmp(domain + length - 9, "localhost") == 0 &&
           (length == 9 || domain[length - 10] == '.');
}

void aphd_look_names(aphd_doctor_t *doctor)
{
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    const aphd_patient_t *app = doctor->apps != NULL ? witness(doctor) : NULL;
    for (const char *const *domain = doctor->settings->domains; *domain != NULL; domain++) {
        if (needs_no_dns(*domain))
            continue;
        const char *host =
            aphd_doctor_text(doctor, "%s.%s", app != NULL ? app->name : PROBE, *domain);
        int found = lookup(host);
        if (found != 1)
            aphd_report(doctor, APHD_WARNING,
                        aphd_doctor_text(doctor,
                                         "add a wildcard record to your DNS server (dnsmasq: "
                                         "address=/%s/ADDRESS-OF-THIS-MACHINE), or a line "
                                         "for each app to /etc/hosts",
                                         *domain),
                        found == 0 ? "the name %s does not resolve on this machine"
                                   : "looking up %s got no answer from the DNS server",
                        host);
    }
}
