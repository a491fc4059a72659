/* SPDX-License-Identifier: Apache-2.0 */
/* The operation table, and the check of a request against a row of it. */
#include "common/ops.h"

#include <string.h>

#include "common/hostname.h"

static const aph_op_t ops[] = {
#define APH_OP_ROW(name, kind, scope, arguments, usage, help) \
    {name, kind, scope, arguments, usage, help},
#include "common/ops.def"
#undef APH_OP_ROW
};

const aph_op_t *aph_ops(size_t *count)
{
    *count = sizeof ops / sizeof ops[0];
    return ops;
}

const aph_op_t *aph_op_find(const char *name)
{
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}

/* The words of APH_SCOPE_..., lowest bit first. */
static const char *const scope_words[] = {"self", "read", "inspect", "run",
                                          "install", "catalog", "people"};

#define SCOPE_COUNT (sizeof scope_words / sizeof scope_words[0])

const char *aph_scope_name(unsigned scope)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        if (scope == 1u << i)
            return scope_words[i];
    return scope == APH_SCOPE_ROOT ? "root" : scope == APH_SCOPE_ANYONE ? "anyone" : NULL;
}

unsigned aph_scope_parse(const char *word)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        if (strcmp(scope_words[i], word) == 0)
            return 1u << i;
    return 0;
}

unsigned aph_role_scopes(const char *role)
{
    return strcmp(role, "admin") == 0    ? APH_SCOPES_ADMIN
           : strcmp(role, "viewer") == 0 ? APH_SCOPES_VIEWER
           : strcmp(role, "user") == 0   ? APH_SCOPES_USER
                                         : 0;
}

/* One "name:type!" of a row's argument list, as positions inside the row. */
typedef struct argument_t {
    const char *name;
    size_t name_length;
    const char *type;
    size_t type_length;
    int required;
    int roots; /* only root may give it */
} argument_t;

/* Steps through an argument list; returns 0 at its end. */
static int next_argument(const char **cursor, argument_t *argument)
{
    const char *at = *cursor + strspn(*cursor, " ");
    if (*at == '\0')
        return 0;
    argument->name = at;
    argument->name_length = strcspn(at, ":");
    argument->type = at + argument->name_length + 1;
    argument->type_length = strcspn(argument->type, "!# ");
    size_t marks = strspn(argument->type + argument->type_length, "!#");
    argument->required = memchr(argument->type + argument->type_length, '!', marks) != NULL;
    argument->roots = memchr(argument->type + argument->type_length, '#', marks) != NULL;
    *cursor = argument->type + argument->type_length + marks;
    return 1;
}

static int same(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(text, word, length) == 0;
}

static int is_label(const json_t *value)
{
    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value)
           && aph_label_valid(json_string_value(value));
}

static int is_text(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) <= APH_SCRIPT_MAX
           && strlen(json_string_value(value)) == json_string_length(value);
}

static int is_int(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0
           && json_integer_value(value) <= 0x7fffffff;
}

static int is_hex(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) <= 64
           && strspn(json_string_value(value), "0123456789abcdef") == json_string_length(value);
}

static int is_list(const json_t *value)
{
    size_t i;
    const json_t *item;
    if (!json_is_array(value) || json_array_size(value) > APH_LIST_MAX)
        return 0;
    json_array_foreach((json_t *)value, i, item)
        if (!is_text(item) || json_string_length(item) == 0
            || json_string_length(item) > APH_LIST_ITEM_MAX)
            return 0;
    return 1;
}

static int is_bool(const json_t *value)
{
    return json_is_boolean(value);
}

/* The types of ops.def: what a value must be, in words for the person who sent another. */
static const struct {
    const char *type;
    int (*holds)(const json_t *value);
    const char *expected;
} types[] = {
    {"label", is_label, "a name of 1 to 63 characters a-z, 0-9 and -, not at either end"},
    {"text", is_text, "UTF-8 text of at most 48 KiB without NUL"},
    {"bool", is_bool, "true or false"},
    {"int", is_int, "a whole number from 0 to 2147483647"},
    {"list", is_list, "a list of at most 64 texts of 1 to 2048 octets each"},
    {"hex", is_hex, "at most 64 hexadecimal digits in lower case"},
};

static apr_status_t check_value(const aph_op_t *op, const argument_t *argument,
                                const json_t *value, aph_error_t *err)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!same(argument->type, argument->type_length, types[i].type))
            continue;
        if (types[i].holds(value))
            return APR_SUCCESS;
        return aph_error_set(err, APH_EUSAGE, 61, "%s: %.*s must be %s", op->name,
                             (int)argument->name_length, argument->name, types[i].expected);
    }
    return aph_error_set(err, APH_EINTERNAL, 62, "%s: ops.def has no type %.*s", op->name,
                         (int)argument->type_length, argument->type);
}

static int row_has(const aph_op_t *op, const char *key)
{
    const char *cursor = op->arguments;
    argument_t argument;
    while (next_argument(&cursor, &argument))
        if (same(argument.name, argument.name_length, key))
            return 1;
    return 0;
}

const char *aph_op_type(const aph_op_t *op, const char *name)
{
    const char *cursor = op->arguments;
    argument_t argument;
    while (next_argument(&cursor, &argument))
        for (size_t i = 0; same(argument.name, argument.name_length, name)
                           && i < sizeof types / sizeof types[0]; i++)
            if (same(argument.type, argument.type_length, types[i].type))
                return types[i].type;
    return NULL;
}

apr_status_t aph_op_may(const aph_op_t *op, const json_t *args, unsigned scopes, aph_error_t *err)
{
    if (op->scope == APH_SCOPE_ANYONE)
        return APR_SUCCESS;
    if (op->scope == APH_SCOPE_ROOT)
        return aph_error_set(err, APH_EFORBIDDEN, 66,
                             "%s is for root on the machine itself: apphostctl", op->name);
    if ((op->scope & scopes) == 0)
        return aph_error_set(err, APH_EFORBIDDEN, 67,
                             "%s needs the scope %s, which is not given here", op->name,
                             aph_scope_name(op->scope));
    const char *cursor = op->arguments;
    argument_t argument;
    while (next_argument(&cursor, &argument))
        if (argument.roots && json_object_getn(args, argument.name, argument.name_length) != NULL)
            return aph_error_set(err, APH_EFORBIDDEN, 68,
                                 "%s: %.*s is for root on the machine itself: apphostctl %s",
                                 op->name, (int)argument.name_length, argument.name, op->name);
    return APR_SUCCESS;
}

apr_status_t aph_op_check(const aph_op_t *op, const json_t *args, aph_error_t *err)
{
    if (!json_is_object(args))
        return aph_error_set(err, APH_EUSAGE, 63, "%s: args must be an object", op->name);

    const char *key;
    json_t *ignored;
    json_object_foreach((json_t *)args, key, ignored)
        if (!row_has(op, key))
            return aph_error_set(err, APH_EUSAGE, 64, "%s: there is no argument %.64s", op->name,
                                 key);

    const char *cursor = op->arguments;
    argument_t argument;
    while (next_argument(&cursor, &argument)) {
        const json_t *value = json_object_getn(args, argument.name, argument.name_length);
        if (value == NULL && argument.required)
            return aph_error_set(err, APH_EUSAGE, 65, "%s: %.*s is missing", op->name,
                                 (int)argument.name_length, argument.name);
        if (value == NULL)
            continue;
        apr_status_t status = check_value(op, &argument, value, err);
        if (status != APR_SUCCESS)
            return status;
    }
    return APR_SUCCESS;
}
