/* SPDX-License-Identifier: Apache-2.0 */
/* libyaml's events to the strict tree. libyaml knows the grammar; this file knows what is not for
 * us. */
#include "helper/read/yaml_tree.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <yaml.h>

#include "common/utf8.h"

/* One open list or map. */
typedef struct level_t {
    aphd_yaml_t *node;
    aphd_yaml_t **tail; /* where the next member is linked */
    const char *key;    /* of a map: the key whose value comes next; NULL: a key comes next */
    int key_line;
    apr_hash_t *seen; /* of a map: its keys so far */
} level_t;

typedef struct builder_t {
    apr_pool_t *p;
    aph_error_t *err;
    int line_offset;
    size_t nodes;
    size_t depth; /* open levels */
    level_t levels[APH_YAML_DEPTH_MAX];
    aphd_yaml_t *root;
    int documents;
} builder_t;

static int line_of(const builder_t *b, const yaml_event_t *event)
{
    return (int)event->start_mark.line + 1 + b->line_offset;
}

static apr_status_t refuse(builder_t *b, const yaml_event_t *event, int tag, const char *what)
{
    return aph_error_set(b->err, APH_EUNREADABLE, tag, "line %d: %s", line_of(b, event), what);
}

/* Escapes in double quotes can make characters that the check of the text could not see. */
static apr_status_t check_scalar(builder_t *b, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (length > APH_YAML_SCALAR_MAX)
        return aph_error_set(b->err, APH_EUNREADABLE, 403,
                             "line %d: a value of %zu octets; at most %d are read",
                             line_of(b, event), length, APH_YAML_SCALAR_MAX);
    for (size_t i = 0; i < length;) {
        unsigned long point = 0;
        size_t step = aph_utf8_decode(text + i, length - i, &point);
        if (step == 0 || !aphd_text_printable(point))
            return refuse(b, event, 404, "a value contains a control character");
        i += step;
    }
    return APR_SUCCESS;
}

static apr_status_t take_key(builder_t *b, level_t *level, const yaml_event_t *event)
{
    if (event->type != YAML_SCALAR_EVENT)
        return refuse(b, event, 405, "a key must be plain text, not a list or a mapping");
    const char *key =
        apr_pstrmemdup(b->p, (const char *)event->data.scalar.value, event->data.scalar.length);
    if (*key == '\0')
        return refuse(b, event, 406, "a key is empty");
    if (strlen(key) > APH_HOST_MAX)
        return refuse(b, event, 407, "a key is too long");
    if (strcmp(key, "<<") == 0)
        return refuse(b, event, 408, "merge keys (<<) are not read: write the values out");
    if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
        && (strcmp(key, "~") == 0 || strcmp(key, "null") == 0))
        return refuse(b, event, 409, "a key is null");
    const int *before = apr_hash_get(level->seen, key, APR_HASH_KEY_STRING);
    if (before != NULL)
        return aph_error_set(b->err, APH_EUNREADABLE, 410,
                             "line %d: %.80s stands here for the "
                             "second time (first in line %d); keep one of them",
                             line_of(b, event), key, *before);
    level->key = key;
    level->key_line = line_of(b, event);
    apr_hash_set(level->seen, key, APR_HASH_KEY_STRING,
                 apr_pmemdup(b->p, &level->key_line, sizeof level->key_line));
    return APR_SUCCESS;
}

static aphd_yaml_t *link_node(builder_t *b, aphd_yaml_kind_t kind, const yaml_event_t *event)
{
    aphd_yaml_t *node = apr_pcalloc(b->p, sizeof *node);
    node->kind = kind;
    node->line = line_of(b, event);
    if (b->depth == 0) {
        b->root = node;
        return node;
    }
    level_t *level = &b->levels[b->depth - 1];
    node->key = level->key;
    node->key_line = level->key_line;
    level->key = NULL;
    level->node->count++;
    *level->tail = node;
    level->tail = &node->next;
    return node;
}

static apr_status_t open_level(builder_t *b, aphd_yaml_kind_t kind, const yaml_event_t *event)
{
    if (b->depth == APH_YAML_DEPTH_MAX)
        return aph_error_set(b->err, APH_EUNREADABLE, 411, "line %d: nested deeper than %d levels",
                             line_of(b, event), APH_YAML_DEPTH_MAX);
    aphd_yaml_t *node = link_node(b, kind, event);
    b->levels[b->depth++] = (level_t){.node = node,
                                      .tail = &node->first,
                                      .seen = kind == APHD_YAML_MAP ? apr_hash_make(b->p) : NULL};
    return APR_SUCCESS;
}

/* Anchors and tags, wherever they may stand. */
static apr_status_t refuse_marks(builder_t *b, const yaml_event_t *event, const yaml_char_t *anchor,
                                 const yaml_char_t *tag)
{
    if (anchor != NULL)
        return aph_error_set(b->err, APH_EUNREADABLE, 412,
                             "line %d: anchors (&%.60s) are not read: write the value out",
                             line_of(b, event), (const char *)anchor);
    /* Only the writer's own tags reach us: libyaml gives NULL for what it resolves itself. */
    if (tag != NULL)
        return aph_error_set(b->err, APH_EUNREADABLE, 413, "line %d: tags (%.60s) are not read",
                             line_of(b, event), (const char *)tag);
    return APR_SUCCESS;
}

static apr_status_t take_value(builder_t *b, const yaml_event_t *event)
{
    if (event->type != YAML_SCALAR_EVENT)
        return open_level(b,
                          event->type == YAML_MAPPING_START_EVENT ? APHD_YAML_MAP : APHD_YAML_LIST,
                          event);
    aphd_yaml_t *node = link_node(b, APHD_YAML_SCALAR, event);
    node->text =
        apr_pstrmemdup(b->p, (const char *)event->data.scalar.value, event->data.scalar.length);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return APR_SUCCESS;
}

/* A scalar or the start of a list or map: a key, or a value. */
static apr_status_t take_node(builder_t *b, const yaml_event_t *event)
{
    const yaml_char_t *anchor, *tag;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor, tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor, tag = event->data.sequence_start.tag;
    } else {
        anchor = event->data.mapping_start.anchor, tag = event->data.mapping_start.tag;
    }
    apr_status_t rv = refuse_marks(b, event, anchor, tag);
    if (rv == APR_SUCCESS && ++b->nodes > APH_YAML_NODES_MAX)
        rv = aph_error_set(b->err, APH_EUNREADABLE, 414, "line %d: more than %d values",
                           line_of(b, event), APH_YAML_NODES_MAX);
    if (rv == APR_SUCCESS && event->type == YAML_SCALAR_EVENT)
        rv = check_scalar(b, event);
    if (rv != APR_SUCCESS)
        return rv;
    level_t *level = b->depth > 0 ? &b->levels[b->depth - 1] : NULL;
    if (level != NULL && level->seen != NULL && level->key == NULL)
        return take_key(b, level, event);
    return take_value(b, event);
}

static apr_status_t take_document(builder_t *b, const yaml_event_t *event)
{
    if (event->data.document_start.version_directive != NULL
        || event->data.document_start.tag_directives.start
               != event->data.document_start.tag_directives.end)
        return refuse(b, event, 415, "directives (%YAML, %TAG) are not read");
    if (b->documents++ > 0)
        return refuse(b, event, 416, "a second document begins here; one file is one document");
    return APR_SUCCESS;
}

static apr_status_t take_event(builder_t *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return take_document(b, event);
    case YAML_ALIAS_EVENT:
        return aph_error_set(b->err, APH_EUNREADABLE, 417,
                             "line %d: aliases (*%.60s) are not read: write the value out",
                             line_of(b, event), (const char *)event->data.alias.anchor);
    case YAML_SCALAR_EVENT:
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return take_node(b, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        return APR_SUCCESS;
    default:
        return APR_SUCCESS;
    }
}

static apr_status_t parse_events(yaml_parser_t *parser, builder_t *b)
{
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return aph_error_set(b->err, APH_EUNREADABLE, 418, "line %d: %s%s%s",
                                 (int)parser->problem_mark.line + 1 + b->line_offset,
                                 parser->context != NULL ? parser->context : "",
                                 parser->context != NULL ? ": " : "",
                                 parser->problem != NULL ? parser->problem : "is not YAML");
        yaml_event_type_t type = event.type;
        apr_status_t rv = take_event(b, &event);
        yaml_event_delete(&event);
        if (rv != APR_SUCCESS || type == YAML_STREAM_END_EVENT)
            return rv;
    }
}

apr_status_t aphd_yaml_parse(const aphd_foreign_t *foreign, aphd_yaml_t **root, apr_pool_t *p,
                             aph_error_t *err)
{
    if (foreign->length > APH_FOREIGN_MAX)
        return aph_error_set(err, APH_EUNREADABLE, 419, "%zu octets; at most %d are read",
                             foreign->length, APH_FOREIGN_MAX);
    apr_status_t rv = aphd_text_check(foreign, APHD_TEXT_STRICT, err);
    if (rv != APR_SUCCESS)
        return rv;
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return aph_error_set(err, APR_ENOMEM, 420, "out of memory");
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)foreign->text, foreign->length);
    builder_t b = {.p = p, .err = err, .line_offset = foreign->first_line - 1};
    rv = parse_events(&parser, &b);
    yaml_parser_delete(&parser);
    if (rv != APR_SUCCESS)
        return rv;
    if (b.root == NULL)
        return aph_error_set(err, APH_EUNREADABLE, 421, "line %d: the file is empty",
                             foreign->first_line);
    *root = b.root;
    return APR_SUCCESS;
}

const aphd_yaml_t *aphd_yaml_get(const aphd_yaml_t *map, const char *key)
{
    for (const aphd_yaml_t *member = map->first; member != NULL; member = member->next)
        if (map->kind == APHD_YAML_MAP && strcmp(member->key, key) == 0)
            return member;
    return NULL;
}

int aphd_yaml_is_null(const aphd_yaml_t *node)
{
    static const char *const spellings[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
        if (node->kind == APHD_YAML_SCALAR && node->plain && strcmp(node->text, spellings[i]) == 0)
            return 1;
    return 0;
}
