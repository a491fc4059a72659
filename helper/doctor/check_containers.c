/* SPDX-License-Identifier: Apache-2.0 */
/* Containers and networks against the database: missing, stopped, not ours, left over. */
#include "helper/doctor/doctor.h"

#include <string.h>
#include <apr_strings.h>

#include "helper/base/job_wire.h"
#include "helper/doctor/engine_query.h"

static int need_both(aphd_doctor_t *doctor)
{
    if (doctor->containers == NULL || doctor->apps == NULL || doctor->instance == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the engine and the database");
        return 0;
    }
    return 1;
}

static const char *label_of(const json_t *object, const char *label)
{
    const char *value =
        json_string_value(json_object_get(json_object_get(object, "Labels"), label));
    return value != NULL ? value : "";
}

/* The engine puts a "/" before a container's name. */
static const char *name_of(const json_t *container)
{
    const char *name = json_string_value(json_array_get(json_object_get(container, "Names"), 0));
    if (name == NULL)
        return "";
    return name[0] == '/' ? name + 1 : name;
}

static int is_ours(const aphd_doctor_t *doctor, const json_t *object)
{
    return strcmp(label_of(object, APHD_LABEL_INSTANCE), doctor->instance) == 0;
}

static const char *state_of(const json_t *container)
{
    const char *state = json_string_value(json_object_get(container, "State"));
    return state != NULL ? state : "unknown";
}

static void look_app(aphd_doctor_t *doctor, const aphd_patient_t *app)
{
    const char *id = aphd_doctor_text(doctor, "%d", app->app_id);
    const char *cure = aphd_doctor_text(doctor,
                                        "look: apphostctl logs %s; then: apphostctl restart "
                                        "%s",
                                        app->name, app->name);
    size_t i;
    const json_t *container;
    int found = 0;
    json_array_foreach(doctor->containers, i, container)
    {
        if (!is_ours(doctor, container) || strcmp(label_of(container, APHD_LABEL_APP), id) != 0)
            continue;
        found++;
        if (strcmp(state_of(container), "running") != 0)
            aphd_report(doctor, APHD_FAULT, cure, "container %s of %s does not run: it is %s",
                        name_of(container), app->name, state_of(container));
    }
    if (found == 0)
        aphd_report(doctor, APHD_FAULT,
                    aphd_doctor_text(doctor, "make them again: apphostctl restart %s", app->name),
                    "%s should run, and has no container", app->name);
}

/* Containers that carry a name of ours without our label: compose would trip over them. */
static void look_impostors(aphd_doctor_t *doctor)
{
    size_t i;
    const json_t *container;
    for (int a = 0; a < doctor->app_count; a++) {
        const char *prefix =
            apr_psprintf(doctor->p, APHD_PROJECT_FORMAT, doctor->instance, doctor->apps[a].app_id);
        size_t length = strlen(prefix);
        json_array_foreach(doctor->containers, i, container)
        {
            const char *name = name_of(container);
            if (is_ours(doctor, container) || strncmp(name, prefix, length) != 0 ||
                (name[length] != '\0' && name[length] != '-' && name[length] != '_'))
                continue;
            aphd_report(doctor, APHD_FAULT,
                        aphd_doctor_text(doctor, "rename it (%s rename %s other-name) or remove it",
                                         doctor->engine_tool, name),
                        "container %s is not ours, but has a name that belongs to %s", name,
                        doctor->apps[a].name);
        }
    }
}

void aphd_look_containers(aphd_doctor_t *doctor)
{
    if (!need_both(doctor))
        return;
    for (int i = 0; i < doctor->app_count; i++) {
        const aphd_patient_t *app = &doctor->apps[i];
        if (app->wants_running && !app->busy && strcmp(app->state, "kept") != 0)
            look_app(doctor, app);
    }
    look_impostors(doctor);
}

/* The row of an orphan's label, or NULL. A busy app's belongings may come and go. */
static const aphd_patient_t *row_of(const aphd_doctor_t *doctor, const json_t *object)
{
    const char *id = label_of(object, APHD_LABEL_APP);
    for (int i = 0; i < doctor->app_count; i++)
        if (strcmp(apr_psprintf(doctor->p, "%d", doctor->apps[i].app_id), id) == 0 &&
            (doctor->apps[i].busy || strcmp(doctor->apps[i].state, "kept") != 0))
            return &doctor->apps[i];
    return NULL;
}

static void look_networks(aphd_doctor_t *doctor)
{
    json_t *networks = NULL;
    aph_error_t err = APH_ERROR_INIT;
    size_t i;
    const json_t *network;
    if (aphd_engine_query(doctor->settings->engine_socket, "/networks", &networks, &err) !=
        APR_SUCCESS) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "%s", err.message);
        return;
    }
    json_array_foreach(networks, i, network)
    {
        const char *name = json_string_value(json_object_get(network, "Name"));
        if (name != NULL && is_ours(doctor, network) && row_of(doctor, network) == NULL)
            aphd_report(doctor, APHD_FAULT,
                        aphd_doctor_text(doctor, "%s network rm %s", doctor->engine_tool, name),
                        "network %s carries our label, but the database has no app %s", name,
                        label_of(network, APHD_LABEL_APP));
    }
    json_decref(networks);
}

void aphd_look_orphans(aphd_doctor_t *doctor)
{
    size_t i;
    const json_t *container;
    if (!need_both(doctor))
        return;
    json_array_foreach(doctor->containers, i, container) if (is_ours(doctor, container) &&
                                                             row_of(doctor, container) == NULL)
        aphd_report(
            doctor, APHD_FAULT,
            aphd_doctor_text(doctor, "%s rm -f %s", doctor->engine_tool, name_of(container)),
            "container %s carries our label, but the database has no app %s", name_of(container),
            label_of(container, APHD_LABEL_APP));
    look_networks(doctor);
}
