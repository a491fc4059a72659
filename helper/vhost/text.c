/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of every line that we write. A row is one line, word for word, but for what an "@"
 * and a letter stand for. */
#include "helper/vhost/text.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "common/hostname.h"
#include "common/options.h"

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

#define HOST_OCTETS      "abcdefghijklmnopqrstuvwxyz" DIGITS "-."
#define PATH_OCTETS      LETTERS DIGITS "._@+,=-/"
#define NETWORK_OCTETS   "abcdef" DIGITS ".:/"
#define REALM_OCTETS     LETTERS DIGITS " _.,;:/*'()=@&?!+~|^{}#[]-"
#define NAME_OCTETS_MAX  255 /* of a file system */
#define VALUE_OCTETS_MAX 1024

/* @h a host name    @H one or more, each behind a blank    @n a number       @t name of a response
 * header
 * @p a path; it ends where the row goes on with the "      @r a realm        @N networks, each
 * behind a blank */
static const char *const lines[] = {
    /* both templates */
    "<VirtualHost *:@n>",
    "</VirtualHost>",
    "<IfDefine APPHOST_TLS>",
    "</IfDefine>",
    "<IfModule ssl_module>",
    "<IfModule alias_module>",
    "<IfModule proxy_module>",
    "<IfModule dir_module>",
    "</IfModule>",
    "SSLEngine On",
    "Include \"${APPHOST_TLS}\"",
    "ServerName @h",
    "ServerAlias@H",
    "ErrorLog \"@p/logs/error_log\"",
    "CustomLog \"@p/logs/access_log\" combined env=!dontlog",
    /* webapp.conf */
    "TraceEnable Off",
    "DocumentRoot \"@p\"",
    "Alias \"/\" \"@p/\"",
    "<Directory \"@p\">",
    "</Directory>",
    "AllowOverride None",
    "Options None",
    "Require all granted",
    "Require all denied",
    "ProxyPass !",
    "<Location \"/\">",
    "</Location>",
    "<If \"true\">",
    "</If>",
    "SetHandler default-handler",
    "DirectoryIndex index.html",
    "DirectoryCheckHandler Off",
    "FallbackResource disabled",
    "<If \"%{REQUEST_METHOD} !~ m#^(GET|HEAD|OPTIONS)$#\">",
    "<If \"%{REQUEST_URI} =~ m#/\\.(?!well-known(/|$))#\">",
    /* who gets in */
    "AuthType Basic",
    "AuthName \"@r\"",
    "AuthBasicProvider file",
    "AuthUserFile \"@p\"",
    "<RequireAll>",
    "</RequireAll>",
    "Require valid-user",
    "Require ip@N",
    /* options */
    "LimitRequestBody @n",
    "AppHostTimeout @n",
    "SetEnvIf Request_URI \"^\" dontlog",
    "Header onsuccess unset Strict-Transport-Security \"expr=%{HTTPS} == 'on'\"",
    "Header always set Strict-Transport-Security \"max-age=@n\" \"expr=%{HTTPS} == 'on'\"",
    "Header onsuccess unset @t",
};

int aphd_vhost_matches(const char *text, const char *grammar)
{
    char whole[2048];
    regex_t compiled;
    if (snprintf(whole, sizeof whole, "^(%s)$", grammar) >= (int)sizeof whole ||
        regcomp(&compiled, whole, REG_EXTENDED | REG_NOSUB) != 0)
        return 0;
    int found = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return found;
}

static int path_valid(const char *path, size_t length)
{
    if (length < 2 || length > APHD_PATH_OCTETS_MAX || path[0] != '/')
        return 0;
    for (size_t i = 0; i < length;) {
        const char *name = path + ++i; /* behind a slash */
        size_t size = 0;
        while (i < length && path[i] != '/') {
            if (path[i] == '\0' || strchr(PATH_OCTETS, path[i]) == NULL)
                return 0;
            size++, i++;
        }
        if (size == 0 || size > NAME_OCTETS_MAX || (size == 1 && name[0] == '.') ||
            (size == 2 && name[0] == '.' && name[1] == '.'))
            return 0;
    }
    return 1;
}

int aphd_vhost_path_valid(const char *path)
{
    return path_valid(path, strnlen(path, APHD_PATH_OCTETS_MAX + 1));
}

int aphd_vhost_realm_valid(const char *realm)
{
    size_t length = strspn(realm, REALM_OCTETS);
    return length > 0 && length <= APHD_REALM_OCTETS_MAX && realm[length] == '\0';
}

/* Each of these takes what its letter stands for off text; 0 octets where there is none. */
static size_t take_host(const char *text)
{
    char host[APH_HOST_MAX + 1];
    size_t length = strspn(text, HOST_OCTETS);
    if (length == 0 || length > APH_HOST_MAX)
        return 0;
    memcpy(host, text, length);
    host[length] = '\0';
    return aph_domain_valid(host) ? length : 0;
}

static size_t take_network(const char *text)
{
    size_t length = strspn(text, NETWORK_OCTETS);
    return length >= 2 && length <= 49 ? length : 0;
}

static size_t take_list(const char *text, size_t (*take)(const char *text))
{
    size_t used = 0, length;
    while (text[used] == ' ' && (length = take(text + used + 1)) > 0)
        used += length + 1;
    return used;
}

/* rest is the row behind the letter: what stands there up to the quote belongs to the octets of a
 * path. */
static size_t take_path(const char *text, const char *rest)
{
    size_t length = strspn(text, PATH_OCTETS), tail = strcspn(rest, "\"");
    if (length <= tail || memcmp(text + length - tail, rest, tail) != 0)
        return 0;
    return path_valid(text, length - tail) ? length - tail : 0;
}

static size_t take(char letter, const char *text, const char *rest)
{
    size_t length = 0;
    switch (letter) {
    case 'h':
        return take_host(text);
    case 'H':
        return take_list(text, take_host);
    case 'N':
        return take_list(text, take_network);
    case 'p':
        return take_path(text, rest);
    case 'n':
        length = strspn(text, DIGITS);
        return length <= 16 ? length : 0;
    case 'r':
        length = strspn(text, REALM_OCTETS);
        return length <= APHD_REALM_OCTETS_MAX ? length : 0;
    case 't':
        length = strspn(text, LETTERS "-");
        return aph_option_header_find(text, length) != NULL ? length : 0;
    default:
        return 0;
    }
}

static int row_fits(const char *row, const char *text)
{
    while (*row != '\0') {
        size_t length = 1;
        if (*row == '@') {
            length = take(row[1], text, row + 2);
            row++;
        } else if (*row != *text) {
            return 0;
        }
        if (length == 0)
            return 0;
        row++;
        text += length;
    }
    return *text == '\0';
}

/* Header always set NAME "VALUE", where both are of the list. */
static int is_listed_header(const char *line)
{
    static const char begin[] = "Header always set ";
    char value[VALUE_OCTETS_MAX + 1];
    if (strncmp(line, begin, sizeof begin - 1) != 0)
        return 0;
    const char *name = line + sizeof begin - 1;
    size_t length = strcspn(name, " ");
    const aph_header_t *header = aph_option_header_find(name, length);
    const char *quoted = name + length;
    size_t size = strlen(quoted);
    if (header == NULL || size < 3 || size - 3 > VALUE_OCTETS_MAX || quoted[1] != '"' ||
        quoted[size - 1] != '"')
        return 0;
    memcpy(value, quoted + 2, size - 3);
    value[size - 3] = '\0';
    return strncmp(value, "expr=", 5) != 0 && aphd_vhost_matches(value, header->grammar);
}

int aphd_vhost_line_valid(const char *line, size_t length)
{
    char text[APHD_LINE_OCTETS_MAX + 1];
    while (length > 0 && (*line == ' ' || *line == '\t'))
        line++, length--;
    if (length >= sizeof text || memchr(line, '\0', length) != NULL ||
        memchr(line, '\n', length) != NULL)
        return 0;
    if (length == 0 || *line == '#')
        return length == 0 || line[length - 1] != '\\';
    memcpy(text, line, length);
    text[length] = '\0';
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (row_fits(lines[i], text))
            return 1;
    return is_listed_header(text);
}
