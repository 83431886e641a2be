#include "lib/base/ascii.h"

#include <string.h>

char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool ascii_begins(const char *text, size_t len, const char *word)
{
    size_t i = 0;
    while (i < len && word[i] != '\0' && ascii_lower(text[i]) == ascii_lower(word[i]))
        i++;
    return word[i] == '\0';
}

bool ascii_same(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && ascii_begins(text, len, word);
}
