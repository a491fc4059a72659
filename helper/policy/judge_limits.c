/* SPDX-License-Identifier: Apache-2.0 */
/* Shares of the machine: an author may ask for less than our bounds, and gets our bounds for
 * more. */
#include <string.h>

#include "helper/policy/grammar.h"
#include "helper/policy/judge.h"

#define SHM_MAX (1LL << 30)

static void deny_number(aphd_judge_t *j, int line, const char *text, const char *wanted)
{
    aphd_find(j, APHD_DENY, line, text, "value", "%.60s: %s is %s", text, j->key, wanted);
}

static void say_clamped(aphd_judge_t *j, int line, const char *text, long long most)
{
    aphd_find(j, APHD_REWRITE, line, text, "clamped",
              "%.60s becomes %lld, the most an app may have", text, most);
}

static void put_pids(aphd_judge_t *j, int line, const char *text)
{
    long long count = 0;
    if (!aphd_number(text, -1, 1LL << 40, &count)) {
        deny_number(j, line, text, "a number");
        return;
    }
    if (count <= 0 || count > APHD_PIDS_MAX) {
        say_clamped(j, line, text, APHD_PIDS_MAX);
        count = APHD_PIDS_MAX;
    }
    aphd_put(j, "pids_limit", json_integer(count));
}

/* What engines call "without a limit" is refused as a number (0, -1) or bounded by memory_max. */
static void put_memory(aphd_judge_t *j, const char *member, int line, const char *text)
{
    long long octets = 0, most = j->site->memory_max;
    if (!aphd_size(text, &octets) || octets < 6 * 1048576LL) {
        deny_number(j, line, text, "a size of at least 6m, as in 512m");
        return;
    }
    if (most > 0 && octets > most) {
        say_clamped(j, line, text, most);
        octets = most;
    }
    aphd_put(j, member, json_integer(octets));
}

static void put_cpus(aphd_judge_t *j, int line, const char *text)
{
    double cpus = 0;
    if (aphd_decimal(text, &cpus) && cpus >= 0.01 && cpus <= 1024)
        aphd_put(j, "cpus", json_real(cpus));
    else
        deny_number(j, line, text, "a number of processors, as in 0.5");
}

void judge_pids_limit(aphd_judge_t *j)
{
    put_pids(j, j->line, json_string_value(j->value));
}

void judge_mem_limit(aphd_judge_t *j)
{
    put_memory(j, "mem_limit", j->line, json_string_value(j->value));
}

void judge_mem_reservation(aphd_judge_t *j)
{
    put_memory(j, "mem_reservation", j->line, json_string_value(j->value));
}

/* Swap is memory of the whole machine; without a bound on it mem_limit means little. */
void judge_memswap_limit(aphd_judge_t *j)
{
    const char *text = json_string_value(j->value);
    long long octets = 0;
    if (aphd_size(text, &octets) && octets > 0)
        aphd_put(j, j->key, json_integer(octets));
    else
        deny_number(j, j->line, text, "a size; without a limit an app could fill the swap");
}

void judge_cpus(aphd_judge_t *j)
{
    put_cpus(j, j->line, json_string_value(j->value));
}

static void put_integer(aphd_judge_t *j, long long least, long long most, const char *wanted)
{
    long long value = 0;
    if (aphd_number(json_string_value(j->value), least, most, &value))
        aphd_put(j, j->key, json_integer(value));
    else
        deny_number(j, j->line, json_string_value(j->value), wanted);
}

void judge_oom_score_adj(aphd_judge_t *j)
{
    put_integer(j, 0, 1000,
                "0 to 1000: an app may not be spared before the machine's own programs");
}

void judge_cpu_shares(aphd_judge_t *j)
{
    put_integer(j, 2, 4096, "2 to 4096");
}

/* Without a bound (-1) is what a container has anyway. */
void judge_cpu_time(aphd_judge_t *j)
{
    const char *text = json_string_value(j->value);
    if (strcmp(text, "-1") != 0 && strcmp(text, "0") != 0)
        put_integer(j, 1000, 100000000, "1000 to 100000000 microseconds");
}

void judge_cpu_period(aphd_judge_t *j)
{
    put_integer(j, 1000, 1000000, "1000 to 1000000 microseconds");
}

void judge_cpuset(aphd_judge_t *j)
{
    if (aphd_made_of(json_string_value(j->value), "0123456789,-", 64))
        aphd_put(j, j->key, json_string(json_string_value(j->value)));
    else
        deny_number(j, j->line, json_string_value(j->value), "a list of processors, as in 0-1");
}

void judge_shm_size(aphd_judge_t *j)
{
    const char *text = json_string_value(j->value);
    long long octets = 0;
    if (!aphd_size(text, &octets) || octets <= 0) {
        deny_number(j, j->line, text, "a size, as in 64m");
        return;
    }
    if (octets > SHM_MAX) {
        say_clamped(j, j->line, text, SHM_MAX);
        octets = SHM_MAX;
    }
    aphd_put(j, "shm_size", json_integer(octets));
}

/* --- ulimits: {nofile: N} or {nofile: {soft: N, hard: N}} --- */

static const struct {
    const char *name;
    long long most;
} ulimits[] = {{"nofile", 1048576},
               {"nproc", 65536},
               {"memlock", 1LL << 30},
               {"stack", 64LL << 20},
               {"core", 0}};

static long long ulimit_most(const char *name)
{
    for (size_t i = 0; i < sizeof ulimits / sizeof ulimits[0]; i++)
        if (strcmp(ulimits[i].name, name) == 0)
            return ulimits[i].most;
    return -1;
}

static void put_ulimit(aphd_judge_t *j, const char *name, const char *edge, long long value)
{
    json_t *all = json_object_get(j->out, "ulimits");
    if (all == NULL) {
        all = json_object();
        aphd_put(j, "ulimits", all);
    }
    json_t *one = json_object_get(all, name);
    if (one == NULL) {
        /* Both edges must be there; one alone stands for both. */
        one = json_pack("{s:I,s:I}", "soft", (json_int_t)value, "hard", (json_int_t)value);
        json_object_set_new(all, name, one);
    }
    json_object_set_new(one, edge, json_integer(value));
    if (strcmp(edge, "hard") == 0 && json_integer_value(json_object_get(one, "soft")) > value)
        json_object_set_new(one, "soft", json_integer(value));
}

void judge_ulimit(aphd_judge_t *j)
{
    const char *name = aphd_leaf_key(j->leaf, 0);
    int both = aphd_leaf_is(j->leaf, "*");
    long long most = ulimit_most(name), value = 0;
    if (most < 0 || !aphd_number(j->text, -1, 1LL << 50, &value)) {
        aphd_find(j, APHD_DENY, j->line, name, "ulimit",
                  "%.40s is not a limit an app may set, or not to such a value", name);
        return;
    }
    if (value < 0 || value > most) {
        say_clamped(j, j->line, j->text, most);
        value = most;
    }
    put_ulimit(j, name, both ? "hard" : aphd_leaf_key(j->leaf, 1), value);
}

/* --- deploy: its limits are those of a service under another name --- */

void judge_deploy_cpus(aphd_judge_t *j)
{
    put_cpus(j, j->line, j->text);
}

void judge_deploy_memory(aphd_judge_t *j)
{
    put_memory(j, "mem_limit", j->line, j->text);
}

void judge_deploy_reservation(aphd_judge_t *j)
{
    put_memory(j, "mem_reservation", j->line, j->text);
}

void judge_deploy_pids(aphd_judge_t *j)
{
    put_pids(j, j->line, j->text);
}

void judge_deploy(aphd_judge_t *j)
{
    aphd_put_gpus(j);
}

void judge_scale(aphd_judge_t *j)
{
    const char *text = json_string_value(j->value);
    if (strcmp(text, "1") != 0)
        aphd_find(j, APHD_REWRITE, j->line, text, "one-machine", "each service runs once");
}
